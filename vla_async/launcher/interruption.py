"""Signals that end a command unwind its stack, so that nothing is left behind; or wait until it may be ended."""
from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def terminated_like_interrupted() -> Iterator[None]:
    """SIGTERM and SIGHUP unwind the stack as Ctrl-C does, so that nothing is left behind.

    So does SIGINT where it was inherited as ignored, as by a job that a shell script started in the background.
    """
    def leave(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)
    before = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    before[signal.SIGINT] = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Postponed:
    """Signals that would end the command wait until the end of the block. A second one takes effect at once.

    For the main thread, and for work that is torn when it is left in the middle and soon looks at `asked` again.
    """

    def __init__(self) -> None:
        self._number = 0

    @property
    def asked(self) -> bool:
        """Whether there was one."""
        return self._number != 0

    def __enter__(self) -> Postponed:
        self._before = {number: signal.signal(number, self._note) for number in ENDING}
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 traceback: TracebackType | None) -> None:
        self._restore()
        if self.asked and error is None:
            signal.raise_signal(self._number)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        again, self._number = self.asked, number
        if again:
            self._restore()
            signal.raise_signal(number)

    def _restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)


@contextmanager
def deaf_children() -> Iterator[None]:
    """Processes started in the block never hear such signals: a terminal tells them all, and they are still needed."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
