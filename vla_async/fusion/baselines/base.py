"""What the fusers of the field have in common: actions on a grid of ticks, sent as they are, held in between.

They are here to be compared with and chosen. They keep no limits, know no rest and send positions only, as published.
"""
from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import ArrayLike

from vla_async.types import ActionChunk, FloatArray, FusionReport, JointCommand


class Baseline(ABC):
    """Chunks in, set-points out. `synchronous`: the next chunk is asked for when the present one is used up."""

    synchronous = False

    def reset(self, stamp_ns: int, position: ArrayLike) -> None:
        """Start anew: hold `position` (D,) [rad or m] until the first chunk."""
        self._clear(stamp_ns, np.array(position, dtype=np.float64))

    def add(self, chunk: ActionChunk, now_ns: int) -> FusionReport:
        """Go over to a chunk that arrived at `now_ns`; refused only when nothing of it lies ahead."""
        taken = self._take(chunk, now_ns)
        return FusionReport(chunk.sequence, taken, '' if taken else 'entirely in the past',
                            delay_s=(now_ns - chunk.stamp_ns) / 1e9)

    def command(self, t_ns: int) -> JointCommand:
        """Set-point of time `t_ns`; velocity and acceleration are not sent and NaN."""
        position = self._position(t_ns)
        unknown = np.full_like(position, np.nan)
        return JointCommand(t_ns, position, unknown, unknown)

    @abstractmethod
    def _clear(self, stamp_ns: int, position: FloatArray) -> None:
        """Forget everything and hold `position`."""

    @abstractmethod
    def _take(self, chunk: ActionChunk, now_ns: int) -> bool:
        """Work the chunk in; whether anything of it was used."""

    @abstractmethod
    def _position(self, t_ns: int) -> FloatArray:
        """Position (D,) that is sent at a time."""


class QueueBaseline(Baseline):
    """A queue of actions, one per tick of the chunks' step; an empty queue leaves the last action standing."""

    def _clear(self, stamp_ns: int, position: FloatArray) -> None:
        self._step_ns, self._first = 0, 0
        self._queue = position[None]  # (N, D), row 0 at tick `first`

    def _take(self, chunk: ActionChunk, now_ns: int) -> bool:
        self._step_ns = chunk.step_ns
        tick = now_ns // chunk.step_ns + 1  # the next one that is not sent yet
        skip = max(tick - round(chunk.stamp_ns / chunk.step_ns), 0)
        if skip >= len(chunk.positions):
            return False
        ahead, sent = self._ahead(tick), self._position(now_ns)
        fused = self._fuse(ahead, chunk.positions[skip:])
        self._first, self._queue = tick - 1, np.concatenate([sent[None], fused])
        return True

    def _ahead(self, tick: int) -> FloatArray:
        """Actions (N, D) that are still queued from `tick` on."""
        return self._queue[max(tick - self._first, 0):] if self._first else self._queue[:0]

    def _position(self, t_ns: int) -> FloatArray:
        tick = t_ns // self._step_ns if self._step_ns else 0
        position: FloatArray = self._queue[min(max(tick - self._first, 0), len(self._queue) - 1)]
        return position

    @abstractmethod
    def _fuse(self, old: FloatArray, new: FloatArray) -> FloatArray:
        """New queue (N, D) from the old one (M, D) and the chunk's rows (N, D), both from the same tick on."""
