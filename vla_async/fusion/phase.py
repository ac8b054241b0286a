"""Is a chunk early or late against the one before, although its stamp says otherwise? For stamps that jitter.

A chunk q that is late by delta against the one before, b, is q(t) = b(t - delta) = b - delta b'. So over the rows that
both cover, each joint measured in its velocity limit and freed from its mean (a constant offset is no delay),

    delta = -sum (q - b) b' / sum b'^2,     sigma^2 = sum (q - b + delta b')^2 / ((n - 2) sum b'^2).

What is not clearly more than its own error is not believed: delta is shrunk by 1 - (3 sigma / delta)^2, to zero below.
So chunks whose stamps are right stay where they are. (VLA-RAIL [2512.24673] looks for the row nearest to the robot by a
norm over all joints, in whatever units these have, and takes a robot that lags for a chunk that is early.)
"""
from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from vla_async.timebase import NS_PER_S, nanoseconds
from vla_async.types import ActionChunk, FloatArray

FEWEST_ROWS = 6
BELIEF = 3.0  # a delay is believed from this many times its standard error on
# Each chunk is placed against the one before, which was itself moved. That much of a move is kept each time, so that
# the stamps win in the long run.
KEPT = 0.95


class PhaseSearch:
    """Moves chunks in time by at most `most_s` [s].

    `velocity` (D,) are the limits that make joints comparable, infinite for those that do not count.
    """

    def __init__(self, velocity: FloatArray, most_s: float) -> None:
        self._velocity, self._most_s = velocity, most_s
        self.reset()

    def reset(self) -> None:
        """Forget the chunk before."""
        self._before: ActionChunk | None = None
        self._moved_s = 0.0

    def placed(self, chunk: ActionChunk) -> ActionChunk:
        """The chunk, stamped to continue the one before."""
        if not self._most_s:
            return chunk
        placed = self._moved(chunk)
        if self._before is not None:
            late_s = KEPT * (self._moved_s + lateness_s(placed, self._before, self._velocity))
            self._moved_s = min(max(late_s, -self._most_s), self._most_s)
            placed = self._moved(chunk)
        self._before = placed
        return placed

    def _moved(self, chunk: ActionChunk) -> ActionChunk:
        return replace(chunk, stamp_ns=chunk.stamp_ns - nanoseconds(self._moved_s))


def lateness_s(chunk: ActionChunk, before: ActionChunk, velocity: FloatArray) -> float:
    """How late the chunk is against the one before [s]; `velocity` (D,) [rad/s or m/s] makes joints comparable."""
    row = (chunk.stamp_ns - before.stamp_ns) / before.step_ns  # of the chunk's first row in the one before
    rows = row + chunk.step_ns / before.step_ns * np.arange(len(chunk.positions), dtype=np.float64)
    both = np.flatnonzero((rows >= 1.0) & (rows <= len(before.positions) - 3.0))
    if both.size < FEWEST_ROWS:
        return 0.0
    there, speed = _read(before, rows[both])
    with np.errstate(over='ignore', invalid='ignore'):  # positions may be finite and yet too large to be squared
        apart, speed = (chunk.positions[both] - there) / velocity, speed / velocity
        apart, speed = apart - apart.mean(axis=0), speed - speed.mean(axis=0)
        power = max(float((speed * speed).sum()), np.finfo(float).tiny)
        late_s = -float((apart * speed).sum()) / power
        left = float(((apart + late_s * speed) ** 2).sum()) / (apart.size - 2 * len(velocity))
    doubt = BELIEF**2 * left / max(late_s * late_s * power, np.finfo(float).tiny)
    believed_s = late_s * max(1.0 - doubt, 0.0)
    return believed_s if math.isfinite(believed_s) else 0.0


def _read(chunk: ActionChunk, rows: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Positions and velocities (N, D) at broken rows (N,), the first and the last two rows left out."""
    index = rows.astype(np.intp)
    share, positions = (rows - index)[:, None], chunk.positions
    there = positions[index] + share * (positions[index + 1] - positions[index])
    slope = np.gradient(positions, axis=0)
    speed: FloatArray = (slope[index] + share * (slope[index + 1] - slope[index])) * (NS_PER_S / chunk.step_ns)
    return there, speed
