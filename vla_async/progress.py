"""A progress bar on a terminal; now and then a line where there is none, as in a log file."""
from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

LINE_PERIOD_S = 10.0
T = TypeVar('T')


class ProgressBar:
    """A context; `update` is called as often as one likes."""

    def __init__(self, name: str, console: Console | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self.console = console or Console()
        self._bar = Progress(TextColumn('{task.description}'), BarColumn(20), MofNCompleteColumn(),
                             TimeRemainingColumn(), console=self.console, disable=not self.console.is_terminal)
        self._name, self._clock = name, clock
        self._row = self._bar.add_task(name, total=None)
        self._told_s = clock()

    def __enter__(self) -> ProgressBar:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def update(self, done: int, total: int, description: str | None = None) -> None:
        """`done` of `total` steps are done; `description` replaces the name."""
        self._bar.update(self._row, completed=done, total=total, description=description)
        now_s = self._clock()
        if not self.console.is_terminal and (now_s - self._told_s >= LINE_PERIOD_S or done == total):
            self._told_s = now_s
            self.console.print(f'{self._name}: {done} of {total}')

    def track(self, items: Iterable[T], total: int) -> Iterator[T]:
        """The items, counted as they are taken."""
        for done, item in enumerate(items, 1):
            yield item
            self.update(done, total)
