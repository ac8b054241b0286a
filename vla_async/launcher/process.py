"""One process of the suite: started in a group of its own, its output in a log file, stopped step by step."""
from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from vla_async.launcher.child import STAND_BY, START
from vla_async.launcher.process_group import signal_group
from vla_async.launcher.python_command import python_command
from vla_async.launcher.spare import Spare
from vla_async.launcher.transport import transport

LOG_TAIL_LINES = 12
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class Command:
    """What to run as a process: a `name` for people, the module whose `main()` it is, and the arguments."""

    name: str
    module: str
    arguments: tuple[str, ...] = ()
    essential: bool = False  # its death ends everything; others are started again
    pictures: bool = False  # sends or reads them
    membership: str = ''  # module whose `join()` a process in reserve calls before it waits
    prefix: tuple[str, ...] = ()  # words before those that run Python: what brings it to another host, say


class ManagedProcess:
    """A command and, while it runs, its operating-system process."""

    def __init__(self, command: Command, environment: Mapping[str, str], log: Path | None) -> None:
        """`log`: the file that it writes into; None: where this process writes."""
        self.command, self.log = command, log
        self.restarts = 0
        self._environment = {**environment, **transport(environment, pictures=command.pictures)}
        self._process: subprocess.Popen[bytes] | None = None
        self._spare: Spare | None = None

    @property
    def name(self) -> str:
        return self.command.name

    @property
    def pid(self) -> int | None:
        """Process id; None before the first start."""
        return None if self._process is None else self._process.pid

    @property
    def pids(self) -> list[int]:
        """Ids of what runs now: the process, its spare."""
        processes = (self._process, self._spare.process if self._spare is not None else None)
        return [process.pid for process in processes if process is not None and process.poll() is None]

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def prepared(self) -> bool:
        """Whether a spare stands by."""
        return self._spare is not None and self._spare.alive

    @property
    def replaceable(self) -> bool:
        """Whether a spare stands by that has prepared everything."""
        return self._spare is not None and self._spare.ready

    @property
    def exit_status(self) -> int | None:
        """How it ended, negative for a signal; None while it runs or was never started."""
        return None if self._process is None else self._process.poll()

    def start(self) -> None:
        """Start it, which is quicker with a spare; the log file is appended to."""
        with _signals_held():
            self._process = self._called_up() or self._spawn(START, subprocess.DEVNULL)

    def prepare(self) -> None:
        """Let a spare stand by for the next start."""
        with _signals_held():
            self.dismiss_spare()
            self._spare = Spare(partial(self._spawn, f'{STAND_BY}:{self.command.membership}'))

    def dismiss_spare(self) -> None:
        """End the spare, if there is one."""
        spare, self._spare = self._spare, None
        if spare is not None:
            spare.dismiss()

    def restart(self) -> None:
        """Start it again after it ended, and count that."""
        self.send(signal.SIGKILL)  # whatever it may have started itself
        self.restarts += 1
        self.start()

    def send(self, number: signal.Signals) -> None:
        """Signal the whole process group; nothing happens when it is gone."""
        if self._process is not None:
            signal_group(self._process, number)

    def wait(self, timeout_s: float) -> bool:
        """Whether it has ended within `timeout_s` seconds."""
        if self._process is None:
            return True
        try:
            self._process.wait(max(timeout_s, 0.0))
        except subprocess.TimeoutExpired:
            return False
        return True

    def log_tail(self) -> str:
        """Last lines that it wrote into its log."""
        if self.log is None or not self.log.is_file():
            return ''
        return '\n'.join(self.log.read_text(errors='replace').splitlines()[-LOG_TAIL_LINES:])

    def _called_up(self) -> subprocess.Popen[bytes] | None:
        spare, self._spare = self._spare, None
        return None if spare is None or self._process is None else spare.call_up(self._process.pid)

    def _spawn(self, how: str, stdin: int) -> subprocess.Popen[bytes]:
        arguments = [*self.command.prefix, *python_command(
            'vla_async.launcher.child', str(os.getpid()), how, self.command.module, *self.command.arguments)]
        if self.log is None:
            return subprocess.Popen(arguments, stdin=stdin, env=self._environment)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open('ab') as log:
            return subprocess.Popen(
                arguments, stdin=stdin, stdout=log, stderr=subprocess.STDOUT, env=self._environment)


@contextmanager
def _signals_held() -> Iterator[None]:
    """Signals that would end us take effect after the block; at a child's birth they would make an orphan of it.

    Masking them would not do: the kernel would give them to another thread, and Python acts on them in this one.
    """
    held: list[int] = []
    before = {number: signal.signal(number, lambda came, _frame: held.append(came)) for number in ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    for came in held:
        signal.raise_signal(came)
