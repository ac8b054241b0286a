"""What the machine itself may do: no room on the disk, no time on the processor."""
from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from vla_async.bench.faults.fault import Context, Fault
from vla_async.bench.faults.judge import GOES_ON

FULL_S, HOG_S = 3.0, 3.0


def disk_full(context: Context) -> None:
    """The recorder cannot write one more byte: its files must not grow any further.

    A file system of our own, filled up, would need privileges; to the recorder both are a write that fails.
    """
    pid = context.starter.processes['recorder'].pid
    if pid is None:
        raise ProcessLookupError('recorder')
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    try:
        context.driver.wait(FULL_S)
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        context.signal('recorder', signal.SIGKILL)  # what was not recorded is lost; a new one begins anew


def hog(context: Context) -> None:
    """Programs that nobody asked for take all of every core that they can get."""
    with _busy(os.cpu_count() or 1):
        context.begin()
        context.driver.wait(HOG_S)


@contextmanager
def _busy(count: int) -> Iterator[None]:
    programs = [subprocess.Popen([sys.executable, '-S', '-c', 'while True: pass'], start_new_session=True)
                for _ in range(count)]
    try:
        yield
    finally:
        for program in programs:
            program.kill()
            program.wait()


FAULTS = (Fault('disk full for the recorder', disk_full, GOES_ON), Fault('every core busy', hog))
