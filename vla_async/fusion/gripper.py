"""Grippers: a value is held until the chunk leaves it by more than a band, then the new one is gone to and held.

No polynomial and no filter: noise inside the band moves nothing, and an opening that has begun is not smeared over the
chunk. Each change runs along the quintic of `transition`, beginning at the step that asks for it and taking as long as
the limits need.
"""
from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vla_async.fusion.limits import PlanLimits
from vla_async.fusion.transition import blend_weights, shortest_s
from vla_async.timebase import NS_PER_S
from vla_async.types import ActionChunk, FloatArray


class GripperHold:
    """Remembers what each gripper holds, from chunk to chunk."""

    def __init__(self, columns: NDArray[np.intp], limits: PlanLimits, band: float, knot_s: float) -> None:
        self.columns = columns
        self._limits = limits.of(columns)
        self._band = band * (self._limits.upper - self._limits.lower)  # (G,) [rad or m]
        self._knot_s = knot_s
        self._times_ns = np.zeros(1)
        self._held = np.zeros((1, columns.size))  # (H, G) what is held from each of these times on

    def reset(self, position: FloatArray) -> None:
        """Hold `position` (D,) [rad or m]."""
        self._times_ns, self._held = np.zeros(1), position[None, self.columns]

    def follow(self, chunk: ActionChunk, row_s: FloatArray, begin_ns: int, count: int) -> FloatArray:
        """Control points (N, G) from the knot at `begin_ns` on, N >= `count` and as many as the last change takes.

        `row_s` (H,) [s] tells when the chunk's rows hold, since then.
        """
        before = self._held[np.searchsorted(self._times_ns[1:], chunk.stamp_ns, side='right')]
        wanted = np.clip(chunk.positions[:, self.columns], self._limits.lower, self._limits.upper)
        held = np.column_stack([held_steps(*column) for column in zip(wanted.T, before, self._band, strict=True)])
        self._times_ns, self._held = begin_ns + row_s * NS_PER_S, held
        return self._gone_to(before, np.diff(held, axis=0, prepend=before[None]), row_s, count)

    def _gone_to(self, value: FloatArray, changes: FloatArray, row_s: FloatArray, count: int) -> FloatArray:
        """`value` (G,) and after it every change (H, G), each along its quintic."""
        takes_s = shortest_s(np.abs(changes), self._limits)
        rows, columns = np.nonzero(changes)
        last_s = float((row_s[rows] + takes_s[rows, columns]).max(initial=0.0))
        since_s = self._knot_s * np.arange(max(count, int(last_s / self._knot_s) + 2))
        points = np.repeat(value[None], len(since_s), axis=0)
        for row, column in zip(rows, columns, strict=True):
            weight = blend_weights(since_s - row_s[row], takes_s[row, column, None])[:, 0]
            points[:, column] += changes[row, column] * weight
        return points


def held_steps(samples: FloatArray, value: float, band: float) -> FloatArray:
    """What is held at each of the samples (H,): `value` until one is further than `band` from it, and so on.

    Where a new value begins, it is the median of all samples up to the next change: not the one that was on its way.
    """
    steps, begin, inside = np.empty_like(samples), 0, True
    for k, sample in enumerate(samples.tolist()):
        if abs(sample - value) > band:
            steps[begin:k] = value if inside else np.median(samples[begin:k])
            begin, value, inside = k, sample, False
    steps[begin:] = value if inside else np.median(samples[begin:])
    return steps
