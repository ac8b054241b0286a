"""Joins action chunks to one motion that is continuous to acceleration and inside the limits at every instant.

The motion is one cubic B-spline on a fixed grid of knots (`motion`). A chunk becomes control points on that grid
(`smoother`, `target`), the motion under way goes over to them along a quintic (`transition`) as far as the limits allow
(`governor`), and only control points that do not shape the present are changed. docs/fusion.md has the whole way.
"""
from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from vla_async.errors import DataError
from vla_async.fusion.admission import Admission, Columns, cleaned
from vla_async.fusion.braking import stop, stoppable_velocity
from vla_async.fusion.config import FuserConfig
from vla_async.fusion.exact import weighted
from vla_async.fusion.joint_kinds import of_kind, to_spoken
from vla_async.fusion.motion import REST, SplineMotion
from vla_async.fusion.phase import PhaseSearch
from vla_async.fusion.planner import GIVEN, Plan, Planner
from vla_async.fusion.spline import basis
from vla_async.fusion.target import Target, TargetMaker
from vla_async.fusion.windows import resting_window
from vla_async.timebase import NS_PER_S, nanoseconds, seconds
from vla_async.types import ActionChunk, FusionReport, JointCommand, JointWindow, LimitedJoint

# A clock that runs back this far was set anew [ns].
CLOCK_SET_BACK_NS = NS_PER_S


