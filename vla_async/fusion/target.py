"""A chunk as control points on the knots of the motion, led to rest after its last step.

Alignment is by stamp: step i holds at stamp + i * step, so the curve is simply read at the knots' own times and what
lies in the past is never looked at [VLA-RAIL 2512.24673 aligns the same way, by an index].
"""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vla_async.fusion.config import FuserConfig
from vla_async.fusion.limits import PlanLimits
from vla_async.fusion.smoother import curve_weights, projection
from vla_async.timebase import NS_PER_S
from vla_async.types import ActionChunk, FloatArray


@dataclass(frozen=True, slots=True)
class Target:
    """Control points (N, D) that follow a chunk, the first at knot `first`; the last one is where it rests."""

    first: int
    points: FloatArray  # [rad or m]
    clipped: NDArray[np.intp]  # (D,) how many samples of the chunk lay outside the position limits


class TargetMaker:
    """Makes targets for one robot and one grid of knots; everything that does not depend on the chunk is made here."""

    def __init__(self, config: FuserConfig, limits: PlanLimits, knot_ns: int) -> None:
        self._limits = limits
        self._allowed = config.limits
        horizon_s = config.horizon_s
        self._knot_ns = knot_ns
        self._cutoff_hz = config.smoothing_hz
        self._reach = limits.velocity * (2.0 * horizon_s)  # (D,) farther than this nothing can be within the horizon
        self._from_velocity, self._from_acceleration = _settling(limits, knot_ns / NS_PER_S)
        self._max_first, self._max_second, _ = limits.differences(knot_ns / NS_PER_S)
        self.max_knots = max(4, int(horizon_s * NS_PER_S / knot_ns) - len(self._from_velocity))

    def last_knot(self, chunk: ActionChunk) -> int:
        """The last knot that the chunk itself covers."""
        return (chunk.stamp_ns + (len(chunk.positions) - 1) * chunk.step_ns) // self._knot_ns

    def make(self, chunk: ActionChunk, first: int, around: FloatArray) -> Target:
        """Target from knot `first` on, which the chunk must reach; `around` (D,) is where the robot is [rad or m]."""
        wanted = chunk.positions
        low = np.maximum(self._limits.lower, around - self._reach)
        high = np.minimum(self._limits.upper, around + self._reach)
        inside = np.clip(wanted, low, high)
        last = min(self.last_knot(chunk), first + self.max_knots)
        first = min(max(first, -(-chunk.stamp_ns // self._knot_ns)), last)
        start = min(first, last - 2)  # two more in front, for velocity and acceleration at the end
        follow = self._follow(chunk, inside, start, last - start + 1)
        points = np.concatenate([follow[first - start:], self._settle(follow)])
        np.clip(points, low, high, out=points)
        outside = (wanted < self._allowed.position_min) | (wanted > self._allowed.position_max)
        return Target(first, points, outside.sum(axis=0))

    def _follow(self, chunk: ActionChunk, positions: FloatArray, start: int, count: int) -> FloatArray:
        """Control points (count, D) from knot `start` on that follow the smoothed chunk."""
        steps = max(len(positions), 2) - 1
        smooth = projection(len(positions), chunk.step_ns / NS_PER_S, self._cutoff_hz) @ positions
        offset = start * self._knot_ns - chunk.stamp_ns
        x = np.clip((offset + self._knot_ns * np.arange(count)) / chunk.step_ns, 0.0, len(positions) - 1.0)
        span = np.minimum(x.astype(np.intp), steps - 1)
        _, weights = curve_weights(x - span, self._knot_ns / chunk.step_ns)
        return np.matmul(weights[:, None, :], smooth[span[:, None] + np.arange(4)])[:, 0]

    def _settle(self, follow: FloatArray) -> FloatArray:
        """Control points after the chunk: velocity and acceleration at its end fade out along a Hermite cubic."""
        step = follow[-1] - follow[-2]
        bend = np.clip(step - (follow[-2] - follow[-3]), -self._max_second, self._max_second)
        step = np.clip(step, -self._max_first, self._max_first)
        settled: FloatArray = follow[-1] + self._from_velocity * step + self._from_acceleration * bend
        return settled


def _settling(limits: PlanLimits, knot_s: float) -> tuple[FloatArray, FloatArray]:
    """Way per unit of first and second difference at each knot after a chunk's end, each (N, D).

    Over T = max(1.5 V / A, sqrt(6 V / J)) a Hermite cubic takes the largest velocity V to zero inside A and J.
    """
    duration = np.maximum(1.5 * limits.velocity / limits.acceleration, np.sqrt(6.0 * limits.velocity / limits.jerk))
    knots = np.ceil(duration / knot_s) + 1.0  # (D,)
    u = np.minimum(np.arange(1.0, knots.max() + 1.0)[:, None] / knots, 1.0)
    velocity = 1.0 - 3.0 * u**2 + 2.0 * u**3
    acceleration = knots * (u - 2.0 * u**2 + u**3)
    return np.cumsum(velocity, axis=0), np.cumsum(acceleration, axis=0)
