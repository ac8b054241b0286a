"""What was sent in the last second: what a controller says later is about a time that is past then."""
from __future__ import annotations

from bisect import bisect_left
from collections import deque

from vla_async.timebase import NS_PER_MS, NS_PER_S
from vla_async.types import FloatArray

KEPT_NS = NS_PER_S  # a controller's state that comes later than this says nothing
LONGEST_NS = 50 * NS_PER_MS  # set-points further apart than this do not tell what was between them


class SentRecord:
    """Positions (D,) [rad or m] by the times that they were sent for."""

    def __init__(self) -> None:
        self._rows: deque[tuple[int, FloatArray]] = deque()

    def add(self, now_ns: int, position: FloatArray) -> None:
        """What is sent now. What was sent for the same time or a later one, by a clock that was set, is forgotten."""
        rows = self._rows
        while rows and rows[-1][0] >= now_ns:
            rows.pop()
        while rows and rows[0][0] < now_ns - KEPT_NS:
            rows.popleft()
        rows.append((now_ns, position))

    def at(self, at_ns: int) -> FloatArray | None:
        """What was sent for a time, between set-points on the straight line; None where that is not known."""
        after = bisect_left(self._rows, at_ns, key=lambda row: row[0])
        if not 0 < after < len(self._rows):
            return None
        (from_ns, begin), (to_ns, end) = self._rows[after - 1], self._rows[after]
        if to_ns - from_ns > LONGEST_NS:
            return None
        return begin + (at_ns - from_ns) / (to_ns - from_ns) * (end - begin)
