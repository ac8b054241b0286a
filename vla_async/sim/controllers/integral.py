"""Positions that follow from velocities, as a drive makes them."""
from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vla_async.bridge.outputs.velocity import within
from vla_async.embodiment import Embodiment
from vla_async.timebase import seconds
from vla_async.types import FloatArray

LONGEST_S = 0.05  # time in which nobody looked is not made up for, nor is a clock that was set


class Integral:
    """Positions (J,) of the joints with these indices; they end at the joints' limits."""

    def __init__(self, robot: Embodiment, joints: NDArray[np.intp]) -> None:
        self._lower, self._upper = robot.array('lower')[joints], robot.array('upper')[joints]
        self.position = robot.array('home')[joints]  # [rad or m]
        self._now_ns = 0

    def elapsed_s(self, now_ns: int) -> float:
        """Time since `advance` was called last [s]."""
        return min(max(seconds(now_ns - self._now_ns), 0.0), LONGEST_S)

    def advance(self, velocity: FloatArray, now_ns: int) -> FloatArray:
        """Positions at `now_ns` after `velocity` (J,) [rad/s or m/s] since the last call."""
        moved = self.position + velocity * self.elapsed_s(now_ns)
        self.position = within(moved, self._lower, self._upper)
        self._now_ns = now_ns
        return self.position
