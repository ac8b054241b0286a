"""What becomes of the messages of one topic on their way: pure, in times that are given. Messages are serialised.

In all messages that are relayed the header comes first, so the stamp lies in bytes 4 to 12 (CDR, little endian).
"""
from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterator

import numpy as np

PASS, CUT, LOSSY = 'pass', 'cut', 'lossy'
FROZEN, STALE = 'frozen', 'stale'  # one picture for ever: with the stamps of new ones, or with its own
TREATMENTS = (PASS, CUT, LOSSY, FROZEN, STALE)
LOSS, JITTER_S = 0.2, 0.2
STAMP = slice(4, 12)


class Link:
    """The way of one topic."""

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed)
        self._order = itertools.count()
        self._waiting: list[tuple[float, int, bytes]] = []  # (due, order, message)
        self._kept: bytes | None = None
        self._treatment = PASS

    def treat(self, treatment: str) -> None:
        """Treat messages so from now on; raises ValueError for an unknown treatment."""
        if treatment not in TREATMENTS:
            raise ValueError(f'unknown treatment {treatment!r}; valid: {", ".join(TREATMENTS)}')
        self._treatment, self._kept = treatment, None

    def put(self, message: bytes, now_s: float) -> None:
        """A message has come."""
        if self._treatment == CUT or (self._treatment == LOSSY and self._rng.random() < LOSS):
            return
        delay_s = self._rng.uniform(0.0, JITTER_S) if self._treatment == LOSSY else 0.0
        heapq.heappush(self._waiting, (now_s + delay_s, next(self._order), self._changed(message)))

    def due(self, now_s: float) -> Iterator[bytes]:
        """What is to go on by now."""
        while self._waiting and self._waiting[0][0] <= now_s:
            yield heapq.heappop(self._waiting)[2]

    def _changed(self, message: bytes) -> bytes:
        if self._treatment not in (FROZEN, STALE):
            return message
        self._kept = self._kept or message
        if self._treatment == STALE:
            return self._kept
        return self._kept[:STAMP.start] + message[STAMP] + self._kept[STAMP.stop:]
