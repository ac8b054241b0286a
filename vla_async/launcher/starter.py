"""All processes of a run: started together, watched, started again when they die, stopped in stages."""
from __future__ import annotations

import os
import signal
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from vla_async.errors import VlaAsyncError
from vla_async.launcher.process import Command, ManagedProcess
from vla_async.launcher.shared_memory import children_of, owned_by, ports_of, remove_abandoned

MAX_RESTARTS, RESTART_WINDOW_S = 5, 60.0  # of one process; more often is a fault that restarting does not cure
SCAN_PERIOD_S = 1.0
SPARE_DELAY_S, SPARE_PERIOD_S = 60.0, 5.0  # from a start, which it must not hold up, to its spare; from spare to spare
ESCALATION = ((signal.SIGINT, 10.0), (signal.SIGTERM, 2.0), (signal.SIGKILL, 2.0))  # signal, patience [s]


class ProcessDied(VlaAsyncError):
    """A process that the others cannot do without ended, or one ended again and again."""

    def __init__(self, process: ManagedProcess) -> None:
        self.process = process
        status = process.exit_status
        how = f'signal {signal.Signals(-status).name}' if status is not None and status < 0 else f'exit status {status}'
        after = f' after {process.restarts} restarts' if process.restarts else ''
        tail = '' if process.log is None else f'; the end of {process.log}:\n{process.log_tail()}'
        super().__init__(f'{process.name} died with {how}{after}{tail}')


class Starter:
    """A context: the processes live inside the `with` block and are gone, with what they left, after it.

    Stopped are first the processes named in `stop_first`, then the others, then those in `stop_last`.
    Use it from the main thread only.
    """

    def __init__(self, commands: Iterable[Command], environment: Mapping[str, str], logs: Path | None = None,
                 stop_first: tuple[str, ...] = (), stop_last: tuple[str, ...] = (),
                 spare_delay_s: float = SPARE_DELAY_S, alone: bool = True) -> None:
        """`logs`: the folder that they write into; None: where this process writes. `alone`: nobody else is on their
        ROS domain, so that what lies in its shared memory is theirs.
        """
        self.processes = {c.name: ManagedProcess(c, environment, None if logs is None else logs / f'{c.name}.log')
                          for c in commands}
        self._stop_first, self._stop_last = stop_first, stop_last
        self._spare_delay_s = spare_delay_s
        self._restart_times: dict[str, deque[float]] = {name: deque() for name in self.processes}
        self._shared_memory = ports_of(int(environment.get('ROS_DOMAIN_ID') or 0)) if alone else set()
        self._scanned_s = float('-inf')
        self._prepared_s = float('-inf')
        self._begun_s: dict[str, float] = {}  # when a process, or a spare for it, was started last

    @property
    def restarts(self) -> int:
        """How many times a process was started again."""
        return sum(process.restarts for process in self.processes.values())

    def __enter__(self) -> Starter:
        try:
            for process in self.processes.values():
                process.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.stop()

    def poll(self, now_s: float) -> list[str]:
        """Start again what died since the last call and return its names; call it a few times a second.

        Raises ProcessDied for an essential process, and for one that dies more than MAX_RESTARTS times in
        RESTART_WINDOW_S. `now_s`: a monotonic time [s].
        """
        self._scan(now_s)
        dead = [process for process in self.processes.values() if not process.running]
        for process in dead:
            if process.command.essential or not self._may_restart(process.name, now_s):
                raise ProcessDied(process)
            process.restart()
            self._begun_s[process.name] = now_s
        self._prepare_spare(now_s)
        return [process.name for process in dead]

    def stop(self) -> None:
        """End all processes, politely first; a Ctrl-C meanwhile ends them at once. Removes their shared memory."""
        try:
            for stage in self._stages():
                self._scan(float('inf'))
                _end(stage, ESCALATION)
        finally:
            with _undisturbed():
                for process in self.processes.values():
                    process.dismiss_spare()
                _end(list(self.processes.values()), ESCALATION[-1:])
                remove_abandoned(self._shared_memory)

    def _stages(self) -> list[list[ManagedProcess]]:
        def stage_of(name: str) -> int:
            return 0 if name in self._stop_first else 2 if name in self._stop_last else 1
        return [[p for name, p in self.processes.items() if stage_of(name) == stage] for stage in range(3)]

    def _prepare_spare(self, now_s: float) -> None:
        """Let a spare stand by for one of the processes that has none and would be started again."""
        for name, process in self.processes.items():
            old_enough = now_s - self._begun_s.setdefault(name, now_s) >= self._spare_delay_s
            if old_enough and not (process.command.essential or process.prepared):
                if now_s - self._prepared_s >= SPARE_PERIOD_S:
                    self._prepared_s = self._begun_s[name] = now_s  # one that cannot prepare is not tried at once again
                    process.prepare()
                return

    def _may_restart(self, name: str, now_s: float) -> bool:
        times = self._restart_times[name]
        while times and now_s - times[0] > RESTART_WINDOW_S:
            times.popleft()
        times.append(now_s)
        return len(times) <= MAX_RESTARTS

    def _scan(self, now_s: float) -> None:
        """Note which shared memory the processes hold now: of a killed one it cannot be known afterwards."""
        if now_s - self._scanned_s < SCAN_PERIOD_S:
            return
        self._scanned_s = now_s
        running = [pid for process in self.processes.values() for pid in process.pids]
        children = [child for pid in running for child in children_of(pid)]
        for pid in (*running, *children, os.getpid()):  # Fast DDS forgets ports even of one that ends well, as ours
            self._shared_memory |= owned_by(pid)


def _end(processes: list[ManagedProcess], escalation: Iterable[tuple[signal.Signals, float]]) -> None:
    for number, patience_s in escalation:
        left = [process for process in processes if process.running]
        for process in left:
            process.send(number)
        deadline = time.monotonic() + patience_s
        for process in left:
            process.wait(deadline - time.monotonic())


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Neither Ctrl-C nor SIGTERM interrupts the block; both work as before after it."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
