"""Quantiles of a stream in constant memory."""
from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from vla_async.types import FloatArray

LOWEST, RATIO, BINS = 1e-3, 1.01, 2400  # up to 2e7; a quantile is off by half a per cent at most


class Histogram:
    """Counts of non-negative values in bins that grow by a per cent; smallest bin: all below LOWEST."""

    def __init__(self) -> None:
        self.counts = np.zeros(BINS, dtype=np.int64)
        self.largest = 0.0

    def add(self, values: FloatArray) -> None:
        """Count values (N,)."""
        if values.size == 0:
            return
        places = np.log(np.maximum(values, LOWEST) / LOWEST) / np.log(RATIO)
        self.counts += np.bincount(np.clip(places.astype(np.intp), 0, BINS - 1), minlength=BINS)
        self.largest = max(self.largest, float(values.max()))

    def merge(self, other: Histogram) -> None:
        """Count what `other` has counted."""
        self.counts += other.counts
        self.largest = max(self.largest, other.largest)

    def spread(self) -> Mapping[str, float | None]:
        """p50, p99 and max; None each when nothing was counted."""
        total = int(self.counts.sum())
        if total == 0:
            return {'p50': None, 'p99': None, 'max': None}
        return {'p50': self._quantile(0.50, total), 'p99': self._quantile(0.99, total), 'max': self.largest}

    def _quantile(self, share: float, total: int) -> float:
        place = int(np.searchsorted(np.cumsum(self.counts), share * total))
        return min(LOWEST * RATIO ** (place + 0.5), self.largest)
