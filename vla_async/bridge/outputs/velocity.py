"""Velocities that follow a motion: its own plus feedback, inside the limits, resting when it rests.

What is not known is not followed: without a present measured position the joints go to rest, no faster than they may.
"""
from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vla_async.bridge.outputs.base import OutputSettings, Tick
from vla_async.embodiment import Embodiment
from vla_async.timebase import nanoseconds, seconds
from vla_async.types import FloatArray

LONGEST_S = 0.05  # a tick that comes later than this is no licence for a larger step
TURN = 2.0 * np.pi  # [rad]


class SlewLimit:
    """Keeps velocities (J,) within the joints' limits, also in how much they change from one call to the next."""

    def __init__(self, robot: Embodiment, joints: NDArray[np.intp], begin: FloatArray | None = None,
                 time_out_s: float = np.inf) -> None:
        """`begin` (D,): how fast the robot's joints are already; None: they rest. A controller that has heard nothing
        for `time_out_s` brings them to rest.
        """
        self._velocity = robot.array('velocity')[joints]
        self._acceleration = robot.array('acceleration')[joints]
        self._sent = np.zeros(joints.size) if begin is None else begin[joints]
        self._sent_ns: int | None = None
        self._time_out_s = time_out_s

    def rest(self) -> None:
        """The joints rest now."""
        self._sent = np.zeros_like(self._sent)

    def towards(self, wanted: FloatArray | None, steady_ns: int) -> FloatArray:
        """As much of the velocities wanted (J,) [rad/s or m/s] as may be sent; None or not finite: towards rest."""
        if wanted is None or not np.isfinite(wanted).all():
            wanted = np.zeros_like(self._sent)
        since_s = 0.0 if self._sent_ns is None else seconds(steady_ns - self._sent_ns)
        if since_s > self._time_out_s:
            self.rest()
        step = self._acceleration * min(since_s, LONGEST_S)
        wanted = within(wanted, -self._velocity, self._velocity)
        self._sent = within(wanted, self._sent - step, self._sent + step)
        self._sent_ns = steady_ns
        return self._sent


class VelocityLoop:
    """v = q' + gain (q - q_measured), of the joints with these indices."""

    def __init__(self, robot: Embodiment, joints: NDArray[np.intp], gain: float, settings: OutputSettings,
                 time_out_s: float = np.inf) -> None:
        self._joints, self._gain = joints, gain
        self._oldest_ns = nanoseconds(settings.joint_state_age_s)
        self._farthest = robot.array('velocity')[joints] / gain  # what is beyond makes the feedback no faster
        self._turning = np.array([robot.joints[j].kind == 'continuous' for j in joints])
        self._slew = SlewLimit(robot, joints, settings.velocity, time_out_s)

    def measured(self, tick: Tick) -> FloatArray | None:
        """Present positions (J,) [rad or m]; None when they are not finite, too old, or stamped in the future."""
        if tick.measured is None or abs(tick.now_ns - tick.measured.stamp_ns) > self._oldest_ns:
            return None
        position: FloatArray = tick.measured.position[self._joints]
        return position if np.isfinite(position).all() else None

    def velocity(self, tick: Tick, measured: FloatArray | None) -> FloatArray:
        """What to send (J,) [rad/s or m/s], from what `measured` says."""
        wanted = None if measured is None or tick.now_ns >= tick.motion.end_ns else self._wanted(tick, measured)
        return self._slew.towards(wanted, tick.steady_ns)

    def _wanted(self, tick: Tick, measured: FloatArray) -> FloatArray:
        apart = tick.command.position[self._joints] - measured
        if self._turning.any():
            apart = np.where(self._turning, apart - TURN * np.rint(apart / TURN), apart)
        feedback = self._gain * within(apart, -self._farthest, self._farthest)
        wanted: FloatArray = tick.command.velocity[self._joints] + feedback
        return wanted


def within(values: FloatArray, lower: FloatArray, upper: FloatArray) -> FloatArray:
    """Values between the limits; numpy's `clip` takes five times as long for arrays this small."""
    kept: FloatArray = np.minimum(np.maximum(values, lower), upper)
    return kept
