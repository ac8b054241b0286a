"""Fusers that work action by action on equal ticks: nothing is known of velocity or acceleration."""
from __future__ import annotations

from abc import abstractmethod

import numpy as np

from vla_async.fusion.baselines.base import Baseline, first_tick
from vla_async.fusion.config import FuserConfig
from vla_async.types import ActionChunk, FloatArray

LEROBOT_WEIGHTS = {'weighted_average': 0.7, 'latest_only': 1.0, 'average': 0.5, 'conservative': 0.3}
# Ticks of what was sent that are kept when a chunk comes, so that a reader a little behind still finds its motion.
HISTORY = 4


class QueueBaseline(Baseline):
    """A queue of actions, one per tick of the chunks' step; an empty queue leaves the last action standing."""

    def _clear(self, stamp_ns: int, position: FloatArray) -> None:
        self._step_ns, self._first = 0, 0
        self._queue = position[None]  # (N, D), row 0 at tick `first`

    def _take(self, chunk: ActionChunk, now_ns: int) -> str:
        tick = now_ns // chunk.step_ns + 1  # the next one that is not sent yet
        skip = max(tick - first_tick(chunk), 0)
        if skip >= len(chunk.positions):
            return 'entirely in the past'
        self._play(self._fuse(self._ahead(tick), chunk.positions[skip:]), tick, chunk.step_ns)
        return ''

    def _play(self, rows: FloatArray, tick: int, step_ns: int) -> None:
        """Send `rows` (N, D) from `tick` on."""
        sent = [self._position((tick - HISTORY + i) * step_ns) for i in range(HISTORY)]
        self._step_ns, self._first, self._queue = step_ns, tick - HISTORY, np.concatenate([sent, rows])

    def _ahead(self, tick: int) -> FloatArray:
        """Actions (N, D) that are still queued from `tick` on."""
        return self._queue[max(tick - self._first, 0):] if self._first else self._queue[:0]

    def _position(self, t_ns: int) -> FloatArray:
        tick = t_ns // self._step_ns if self._step_ns else 0
        position: FloatArray = self._queue[min(max(tick - self._first, 0), len(self._queue) - 1)]
        return position

    def _tick_ns(self, step_ns: int) -> int:
        return self._step_ns or step_ns

    @abstractmethod
    def _fuse(self, old: FloatArray, new: FloatArray) -> FloatArray:
        """New queue (N, D) from the old one (M, D) and the chunk's rows (N, D), both from the same tick on."""


class HardSwitch(QueueBaseline):
    """The newest chunk from its row for the present on: q_k = new_k. RTC's paper calls it naive async [2506.07339]."""

    def _fuse(self, old: FloatArray, new: FloatArray) -> FloatArray:
        return new


class LerobotAggregate(QueueBaseline):
    """LeRobot's async client: q_k = w new_k + (1 - w) old_k where both have tick k, else new_k.

    w is 0.7 (weighted_average), 1 (latest_only), 0.5 (average) or 0.3 (conservative); `AGGREGATE_FUNCTIONS` in
    lerobot/async_inference/configs.py.
    """

    def __init__(self, config: FuserConfig, kind: str) -> None:
        super().__init__(config)
        self._weight = LEROBOT_WEIGHTS[kind]

    def _fuse(self, old: FloatArray, new: FloatArray) -> FloatArray:
        both = min(len(old), len(new))
        fused = new.copy()
        fused[:both] = self._weight * new[:both] + (1.0 - self._weight) * old[:both]
        return fused


class PhysicalaiLerp(QueueBaseline):
    """Intel's physicalai: over the first n = 5 ticks q_k = w_k old_k + (1 - w_k) new_k, w_k = max(1 - k / n, 0)."""

    TICKS = 5

    def _fuse(self, old: FloatArray, new: FloatArray) -> FloatArray:
        both = min(len(old), len(new))
        weight = np.maximum(1.0 - np.arange(both) / self.TICKS, 0.0)[:, None]
        fused = new.copy()
        fused[:both] = weight * old[:both] + (1.0 - weight) * new[:both]
        return fused


class OpenpiBroker(QueueBaseline):
    """openpi's ActionChunkBroker: plays the first HORIZON rows of a chunk from row 0 on, then asks for the next one.

    It stands still meanwhile, and plays what was planned for the past: no row is skipped for the delay. Chunks that
    come without being asked for are refused.
    """

    synchronous = True

    HORIZON = 25

    def used_up(self, t_ns: int) -> bool:
        """Whether the last action of the chunk has been sent."""
        return not self._step_ns or t_ns // self._step_ns - self._first >= len(self._queue) - 1

    def _take(self, chunk: ActionChunk, now_ns: int) -> str:
        if not self.used_up(now_ns):
            return 'not asked for: the chunk under way is not used up'
        self._play(chunk.positions[:self.HORIZON], now_ns // chunk.step_ns + 1, chunk.step_ns)
        return ''

    def _fuse(self, old: FloatArray, new: FloatArray) -> FloatArray:
        return new


class BidSelection(HardSwitch):
    """Bidirectional decoding [2408.17355], its backward coherence: of N sampled chunks the one that continues the old.

        a* = argmin_a sum_k rho^k |a_k - old_k|

    Then switched to at once. The forward contrast needs a weaker policy to sample from and is left out.
    """

    RHO = 0.9
    samples = 16

    def choose(self, candidates: list[ActionChunk], now_ns: int) -> ActionChunk:
        """The candidate to `add`; all have the same stamp and step."""
        first = candidates[0]
        tick = now_ns // first.step_ns + 1
        old, skip = self._ahead(tick), max(tick - round(first.stamp_ns / first.step_ns), 0)
        both = min(len(old), len(first.positions) - skip)
        if both <= 0:
            return first
        weight = self.RHO ** np.arange(both)
        costs = [float(weight @ np.linalg.norm(c.positions[skip:skip + both] - old[:both], axis=1)) for c in candidates]
        return candidates[int(np.argmin(costs))]
