"""A chunk's samples, smoothed, as a curve that can be followed at any pace."""
from __future__ import annotations

import numpy as np

from vla_async.fusion import spline
from vla_async.fusion.exact import product, weighted
from vla_async.fusion.smoother import curve_weights, projection
from vla_async.timebase import NS_PER_S
from vla_async.types import ActionChunk, FloatArray


class ChunkPath:
    """A place on the curve is the number of knots since a given one, at the chunk's own pace."""

    def __init__(self, chunk: ActionChunk, positions: FloatArray, knot_ns: int, cutoff_hz: float) -> None:
        self._stamp_ns, self._step_ns, self._knot_ns = chunk.stamp_ns, chunk.step_ns, knot_ns
        self._rows, self._steps = len(positions), max(len(positions), 2) - 1
        self._smooth = product(projection(self._rows, chunk.step_ns / NS_PER_S, cutoff_hz), positions)
        self._ratio = knot_ns / chunk.step_ns

    @property
    def first_knot(self) -> int:
        """The first one that the chunk covers."""
        return -(-self._stamp_ns // self._knot_ns)

    def at(self, knot: int, places: FloatArray, speed: float | FloatArray) -> FloatArray:
        """Control points (N, D) of a motion that is at `places` (N,) at its knots, moving at `speed` (N,) there."""
        x = np.minimum(np.maximum(self._row(knot) + self._ratio * places, 0.0), self._rows - 1.0)
        span = np.minimum(x.astype(np.intp), self._steps - 1)
        weights = curve_weights(x - span, self._ratio * speed)
        return weighted(weights, self._smooth.take(span[:, None] + spline.SPAN, axis=0))

    def row_knots(self, knot: int) -> FloatArray:
        """Places of the chunk's rows, (H,)."""
        return (np.arange(self._rows, dtype=np.float64) - self._row(knot)) / self._ratio

    def _row(self, knot: int) -> float:
        return (knot * self._knot_ns - self._stamp_ns) / self._step_ns
