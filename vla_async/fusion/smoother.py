"""A chunk's samples as a smooth curve: least squares on a cubic B-spline with a penalty on wiggling (P-spline).

    min_p |B p - q|^2 + lambda |D4 p|^2      =>      p = (B^T B + lambda D4^T D4)^-1 B^T q = P q

B holds the basis at the samples, one knot per sample, D4 takes fourth differences [Eilers1996]. In the middle of a
chunk this is a filter with gain 1 / (1 + (w / wc)^8): flat for the motion, closed to the noise, without delay. The
polynomial of degree 3 or 4 of VLA-RAIL's smoother [2512.24673] has no such pass band and flattens motion of 1 Hz
already. P depends on the number of samples and their step only and is kept.
"""
from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from vla_async.fusion import spline
from vla_async.fusion.exact import short, solve, weighted
from vla_async.types import FloatArray

_ORDER = 4
# The cut-off may come this near to the sampling rate; above, there is nothing to smooth.
_HIGHEST = 0.4
# Settles what one to three samples leave open, in favour of the constant and the straight line.
_TIE = 1e-7


@lru_cache(maxsize=32)
def projection(count: int, step_s: float, cutoff_hz: float) -> FloatArray:
    """Matrix (max(count, 2) + 2, count) from samples `step_s` [s] apart to control points, the first one step early."""
    spans = max(count, 2) - 1
    design = np.zeros((count, spans + 3))
    span = np.minimum(np.arange(count), spans - 1)
    weights = weighted(spline.VALUE, spline.powers(np.arange(count, dtype=float) - span))  # (4, count)
    design[np.arange(count)[:, None], span[:, None] + spline.SPAN] = weights.T
    normal = weighted(design.T, design) + _penalty(spans + 3, min(cutoff_hz * step_s, _HIGHEST))
    return short(solve(normal, design.T))


def curve_weights(x: FloatArray, ratio: float | FloatArray) -> FloatArray:
    """Weights (N, 4) of four control points for curve - ratio^2 / 6 curve'' at x (N,), fractions of their span.

    They make control points of a spline with knots `ratio` spans apart, one number or (N,), that follows the curve to
    fourth order (quasi-interpolation [deBoor1978]); the curve itself would come out a little flatter.
    """
    powers = spline.powers(x)
    if isinstance(ratio, float):
        return weighted(spline.VALUE - ratio * ratio / 6.0 * spline.BEND, powers).T
    return (weighted(spline.VALUE, powers) - ratio**2 / 6.0 * weighted(spline.BEND, powers)).T


def averaged(points: FloatArray, width: int) -> FloatArray:
    """Moving average over 2 * width + 1 control points, the ends held, shape as `points` (N, D)."""
    padded = np.concatenate([np.repeat(points[:1], width + 1, axis=0), points, np.repeat(points[-1:], width, axis=0)])
    total = np.cumsum(padded, axis=0)
    mean: FloatArray = (total[2 * width + 1:] - total[:-2 * width - 1]) / (2 * width + 1)
    return mean


def _penalty(points: int, cutoff: float) -> FloatArray:
    """lambda D^T D with half gain at `cutoff` [1 / sample]: lambda = b^2 / (2 sin(pi cutoff))^8, b the basis' gain."""
    basis = (2.0 + math.cos(2.0 * math.pi * cutoff)) / 3.0
    total = np.zeros((points, points))
    smoothing = basis**2 / (2.0 * math.sin(math.pi * cutoff)) ** (2 * _ORDER)
    smoothing = float(f'{smoothing:.9e}')  # without the last bits, in which libraries of functions differ
    for order, weight in ((_ORDER, smoothing), (2, _TIE), (1, _TIE**2)):
        if points > order:
            difference = np.diff(np.eye(points), order, axis=0)
            total += weight * weighted(difference.T, difference)
    return total