class ChunkFuser:
    """Fuses the chunks of one robot. Reads no clock; made for one thread (guard it with a lock otherwise)."""

    def __init__(self, config: FuserConfig) -> None:
        self.config = config
        self._limits = config.plan_limits
        knot_ns = nanoseconds(config.knot_s)
        self._motion = SplineMotion(knot_ns, config.dof)
        self._targets = TargetMaker(config, self._limits, knot_ns)
        self._planner = Planner(config, self._limits, self._motion.knot_s)
        self._admission = Admission(Columns.of_joints(config), config.future_s)
        placed = np.isin(config.joint_kinds, ('revolute', 'prismatic'))  # of the others a shape tells no time
        self._phase = PhaseSearch(np.where(placed, self._limits.velocity, np.inf), config.phase_search_s)
        self._driven = of_kind(config.joint_kinds, 'velocity')
        self._at_knot = basis(self._motion.knot_s)[:, 0, :3]  # q, q', q'' at a knot from the control points around it
        self._commit_ns = nanoseconds(config.commit_s)
        self._low, self._high = config.limits.position_min, config.limits.position_max
        self._switched = self._covered = self._now_ns = 0
        self._running = False

    # -- state -------------------------------------------------------------------------------------------------

    def reset(self, stamp_ns: int, position: ArrayLike, velocity: ArrayLike | None = None) -> None:
        """Start anew from where the robot is: `position` (D,) [rad or m], `velocity` (D,) [rad/s or m/s] or at rest.

        The motion comes to rest from there. A velocity that cannot be stopped inside the limits is reduced to one that
        can. Chunks stamped before `stamp_ns` may still be added. Raises DataError for a wrong shape or NaN.
        """
        q = self.config.joint_values('position', position)
        v = np.zeros_like(q) if velocity is None else self.config.joint_values('velocity', velocity)
        knot_s, limits = self._motion.knot_s, self._limits
        ways = [np.minimum(stoppable_velocity(room, 3.0 * knot_s, limits.acceleration, limits.jerk), limits.velocity)
                for room in (q - limits.lower, limits.upper - q)]
        v = np.clip(v, -ways[0], ways[1])
        halt = stop(v, np.zeros_like(v), limits.acceleration, limits.jerk)
        knot = stamp_ns // self._motion.knot_ns
        count = int(halt.duration_s.max() / knot_s) + 4 + REST
        since_s = (knot - 1) * self._motion.knot_ns - stamp_ns
        line_s = (since_s / NS_PER_S + knot_s * np.arange(count))[:, None]  # (N, 1), at rest or at speed till row 3
        way, _, _ = halt.at(np.maximum(line_s - line_s[3], 0.0))
        self._targets.reset(q)
        self._phase.reset()
        self._motion.start(knot - 1, q + v * np.minimum(line_s, line_s[3]) + way)
        # Only rounding, and a stop from a start within the margin at a limit, ever meets these.
        self._low = np.minimum(q, self.config.limits.position_min)
        self._high = np.maximum(q, self.config.limits.position_max)
        self._admission.last = None
        self._switched, self._covered, self._now_ns = knot, knot, stamp_ns
        self._running = True

    @property
    def rest_ns(self) -> int:
        """Time from which the motion is at rest unless another chunk comes."""
        self._need_start()
        return self._motion.rest_ns

    def following(self, now_ns: int) -> bool:
        """Whether the motion at `now_ns` still lies within the last chunk, not in the run-out after it."""
        return self._running and self._admission.last is not None and now_ns <= self._covered * self._motion.knot_ns

    def chunk_age_s(self, now_ns: int) -> float | None:
        """Time since the stamp of the chunk that is followed [s], None before the first one."""
        last = self._admission.last
        return None if last is None else seconds(now_ns - last.stamp_ns)

    # -- motion ------------------------------------------------------------------------------------------------

    def command(self, t_ns: int) -> JointCommand:
        """The set-point of time `t_ns`. Times before the motion's known past give its earliest known state."""
        self._need_start()
        state = self._motion.state(t_ns)
        position = np.maximum(state[0], self._low)
        return JointCommand(t_ns, np.minimum(position, self._high, out=position), state[1], state[2])

    def window(self, start_ns: int, step_ns: int, count: int) -> JointWindow:
        """The motion at `start_ns + i * step_ns`, i < count, brought to rest by its last point, inside the limits.

        Raises DataError if the joints cannot stop in so short a time; a length of `config.stop_s` always suffices.
        """
        self._need_start()
        window = resting_window(self._motion, self._limits, start_ns, step_ns, count)
        np.minimum(np.maximum(window.position, self._low, out=window.position), self._high, out=window.position)
        return window

    # -- chunks ------------------------------------------------------------------------------------------------

    def add(self, chunk: ActionChunk, now_ns: int) -> FusionReport:
        """Go over to a chunk that arrived at `now_ns`. Never raises for what is in it: the report names the reason."""
        reason = self._refusal(chunk, now_ns)
        if reason:
            return FusionReport(chunk.sequence, False, reason)
        self._admission.last = chunk = cleaned(chunk)
        placed, index = self._phase.placed(chunk), self._present(now_ns)
        before = self._motion.from_index(index - 1, 4)
        target = self._targets.make(placed, index + GIVEN, before[-1])
        disagreement = self._disagreement(target)
        if target.slowdown.max() > 1.0:
            self._phase.reset()  # a robot that is slower than the chunk makes the next one look late
        plan = self._planner.plan(self._motion, target, index, self._covered)
        self._motion.replace(index + GIVEN, plan.points)
        seam = self._motion.seam(index + 1, before)
        self._now_ns, self._switched = max(now_ns, self._now_ns), index
        self._covered = target.last
        return FusionReport(
            chunk.sequence, True, delay_s=seconds(now_ns - chunk.stamp_ns), transition_s=plan.transition_s,
            disagreement_position=disagreement[0], disagreement_velocity=disagreement[1],
            disagreement_acceleration=disagreement[2],
            seam_position=seam[0], seam_velocity=seam[1], seam_acceleration=seam[2],
            samples_limited=plan.samples_limited, limited=self._limited(plan))

    def _disagreement(self, target: Target) -> list[float]:
        """Largest jumps over the joints in q, q', q'' that going over to the target at once would make."""
        under_way = to_spoken(self._motion.from_index(target.first - 1, 4), self._driven, self._motion.knot_s)
        jumps = weighted(self._at_knot, target.points[:3] - under_way)
        if self._driven.size:
            jumps[1:, self._driven] = jumps[:2, self._driven]  # of these the target knows the velocity only
            jumps[0, self._driven] = 0.0
        largest: list[float] = np.abs(jumps, out=jumps).max(axis=1).tolist()
        return largest

    def _limited(self, plan: Plan) -> tuple[LimitedJoint, ...]:
        if not plan.samples_limited:
            return ()
        joints = np.flatnonzero((plan.slowdown > 1.0) | (plan.beyond > 0.0))
        return tuple(LimitedJoint(self.config.joint_names[d], max(float(plan.slowdown[d]), 1.0), float(plan.beyond[d]))
                     for d in joints)

    def _refusal(self, chunk: ActionChunk, now_ns: int) -> str:
        if not self._running:
            return 'no start state yet: reset the fuser with the joints'
        if now_ns < self._now_ns - CLOCK_SET_BACK_NS:
            return 'the clock ran backwards: reset the fuser'
        reason = self._admission.refusal(chunk, now_ns)
        if not reason and self._targets.last_knot(chunk) < self._present(now_ns) + GIVEN:
            return 'entirely in the past: ends before the first instant that can still change'
        return reason

    def _present(self, now_ns: int) -> int:
        """Index of the knot before the last instant that must not change."""
        return max((now_ns + self._commit_ns) // self._motion.knot_ns, self._switched)

    def _need_start(self) -> None:
        if not self._running:
            raise DataError('the fuser has no motion yet: call reset with the state of the joints first')
