"""The last look at a set-point before it leaves: finite, and within the limits relative to what was sent before.

A guard, not a smoother: if it ever speaks, something upstream is wrong.
"""
from __future__ import annotations

import numpy as np

from vla_async.bridge.config import FollowerConfig
from vla_async.bridge.window_check import POSITION_SLACK
from vla_async.embodiment import about_middle
from vla_async.timebase import NS_PER_S
from vla_async.types import FloatArray

QUANTITIES = ('position', 'velocity', 'acceleration')
SHORTEST_S = 1e-3  # set-points closer in time than this say nothing about acceleration; a late tick makes such


class Guard:
    """Remembers the last two set-points; velocity and acceleration are those that the robot sees, from differences."""

    def __init__(self, config: FollowerConfig) -> None:
        self._names, tolerances = config.joint_names, config.tolerances
        self._middle, half = about_middle(config.lower, config.upper)
        self._allowed = np.stack([half + POSITION_SLACK,
                                  config.velocity * tolerances.velocity_slack,
                                  config.acceleration * tolerances.acceleration_slack])
        self._used = np.zeros_like(self._allowed)
        self._position = np.zeros(len(self._names))
        self._velocity = np.zeros(len(self._names))
        self._sent_ns, self._span_s = 0, SHORTEST_S

    def restart(self, position: FloatArray) -> None:
        """The robot is at rest at `position` (D,); what was sent before does not count."""
        self._position, self._velocity = position.copy(), np.zeros_like(position)
        self._span_s = SHORTEST_S

    def fault(self, position: FloatArray, now_ns: int) -> str:
        """Why `position` (D,) must not be sent at `now_ns`, by a clock that is never set, or nothing."""
        used, span_s = self._used, (now_ns - self._sent_ns) / NS_PER_S
        np.subtract(position, self._middle, out=used[0])
        np.subtract(position, self._position, out=used[1])
        used[1] /= max(span_s, SHORTEST_S)
        used[2] = 0.0
        if span_s >= SHORTEST_S:
            np.subtract(used[1], self._velocity, out=used[2])
            used[2] *= 2 / (span_s + self._span_s)
        np.abs(used, out=used)
        used /= self._allowed
        return '' if used.max() <= 1.0 else self._describe()  # NaN is not <= 1 either

    def sent(self, position: FloatArray, now_ns: int) -> None:
        """Remember what was sent at `now_ns`."""
        span_s = (now_ns - self._sent_ns) / NS_PER_S
        if span_s < SHORTEST_S:
            return
        self._velocity = (position - self._position) / span_s
        self._position, self._span_s, self._sent_ns = position.copy(), span_s, now_ns

    def _describe(self) -> str:
        used = np.where(np.isfinite(self._used), self._used, np.inf)
        row, joint = np.unravel_index(int(used.argmax()), used.shape)
        if not np.isfinite(used[row, joint]):
            return f'guard: the set-point of {self._names[joint]} is not finite'
        return f'guard: {QUANTITIES[row]} of {self._names[joint]} would be {used[row, joint]:.2f} of what is allowed'
