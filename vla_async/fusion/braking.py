"""The quickest stop of every joint at once, closed form: jerk limited, in at most three phases.

From velocity v and acceleration a, with s = sign(v + a |a| / 2J), the acceleration is brought with jerk -sJ to -s p,
held, and let go with jerk sJ, where p = min(A, sqrt(J s v + a^2 / 2)). It is the stop that Ruckig's velocity interface
finds [Berscheid2021]; written out here because it runs over all joints and many start states as one array.
"""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vla_async.types import FloatArray


@dataclass(frozen=True, slots=True)
class Stop:
    """A stop of many joints; all arrays have the shape of the velocities it was made for."""

    velocity: FloatArray  # at its start [rad/s or m/s]
    acceleration: FloatArray  # at its start [rad/s^2 or m/s^2]
    jerk: FloatArray  # of the first phase, with sign; the last phase has the opposite [rad/s^3 or m/s^3]
    build_s: FloatArray  # durations of the three phases [s]
    hold_s: FloatArray
    release_s: FloatArray

    @property
    def duration_s(self) -> FloatArray:
        """Time to rest [s]."""
        return self.build_s + self.hold_s + self.release_s

    def of_row(self, row: int) -> Stop:
        """One of them."""
        return Stop(self.velocity[row], self.acceleration[row], self.jerk[row], self.build_s[row], self.hold_s[row],
                    self.release_s[row])

    def at(self, time_s: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Way since the start, velocity, acceleration after `time_s` >= 0 [s] (broadcast); at rest after the end."""
        t1 = np.minimum(time_s, self.build_s)
        t2 = np.minimum(np.maximum(time_s - self.build_s, 0.0), self.hold_s)
        t3 = np.minimum(np.maximum(time_s - (self.build_s + self.hold_s), 0.0), self.release_s)
        way1, v1, a1 = _cubic(self.velocity, self.acceleration, self.jerk, t1)
        way2 = t2 * (v1 + 0.5 * t2 * a1)
        way3, v3, a3 = _cubic(v1 + t2 * a1, a1, -self.jerk, t3)
        moving = time_s < self.duration_s  # what rounding leaves of v and a at the end is dropped
        return way1 + way2 + way3, np.where(moving, v3, 0.0), np.where(moving, a3, 0.0)


def stop(velocity: FloatArray, acceleration: FloatArray, limit: FloatArray, jerk: FloatArray) -> Stop:
    """The quickest stop from (..., D) velocities and accelerations with (D,) acceleration limits and jerks."""
    side = np.copysign(1.0, velocity + acceleration * np.abs(acceleration) / (2.0 * jerk))
    v, a = side * velocity, side * acceleration
    peak = np.minimum(np.sqrt(np.maximum(jerk * v + 0.5 * a * a, 0.0)), limit)
    build = np.maximum((a + peak) / jerk, 0.0)
    left = v + (0.5 * a * a - peak * peak) / jerk  # velocity that the two ramps leave to the hold phase
    hold = np.maximum(left, 0.0) / np.maximum(peak, np.finfo(float).tiny)
    return Stop(velocity, acceleration, -side * jerk, build, hold, peak / jerk)


def stoppable_velocity(room: FloatArray, lead_s: float, limit: FloatArray, jerk: FloatArray) -> FloatArray:
    """Speed (D,) from which, after `lead_s` [s] at that speed, a stop stays within `room` (D,) [rad or m].

    The stop takes at most v^2 / 2A + v A / 2J, hence v = A (sqrt(b^2 + 2 room / A) - b) with b = lead + A / 2J.
    """
    b = lead_s + limit / (2.0 * jerk)
    return limit * (np.sqrt(b * b + 2.0 * np.maximum(room, 0.0) / limit) - b)


def _cubic(v: FloatArray, a: FloatArray, jerk: FloatArray, t: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    return t * (v + t * (0.5 * a + jerk * t / 6.0)), v + t * (a + 0.5 * jerk * t), a + jerk * t
