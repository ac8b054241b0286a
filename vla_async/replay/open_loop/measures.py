"""What is measured of motions and chunks, as pure functions of arrays.

Letters: C chunks or pieces, H rows of each, N samples, D joints.
"""
from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vla_async.types import FloatArray

WARP = 8  # rows by which dynamic time warping may shift one against the other
SPARC_CUT_HZ = 10.0  # voluntary movement has nothing above it
SPARC_LEVEL = 0.05  # share of the largest magnitude below which the spectrum is noise
SPARC_PADDING = 4  # the spectrum is read this much finer than its length gives


def warped_distance(made: FloatArray, done: FloatArray) -> FloatArray:
    """Dynamic time warping of pieces `made` (C, H, D) against `done` (C, H, D), joint by joint, (C, D) [rad or m].

    Sum of |made_i - done_j| along the cheapest path of at most WARP rows off the diagonal, over H: never more than the
    mean absolute error, and nothing where one is the other a little later.
    """
    pieces, rows, joints = made.shape
    before, now = np.full((2, rows + 1, pieces, joints), np.inf)
    before[0] = 0.0
    for i in range(rows):
        first, end = max(0, i - WARP), min(rows, i + WARP + 1)
        now[first] = np.inf
        cost = np.abs(made[:, i] - done[:, first:end].swapaxes(0, 1))  # (band, C, D)
        np.minimum(before[first + 1:end + 1], before[first:end], out=now[first + 1:end + 1])
        for j in range(first, end):
            np.minimum(now[j + 1], now[j], out=now[j + 1])
            now[j + 1] += cost[j - first]
        before, now = now, before
    result: FloatArray = before[rows] / rows
    return result


def chunk_disagreement(first: FloatArray, second: FloatArray, shift: float) -> FloatArray:
    """Difference (K, D) of two chunks (H, D) where they overlap; the second begins `shift` rows after the first."""
    rows = np.arange(len(second)) + shift  # of the first
    inside = (rows >= 0) & (rows <= len(first) - 1)
    low = np.clip(np.floor(rows[inside]).astype(np.intp), 0, len(first) - 2)
    part = (rows[inside] - low)[:, None]
    result: FloatArray = second[inside] - ((1 - part) * first[low] + part * first[low + 1])
    return result


def spectral_arc_length(speed: FloatArray, rate_hz: float) -> float | None:
    """SPARC of a speed profile (N,) sampled at `rate_hz`: 0 is smooth, the more negative the jerkier.

    Balasubramanian et al. 2015: minus the arc length of |V(f)|/|V(0)| over f in [0, f_c], f normalised by f_c, where
    f_c is the highest frequency up to SPARC_CUT_HZ at which the magnitude is at least SPARC_LEVEL. None at rest.
    """
    if len(speed) < 8 or speed.max() <= 0.0:
        return None
    length = 2 ** int(np.ceil(np.log2(len(speed))) + SPARC_PADDING)
    magnitude = np.abs(np.fft.rfft(speed, length))
    magnitude /= magnitude[0]
    inside = int(SPARC_CUT_HZ * length / rate_hz) + 1
    last = int(np.flatnonzero(magnitude[:inside] >= SPARC_LEVEL)[-1])
    if last == 0:
        return None
    return -float(np.hypot(1.0 / last, np.diff(magnitude[:last + 1])).sum())


def jerk(position: FloatArray, step_s: float) -> FloatArray:
    """Third difference quotients (N-3, D) [rad/s^3 or m/s^3] of positions (N, D) on an even grid.

    Of the positions, not of what a fuser says of its accelerations: a splice that hides a jump is seen.
    """
    return np.diff(position, n=3, axis=0) / step_s**3


def runs(flags: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Begin and end (R, 2) of each run of true in `flags` (N,), the end not included."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return edges.reshape(-1, 2)
