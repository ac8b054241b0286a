"""Joins chunks of hand poses to one motion: C2 in translation and rotation, inside the limits at every instant.

Translation is the business of a `ChunkFuser` with three axes a hand. Rotation goes the same way on SO(3): samples
become control rotations on the same grid (`target`), the motion under way goes over to them along geodesics as far as
the limits allow (`planner`). docs/fusion.md has the equations.
"""
from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from vla_async.errors import DataError
from vla_async.fusion.admission import Admission, cleaned
from vla_async.fusion.fuser import ChunkFuser
from vla_async.fusion.motion import REST
from vla_async.fusion.planner import GIVEN
from vla_async.fusion.poses import rotation
from vla_async.fusion.poses.config import WIDTH, PoseFuserConfig
from vla_async.fusion.poses.motion import RotationMotion
from vla_async.fusion.poses.planner import RotationPlan, RotationPlanner
from vla_async.fusion.poses.target import RotationTargetMaker
from vla_async.fusion.poses.windows import ending_at_rest
from vla_async.timebase import nanoseconds
from vla_async.types import ActionChunk, FloatArray, FusionReport, LimitedJoint, PoseCommand, PoseWindow


class PoseFuser:
    """Fuses the chunks of P hands. Reads no clock; made for one thread (guard it with a lock otherwise).

    A row of a chunk is (9 P,): for each hand x, y, z [m], then the first two columns of its rotation matrix.
    """

    def __init__(self, config: PoseFuserConfig) -> None:
        self.config = config
        settings, hands = config.translation, len(config.hands)
        knot_ns = nanoseconds(settings.knot_s)
        self._translation = ChunkFuser(settings)
        self._motion = RotationMotion(knot_ns, hands)
        bounds = config.angular.differences(self._motion.knot_s)
        self._change = bounds[1]
        self._targets = RotationTargetMaker(knot_ns, settings.smoothing_hz, settings.horizon_s, bounds)
        self._planner = RotationPlanner(settings, config.angular, self._motion.knot_s)
        self._admission = Admission(config.columns, settings.future_s)
        self._commit_ns = nanoseconds(settings.commit_s)
        self._switched = self._covered = 0

    def reset(self, stamp_ns: int, poses: ArrayLike) -> None:
        """Start anew, at rest, from where the hands are: `poses` (9 P,) like a row of a chunk. Raises DataError."""
        row = np.asarray(poses, dtype=np.float64)
        width = WIDTH * len(self.config.hands)
        if row.shape != (width,) or not np.isfinite(row).all():
            raise DataError(f'fusion: poses must be {width} finite numbers, got shape {row.shape}')
        positions, rotations, fault = self._parts(row[None])
        if fault:
            raise DataError(f'fusion: {fault}')
        self._translation.reset(stamp_ns, positions[0])
        knot = stamp_ns // self._motion.knot_ns
        self._motion.start(knot - 1, np.repeat(rotations, REST, axis=0))
        self._switched = self._covered = knot

    @property
    def rest_ns(self) -> int:
        """Time from which the motion is at rest unless another chunk comes."""
        return max(self._translation.rest_ns, self._motion.rest_ns)

    def following(self, now_ns: int) -> bool:
        """Whether the motion at `now_ns` still lies within the last chunk, not in the run-out after it."""
        return self._translation.following(now_ns)

    def chunk_age_s(self, now_ns: int) -> float | None:
        """Time since the stamp of the chunk that is followed [s], None before the first one."""
        return self._translation.chunk_age_s(now_ns)

    def command(self, t_ns: int) -> PoseCommand:
        """The set-point of time `t_ns`. Times before the motion's known past give its earliest known state."""
        moved = self._translation.command(t_ns)
        matrices, velocity, acceleration = self._motion.sample(t_ns, 0, 1)
        return PoseCommand(t_ns, moved.position.reshape(-1, 3), matrices[0], moved.velocity.reshape(-1, 3),
                           velocity[0], moved.acceleration.reshape(-1, 3), acceleration[0])

    def window(self, start_ns: int, step_ns: int, count: int) -> PoseWindow:
        """The motion at `start_ns + i * step_ns`, i < count, brought to rest by its last point, inside the limits.

        Raises DataError if the hands cannot stop in so short a time; a length of `config.stop_s` always suffices.
        """
        moved = self._translation.window(start_ns, step_ns, count)
        motion = ending_at_rest(self._motion, self._change, start_ns, start_ns + (count - 1) * step_ns)
        matrices, velocity, acceleration = motion.sample(start_ns, step_ns, count)
        return PoseWindow(start_ns, step_ns, moved.position.reshape(count, -1, 3), matrices,
                          moved.velocity.reshape(count, -1, 3), velocity,
                          moved.acceleration.reshape(count, -1, 3), acceleration)

    def add(self, chunk: ActionChunk, now_ns: int) -> FusionReport:
        """Go over to a chunk that arrived at `now_ns`. Never raises for what is in it: the report names the reason."""
        reason = self._admission.refusal(chunk, now_ns)  # of content; order and restarts are the translation's to judge
        if reason:
            return FusionReport(chunk.sequence, False, reason)
        chunk = cleaned(chunk)
        positions, rotations, reason = self._parts(chunk.positions)
        if reason:
            return FusionReport(chunk.sequence, False, reason)
        report = self._translation.add(replace(chunk, positions=positions), now_ns)
        return self._turned(chunk, rotations, now_ns, report) if report.accepted else report

    def _turned(self, chunk: ActionChunk, rotations: FloatArray, now_ns: int, moved: FusionReport) -> FusionReport:
        """Let the rotations (H, P, 4) follow as well; the report of both."""
        index = max((now_ns + self._commit_ns) // self._motion.knot_ns, self._switched)  # the present
        before = self._motion.from_index(index - 1, 4)
        plan = self._planner.plan(self._motion, self._targets.make(chunk, rotations, index + GIVEN),
                                  index, self._covered)
        self._motion.replace(index + GIVEN, plan.control)
        self._switched, self._covered = index, self._targets.last_knot(chunk)
        return self._joined(moved, plan, self._motion.seam(index + 1, before))

    def _joined(self, moved: FusionReport, plan: RotationPlan, seam: tuple[float, ...]) -> FusionReport:
        limited = (LimitedJoint(f'{self.config.hands[p]}_rotation', float(plan.slowdown[p]), 0.0)
                   for p in np.flatnonzero(plan.slowdown > 1.0))
        return replace(moved, transition_s=max(moved.transition_s, plan.transition_s),
                       seam_position=max(moved.seam_position, seam[0]),
                       seam_velocity=max(moved.seam_velocity, seam[1]),
                       seam_acceleration=max(moved.seam_acceleration, seam[2]),
                       samples_limited=max(moved.samples_limited, plan.samples_limited),
                       limited=(*moved.limited, *limited))

    def _parts(self, rows: FloatArray) -> tuple[FloatArray, FloatArray, str]:
        """Positions (N, 3 P) and rotations (N, P, 4) of finite rows (N, 9 P), and what is wrong with the latter."""
        poses = rows.reshape(len(rows), -1, WIDTH)
        matrices, degenerate = rotation.from_6d(poses[..., 3:])
        if degenerate.any():
            step, hand = np.argwhere(degenerate)[0]
            fault = f'degenerate rotation: the columns of hand {self.config.hands[hand]} at step {step} span no plane'
            return rows, rows, fault
        return poses[..., :3].reshape(len(rows), -1), rotation.from_matrix(matrices), ''
