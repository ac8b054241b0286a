"""What is due when, in virtual time."""
from __future__ import annotations

import heapq
from collections.abc import Callable
from itertools import count

Act = Callable[[int], None]  # takes the time at which it happens [ns]


class Agenda:
    """Acts in the order of their times; those of one time in the order in which they were planned."""

    def __init__(self) -> None:
        self._due: list[tuple[int, int, Act]] = []
        self._order = count()

    def plan(self, due_ns: int, act: Act) -> None:
        """`act` shall happen at `due_ns`."""
        heapq.heappush(self._due, (due_ns, next(self._order), act))

    def run_until(self, now_ns: int) -> None:
        """All that is due up to and including `now_ns`, each at its own time; acts may plan others."""
        while self._due and self._due[0][0] <= now_ns:
            due_ns, _, act = heapq.heappop(self._due)
            act(due_ns)
