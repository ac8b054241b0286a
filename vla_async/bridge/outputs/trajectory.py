"""joint_trajectory_controller, streamed: all that is left of the motion, again and again, on points that do not move.

The points lie at multiples of their spacing, so that windows agree in every point that both have as long as the motion
does. Each window ends at rest: a controller that hears no more stops as the motion would have.
"""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vla_async.bridge.outputs.base import Tick
from vla_async.bridge.outputs.trajectory_settings import ABSOLUTE, SPARE_S, TrajectorySettings
from vla_async.embodiment import Embodiment, Output
from vla_async.timebase import nanoseconds
from vla_async.types import FloatArray, JointWindow

MOST_POINTS = 256  # of a window; a longer motion gets points further apart


@dataclass(frozen=True, slots=True)
class Spliced(JointWindow):
    """A window whose message is stamped with the first point that lies ahead: time_from_start of the past one is
    below zero.
    """

    message_ns: int


class JointTrajectory:
    """Windows of the output's joints."""

    def __init__(self, output: Output, robot: Embodiment, settings: TrajectorySettings) -> None:
        self._settings, self._joints = settings, robot.indices(output.joints)
        self._lower, self._upper = robot.array('lower')[self._joints], robot.array('upper')[self._joints]
        self._splice = settings.variant != ABSOLUTE
        self._spare_ns = nanoseconds(SPARE_S)
        self._latest_ns = nanoseconds(settings.latency_s) + self._spare_ns
        self._slot: int | None = None

    def take(self, tick: Tick) -> JointWindow | None:
        """A window once a period, None between; what is not finite is not sent."""
        slot, since_ns = divmod(tick.now_ns - self._spare_ns * self._splice, self._settings.period_ns)
        if slot == self._slot or (self._splice and self._too_late(since_ns)):
            return None
        self._slot = slot
        return self._window(tick)

    def _too_late(self, since_ns: int) -> bool:
        """Whether a window might arrive after the point that it is stamped with, and so be played late."""
        return since_ns + self._spare_ns + self._latest_ns > self._settings.point_ns

    def _window(self, tick: Tick) -> JointWindow | None:
        step_ns, last_ns = self._settings.point_ns, max(tick.motion.end_ns, tick.now_ns + self._latest_ns)
        while last_ns - tick.now_ns > (MOST_POINTS - 4) * step_ns:
            step_ns *= 2
        first = tick.now_ns // step_ns - (not self._splice)  # one more, should the controller's clock be behind
        count = -(-last_ns // step_ns) + 2 - first
        states = tick.states(first * step_ns, step_ns, count)[:, :, self._joints]
        return self._resting(first * step_ns, step_ns, states) if np.isfinite(states).all() else None

    def _resting(self, stamp_ns: int, step_ns: int, states: FloatArray) -> JointWindow:
        """States (3, N, J), inside the position limits and exactly at rest at their end."""
        position, velocity, acceleration = states
        allowed = np.clip(position, self._lower, self._upper)
        still = allowed != position
        still[-1] = True
        velocity[still] = acceleration[still] = 0.0
        if self._splice:
            return Spliced(stamp_ns, step_ns, allowed, velocity, acceleration, stamp_ns + step_ns)
        return JointWindow(stamp_ns, step_ns, allowed, velocity, acceleration)
