"""ACT's temporal ensembling: every chunk that says something about a tick has a vote on it."""
from __future__ import annotations

from collections import deque

import numpy as np

from vla_async.fusion.baselines.base import Baseline, first_tick
from vla_async.types import ActionChunk, FloatArray


class TemporalEnsemble(Baseline):
    """q_k = sum_i w_i a_k^(i) / sum_i w_i over all chunks i with tick k, w_i = exp(-m i), oldest first [2304.13705].

    m = 0.01 as in ACT and in LeRobot's `temporal_ensemble_coeff`.
    """

    M = 0.01

    def _clear(self, stamp_ns: int, position: FloatArray) -> None:
        self._chunks: deque[tuple[int, FloatArray]] = deque()
        self._step_ns, self._last = 0, position

    def _take(self, chunk: ActionChunk, now_ns: int) -> str:
        self._last = self._position(now_ns)
        self._step_ns = chunk.step_ns
        tick = now_ns // chunk.step_ns
        while self._chunks and self._chunks[0][0] + len(self._chunks[0][1]) <= tick:
            self._chunks.popleft()
        first = first_tick(chunk)
        if first + len(chunk.positions) <= tick:
            return 'entirely in the past'
        self._chunks.append((first, chunk.positions))
        return ''

    def _position(self, t_ns: int) -> FloatArray:
        tick = t_ns // self._step_ns if self._step_ns else 0
        votes = [rows[tick - first] for first, rows in self._chunks if 0 <= tick - first < len(rows)]
        if not votes:
            return self._chunks[-1][1][-1] if self._chunks and tick >= self._chunks[-1][0] else self._last
        weights = np.exp(-self.M * np.arange(len(votes)))
        position: FloatArray = weights @ np.array(votes) / weights.sum()
        return position

    def _tick_ns(self, step_ns: int) -> int:
        return self._step_ns or step_ns
