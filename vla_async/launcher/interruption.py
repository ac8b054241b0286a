"""Signals that end a command unwind its stack, so that nothing is left behind."""
from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


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
