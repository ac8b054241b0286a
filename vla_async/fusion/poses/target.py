"""A chunk's rotations as control rotations on the knots of the motion, led to rest after its last step.

The samples are smoothed in the tangent space at the middle one m, as vectors log(m^T R_k) that run on past pi. The
curve is read at the knots' own times, as in `vla_async.fusion.target`.
"""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vla_async.fusion.exact import product
from vla_async.fusion.poses import rotation
from vla_async.fusion.smoother import curve_weights, projection
from vla_async.timebase import NS_PER_S
from vla_async.types import ActionChunk, FloatArray


@dataclass(frozen=True, slots=True)
class RotationTarget:
    """Control rotations (N, P, 4) that follow a chunk, the first at knot `first`; the last one is where it rests."""

    first: int
    control: FloatArray


class RotationTargetMaker:
    """Makes targets for one grid; `bounds` are those of the differences of control rotations, each (P,) [rad]."""

    def __init__(self, knot_ns: int, cutoff_hz: float, horizon_s: float, bounds: tuple[FloatArray, FloatArray]) -> None:
        self._knot_ns, self._cutoff_hz = knot_ns, cutoff_hz
        self._fastest = bounds[0]
        self._fading = _fading(*bounds)
        self._horizon_ns = round(horizon_s * NS_PER_S)

    def last_knot(self, chunk: ActionChunk) -> int:
        """The last knot that the chunk itself covers."""
        return (chunk.stamp_ns + (len(chunk.positions) - 1) * chunk.step_ns) // self._knot_ns

    def make(self, chunk: ActionChunk, samples: FloatArray, first: int) -> RotationTarget:
        """Target from knot `first` on, which the chunk must reach; `samples` (H, P, 4) are its rotations."""
        last = max(first, min(self.last_knot(chunk), first + self._horizon_ns // self._knot_ns))
        first = int(np.clip(-(-chunk.stamp_ns // self._knot_ns), first, last))
        start = min(first, last - 1)  # one more in front, for the velocity at the end
        seen = max((last * self._knot_ns - chunk.stamp_ns) // chunk.step_ns, 0) + 2  # nothing is planned beyond
        follow = self._follow(chunk, samples[:seen], start, last - start + 1)
        return RotationTarget(first, np.concatenate([follow[first - start:], self._settle(follow)]))

    def _follow(self, chunk: ActionChunk, samples: FloatArray, start: int, count: int) -> FloatArray:
        """Control rotations (count, P, 4) from knot `start` on that follow the smoothed samples."""
        steps, hands = samples.shape[:2]
        path = rotation.continuous(samples)
        middle = path[steps // 2]
        vectors = rotation.log(rotation.multiply(rotation.inverse(middle), path))  # (H, P, 3)
        smooth = product(projection(steps, chunk.step_ns / NS_PER_S, self._cutoff_hz), vectors.reshape(steps, -1))
        offset = start * self._knot_ns - chunk.stamp_ns
        x = np.clip((offset + self._knot_ns * np.arange(count)) / chunk.step_ns, 0.0, steps - 1.0)
        span = np.minimum(x.astype(np.intp), max(steps, 2) - 2)
        weights = curve_weights(x - span, self._knot_ns / chunk.step_ns)
        curve = np.matmul(weights[:, None, :], smooth[span[:, None] + np.arange(4)])[:, 0]
        return rotation.multiply(middle, rotation.exp(curve.reshape(count, hands, 3)))

    def _settle(self, follow: FloatArray) -> FloatArray:
        """Control rotations after the chunk: the angular velocity at its end fades out about its own axis."""
        step = rotation.difference(follow[-2], follow[-1])  # (P, 3)
        fastest = self._fastest[:, None]
        step *= fastest / np.maximum(rotation.length(step)[:, None], fastest)
        return rotation.multiply(follow[-1], rotation.exp(self._fading[:, :, None] * step))


def _fading(fastest: FloatArray, change: FloatArray) -> FloatArray:
    """Way per unit of the last difference at each knot after a chunk's end, shape (N, P).

    The difference goes along 1 - 3 u^2 + 2 u^3, whose slope 1.5 takes the largest one to zero within `change`.
    """
    knots = np.ceil(1.5 * fastest / change) + 1.0  # (P,)
    u = np.minimum(np.arange(1.0, knots.max() + 1.0)[:, None] / knots, 1.0)
    way: FloatArray = np.cumsum(1.0 - 3.0 * u**2 + 2.0 * u**3, axis=0)
    return way
