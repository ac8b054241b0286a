"""Jerk- and acceleration-limited braking of every joint from any state to rest, in closed form."""
from __future__ import annotations

import numpy as np

from vla_async.timebase import NS_PER_S, nanoseconds
from vla_async.types import FloatArray, StampArray


class Brake:
    """Time-optimal stop: acceleration ramps to its peak, stays there, ramps to zero as the speed reaches zero.

    With the speed w < 0 and acceleration b counted along the braking direction, jerk J and peak p <= A:

        p = sqrt(b^2/2 - J w),  t1 = (p - b)/J,  t2 = rest of the speed at p,  t3 = p/J
    """

    def __init__(self, state: FloatArray, acceleration: FloatArray, jerk: FloatArray, now_ns: int) -> None:
        """From state (3, D) at `now_ns` with limits (D,) [rad/s^2 or m/s^2], [rad/s^3 or m/s^3]."""
        self._start_ns, self._state = now_ns, state.copy()
        speed, b = state[1], state[2]
        left = speed + b * np.abs(b) / (2 * jerk)  # speed after the acceleration has been taken back at once
        direction = np.where(left > 0, -1.0, 1.0)
        w, b = direction * speed, direction * b
        peak = np.maximum(np.sqrt(np.maximum(b * b / 2 - jerk * w, 0.0)), np.maximum(b, 0.0))
        limit = np.maximum(acceleration, b)  # a robot that brakes harder already is not asked to brake less at once
        capped = np.minimum(peak, limit)
        plateau = np.maximum(-w - (2 * capped * capped - b * b) / (2 * jerk), 0.0)
        self._times = np.stack([(capped - b) / jerk, np.divide(plateau, capped, out=np.zeros_like(plateau),
                                                               where=capped > 0), capped / jerk])
        self._jerks = np.stack([direction * jerk, np.zeros_like(jerk), -direction * jerk])
        self.end_ns = now_ns + nanoseconds(float(self._times.sum(axis=0).max())) + 1

    def sample(self, now_ns: int) -> FloatArray:
        """State (3, D) at `now_ns`; at rest, exactly, from `end_ns` on."""
        left = np.full(self._state.shape[1], max(now_ns - self._start_ns, 0) / NS_PER_S)
        q, v, a = self._state
        for duration, j in zip(self._times, self._jerks, strict=True):
            t = np.minimum(left, duration)
            q, v, a = q + t * (v + t * (a / 2 + t * j / 6)), v + t * (a + t * j / 2), a + t * j
            left = left - t
        if now_ns >= self.end_ns:
            v, a = np.zeros_like(v), np.zeros_like(a)
        return np.stack([q, v, a])

    def positions(self, stamps_ns: StampArray) -> FloatArray:
        """Positions (N, D) at ascending stamps (N,) [ns]."""
        return np.stack([self.sample(int(stamp))[0] for stamp in stamps_ns])
