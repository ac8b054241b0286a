"""Is the robot still there, and where it was told to be? All ages are by stamp."""
from __future__ import annotations

import numpy as np

from vla_async.bridge.config import FollowerConfig
from vla_async.bridge.response_watch import ResponseWatch
from vla_async.errors import DataError
from vla_async.joint_order import JointReading
from vla_async.timebase import seconds
from vla_async.types import FloatArray

FULL_SPEED = 0.99  # a speed scale from here on is full


class Watchdog:
    """Judges the newest joint state."""

    def __init__(self, config: FollowerConfig) -> None:
        self._names, self._tolerances, self._apart = config.joint_names, config.tolerances, config.apart
        self._untracked = config.untracked
        self._lower, self._upper = config.lower, config.upper
        self._response = ResponseWatch(config)
        self.reading: JointReading | None = None
        self.speed_scale = 1.0  # at which the controllers follow trajectories

    def observe(self, reading: JointReading) -> None:
        """Keep a joint state, unless it is a little older than the one that is known, which then was overtaken.

        One that is much older tells that the known one was stamped in the future: it must not hide all others.
        """
        known = self.reading
        overtaken_s = 0.0 if known is None else seconds(known.stamp_ns - reading.stamp_ns)
        if overtaken_s <= 0.0 or overtaken_s > self._tolerances.clock_lead_s:
            self.reading = reading

    def age_fault(self, now_ns: int) -> str:
        """Why the measured position cannot be relied on, or nothing."""
        if self.reading is None:
            return 'no joint state has come'
        age_s = seconds(now_ns - self.reading.stamp_ns)
        if age_s > self._tolerances.joint_state_age_s:
            return f'the newest joint state is {age_s:.2f} s old'
        if age_s < -self._tolerances.clock_lead_s:
            return f'joint states are stamped {-age_s:.1f} s in the future: the clocks differ'
        return ''

    def measured(self) -> FloatArray:
        """Where the joints are, (D,) [rad or m]; raises DataError before anything was measured."""
        if self.reading is None:
            raise DataError('no joint state has come')
        return self.reading.position

    def forget(self) -> None:
        """The clock was set: what was measured before has no age any more."""
        self.reading = None

    def speed_fault(self) -> str:
        """Why trajectories would be followed late, or nothing."""
        if self.speed_scale >= FULL_SPEED:  # NaN is not
            return ''
        return f'the controllers run at {100 * self.speed_scale:.0f} % of their speed'

    def distance_fault(self, position: FloatArray, tolerance: float, what: str) -> str:
        """Why `position` (D,) is too far from the measured one, or nothing."""
        if self.reading is None:
            return 'no joint state has come'
        apart = self._apart(position, self.reading.position)
        apart[self._untracked] = 0.0
        worst = int(apart.argmax())
        if apart[worst] <= tolerance:
            return ''
        return f'{what} of {self._names[worst]} is {apart[worst]:.3f} away from the measured position'

    def takeover_fault(self, now_ns: int) -> str:
        """Why the robot must not be taken over where it is, or nothing."""
        fault = self.age_fault(now_ns)
        if self.reading is None or fault:
            return fault
        beyond = np.maximum(self._lower - self.reading.position, self.reading.position - self._upper)
        worst = int(beyond.argmax())
        return ('' if beyond[worst] <= self._tolerances.outside else
                f'{self._names[worst]} is {beyond[worst]:.3f} beyond its limits')

    def moving_fault(self, position: FloatArray, now_ns: int) -> str:
        """Why a motion with the set-point `position` (D,) must end, or nothing."""
        return (self.age_fault(now_ns) or self.speed_fault()
                or self.distance_fault(position, self._tolerances.tracking, 'the set-point'))

    def response_fault(self, position: FloatArray) -> str:
        """How the robot stands still although set-points like `position` (D,) lead it on, or nothing."""
        return '' if self.reading is None else self._response.fault(position, self.reading)

    def rested(self) -> None:
        """Nothing is asked of the robot: where it was led before counts no more."""
        self._response.forget()
