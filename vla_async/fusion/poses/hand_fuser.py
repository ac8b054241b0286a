"""From chunks of hand poses to one motion of the joints: what `ChunkFuser` is to policies that speak joints.

The poses are fused on SO(3) (`PoseFuser`), their motion is read on an even grid and handed to the joints by inverse
kinematics, each sample from the one before, and a `ChunkFuser` joins those joints to the motion under way. So the last
word on limits and continuity is the same as ever. docs/fusion.md has the whole way.
"""
from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from vla_async.embodiment import Embodiment
from vla_async.fusion.admission import Admission, Columns, cleaned
from vla_async.fusion.config import FuserConfig, FuserSettings
from vla_async.fusion.fuser import ChunkFuser
from vla_async.fusion.poses import rotation
from vla_async.fusion.poses.config import WIDTH, PoseFuserConfig
from vla_async.fusion.poses.fuser import PoseFuser
from vla_async.kinematics.hand_tracker import HandTracker
from vla_async.timebase import NS_PER_S, nanoseconds
from vla_async.types import ActionChunk, FloatArray, FusionReport, JointCommand, JointWindow, LimitedJoint

STEP_NS = NS_PER_S // 30  # of the joints' chunks: the motion of the hands has no content above some Hertz
JOIN_S = 0.1  # the poses have made their transition already; that of the joints only takes up what is left
# A hand that misses its pose by more than this is told of: [m], [rad].
MISS = (1e-3, 1e-2)


