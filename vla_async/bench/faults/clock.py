"""Clocks that jump, for chosen processes: CLOCK_REALTIME, from which ROS time comes, steps as by a time server.

No privilege is needed: a small library, loaded before all others, adds what a file says to every look at that clock.
ROS timers, ages and stamps see the step, sleeps and real-time deadlines do not, as with a true one.
"""
from __future__ import annotations

import shutil
import struct
import subprocess
from collections.abc import Iterable
from pathlib import Path

from vla_async.errors import EnvironmentFault
from vla_async.timebase import NS_PER_S

SOURCE = Path(__file__).with_name('clock_shift.c')


class Clocks:
    """The clocks of the named nodes; processes see them that are started with `environment` in theirs."""

    def __init__(self, folder: Path, names: Iterable[str]) -> None:
        """Raises EnvironmentFault without a C compiler."""
        self._folder, self._shifts_ns = folder, dict.fromkeys(names, 0)
        folder.mkdir(parents=True, exist_ok=True)
        self._library = build(folder)
        for name in self._shifts_ns:
            self._write(name)

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs to have one of these clocks."""
        return {'LD_PRELOAD': str(self._library), 'VLA_ASYNC_CLOCKS': str(self._folder)}

    def jump(self, names: Iterable[str], by_s: float) -> None:
        """Move the clocks of these nodes by `by_s` [s], now."""
        for name in names:
            self._shifts_ns[name] += round(by_s * NS_PER_S)
            self._write(name)

    def _write(self, name: str) -> None:
        with (self._folder / name).open('r+b' if (self._folder / name).exists() else 'wb') as file:
            file.write(struct.pack('=q', self._shifts_ns[name]))  # in place: the processes have it mapped


def build(folder: Path) -> Path:
    """Compile the library into the folder; raises EnvironmentFault that says what is missing."""
    compiler = shutil.which('cc') or shutil.which('gcc') or shutil.which('clang')
    if compiler is None:
        raise EnvironmentFault('to move clocks a C compiler is needed, and there is none; install gcc')
    library = folder / 'clock_shift.so'
    done = subprocess.run([compiler, '-O2', '-fPIC', '-shared', '-o', library, SOURCE, '-ldl', '-lpthread'], text=True,
                          capture_output=True, check=False)
    if done.returncode != 0:
        raise EnvironmentFault(f'{compiler} cannot build {SOURCE.name}:\n{done.stderr}')
    return library
