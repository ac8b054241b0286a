"""Percentiles of any number of durations in constant memory."""
from __future__ import annotations

import math

import numpy as np

from vla_async.timebase import NS_PER_MS

LEAST_NS, GREATEST_NS = 1_000, 10**12  # what lies outside counts as these
RESOLUTION = 0.01  # width of a bin, relative to its value: percentiles are as exact as this
BINS = math.ceil(math.log(GREATEST_NS / LEAST_NS) / RESOLUTION) + 1


class Durations:
    """Counts durations in bins of equal ratio: 17 kB, however many come."""

    def __init__(self) -> None:
        self._counts = np.zeros(BINS, dtype=np.int64)
        self._greatest_ns = 0

    def add(self, duration_ns: int) -> None:
        """One more."""
        inside = min(max(duration_ns, LEAST_NS), GREATEST_NS)
        self._counts[int(math.log(inside / LEAST_NS) / RESOLUTION)] += 1
        self._greatest_ns = max(self._greatest_ns, duration_ns)

    def summary_ms(self) -> dict[str, float] | None:
        """p50 and p99, exact to RESOLUTION, and the exact maximum [ms]; None without any."""
        total = int(self._counts.sum())
        if total == 0:
            return None
        return {'p50': self._percentile_ms(0.50 * total), 'p99': self._percentile_ms(0.99 * total),
                'max': self._greatest_ns / NS_PER_MS}

    def _percentile_ms(self, rank: float) -> float:
        index = int(np.searchsorted(np.cumsum(self._counts), rank))
        middle_ns = LEAST_NS * math.exp((index + 0.5) * RESOLUTION)
        return min(middle_ns, self._greatest_ns) / NS_PER_MS