class HandFuser:
    """Fuses the chunks of a policy that leads hands. Reads no clock; made for one thread.

    A row of a chunk has the embodiment's `chunk_columns`: 9 numbers a hand as in `PoseFuser`, in the frame of the
    URDF's root, then the positions of the grippers that the robot file lists. Other grippers stay where they were at
    the reset, and so does a driven base.
    """

    def __init__(self, robot: Embodiment, settings: FuserSettings | None = None) -> None:
        """Raises ConfigError for a robot whose policies do not speak poses, or whose URDF lacks what is named."""
        poses = PoseFuserConfig.from_embodiment(robot, settings)
        self.config = replace(FuserConfig.from_embodiment(robot, settings), phase_search_s=0.0,
                              transition_min_s=JOIN_S, transition_max_s=JOIN_S)
        self._poses, self._joints = PoseFuser(poses), ChunkFuser(self.config)
        self._tracker = HandTracker(robot, poses.hands)
        self._width = WIDTH * len(poses.hands)
        self._farthest_ns = nanoseconds(max(self.config.horizon_s, poses.stop_s))
        self._led = robot.indices(robot.action.grippers)
        self._admission = Admission(self._columns(robot), self.config.future_s)
        kinds = np.array(self.config.joint_kinds)
        self._kept, self._driven = np.flatnonzero(kinds == 'gripper'), np.flatnonzero(kinds == 'velocity')
        self._posture = robot.array('home')
        self._stamp_ns = self._count = 0

    def reset(self, stamp_ns: int, position: ArrayLike) -> None:
        """Start anew, at rest, from where the joints are: `position` (D,) [rad or m]. Raises DataError."""
        self._joints.reset(stamp_ns, position)
        self._posture = np.array(position, dtype=np.float64)
        places, matrices = self._tracker.poses(self._posture)
        self._poses.reset(stamp_ns, np.concatenate([places, rotation.to_6d(matrices)], axis=1).ravel())
        self._stamp_ns = stamp_ns

    @property
    def rest_ns(self) -> int:
        """Time from which the joints are at rest unless another chunk comes."""
        return self._joints.rest_ns

    def following(self, now_ns: int) -> bool:
        """Whether the motion at `now_ns` still lies within the last chunk, not in the run-out after it."""
        return self._poses.following(now_ns)

    def chunk_age_s(self, now_ns: int) -> float | None:
        """Time since the stamp of the chunk that is followed [s], None before the first one."""
        return self._poses.chunk_age_s(now_ns)

    def command(self, t_ns: int) -> JointCommand:
        """The set-point of time `t_ns`. Times before the motion's known past give its earliest known state."""
        return self._joints.command(t_ns)

    def window(self, start_ns: int, step_ns: int, count: int) -> JointWindow:
        """The motion at `start_ns + i * step_ns`, i < count, brought to rest by its last point, inside the limits.

        Raises DataError if the joints cannot stop in so short a time; a length of `config.stop_s` always suffices.
        """
        return self._joints.window(start_ns, step_ns, count)

    def add(self, chunk: ActionChunk, now_ns: int) -> FusionReport:
        """Go over to a chunk that arrived at `now_ns`. Never raises for what is in it: the report names the reason."""
        reason = self._admission.refusal(chunk, now_ns)  # of content; order and restarts are the poses' to judge
        if reason:
            return FusionReport(chunk.sequence, False, reason)
        chunk = cleaned(chunk)
        hands = self._poses.add(replace(chunk, positions=chunk.positions[:, :self._width]), now_ns)
        return self._followed(chunk, now_ns, hands) if hands.accepted else hands

    def _columns(self, robot: Embodiment) -> Columns:
        hands, limits = self._poses.config.columns, self.config.limits
        return Columns(robot.chunk_columns, np.append(hands.lower, limits.position_min[self._led]),
                       np.append(hands.upper, limits.position_max[self._led]))

    def _followed(self, chunk: ActionChunk, now_ns: int, hands: FusionReport) -> FusionReport:
        """Let the joints follow the motion of the hands from now on; the report of both."""
        self._stamp_ns, self._count = max(now_ns, self._stamp_ns), self._count + 1
        end_ns = min(self._poses.rest_ns, self._stamp_ns + self._farthest_ns)
        count = max(math.ceil((end_ns - self._stamp_ns) / STEP_NS), 1) + 1
        rows, missed = self._tracked(count)
        rows[:, self._kept], rows[:, self._driven] = self._posture[self._kept], 0.0
        rows[:, self._led] = self._held_samples(chunk, count)
        joints = self._joints.add(ActionChunk(self._stamp_ns, STEP_NS, rows, sequence=self._count), now_ns)
        if not joints.accepted:
            return replace(joints, sequence=chunk.sequence)
        return replace(hands, seam_position=joints.seam_position, seam_velocity=joints.seam_velocity,
                       seam_acceleration=joints.seam_acceleration,
                       samples_limited=max(hands.samples_limited, joints.samples_limited),
                       limited=(*hands.limited, *self._out_of_reach(missed), *joints.limited))

    def _tracked(self, count: int) -> tuple[FloatArray, FloatArray]:
        """Joints (count, D) that follow the hands, and by how much they miss them, (count, P, 2) [m, rad]."""
        wanted = self._poses.window(self._stamp_ns, STEP_NS, count)
        found = self._tracker.track(self._joints.command(self._stamp_ns).position, self._posture, wanted.position,
                                    wanted.rotation, STEP_NS / NS_PER_S)
        return found.joints, found.missed

    def _held_samples(self, chunk: ActionChunk, count: int) -> FloatArray:
        """What the chunk says of grippers, (count, G), each value held until the next one: they are not filtered."""
        times = self._stamp_ns - chunk.stamp_ns + STEP_NS * np.arange(count)
        steps = np.clip(times // chunk.step_ns, 0, len(chunk.positions) - 1)
        held: FloatArray = chunk.positions[steps, self._width:]
        return held

    def _out_of_reach(self, missed: FloatArray) -> list[LimitedJoint]:
        """The hands whose poses the joints cannot take, or not so fast, and by how much at most."""
        worst = missed.max(axis=0)
        return [LimitedJoint(f'{self._poses.config.hands[hand]}_{part}', 1.0, float(worst[hand, i]))
                for i, part in enumerate(('reach', 'reach_rotation')) for hand in np.flatnonzero(worst[:, i] > MISS[i])]
