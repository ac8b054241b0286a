"""Fusers that work action by action on equal ticks: nothing is known of velocity or acceleration."""
from __future__ import annotations

import numpy as np

from vla_async.fusion.baselines.base import QueueBaseline
from vla_async.types import ActionChunk, FloatArray

LEROBOT_WEIGHTS = {'weighted_average': 0.7, 'latest_only': 1.0, 'average': 0.5, 'conservative': 0.3}


class HardSwitch(QueueBaseline):
    """The newest chunk from its row for the present on: q_k = new_k. RTC's paper calls it naive async [2506.07339]."""

    def _fuse(self, old: FloatArray, new: FloatArray) -> FloatArray:
        return new


class LerobotAggregate(QueueBaseline):
    """LeRobot's async client: q_k = w new_k + (1 - w) old_k where both have tick k, else new_k.

    w is 0.7 (weighted_average), 1 (latest_only), 0.5 (average) or 0.3 (conservative); `AGGREGATE_FUNCTIONS` in
    lerobot/async_inference/configs.py.
    """

    def __init__(self, kind: str) -> None:
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
    """openpi's ActionChunkBroker: plays the first `horizon` rows of a chunk from row 0 on, then asks for the next one.

    It stands still meanwhile, and plays what was planned for the past: no row is skipped for the delay.
    """

    synchronous = True

    def __init__(self, horizon: int = 25) -> None:
        self._horizon = horizon

    def used_up(self, t_ns: int) -> bool:
        """Whether the last action of the chunk has been sent."""
        return not self._step_ns or t_ns // self._step_ns - self._first >= len(self._queue) - 1

    def _take(self, chunk: ActionChunk, now_ns: int) -> bool:
        sent = self._position(now_ns)
        self._step_ns, self._first = chunk.step_ns, now_ns // chunk.step_ns
        self._queue = np.concatenate([sent[None], chunk.positions[:self._horizon]])
        return True

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
