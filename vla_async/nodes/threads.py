"""The two kinds of threads that nodes have besides their executor's: one that works, one that keeps time."""
from __future__ import annotations

import os
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread, get_native_id

import numpy as np

from vla_async.timebase import NS_PER_MS, NS_PER_S

SWITCH_INTERVAL_S = 0.0005  # a tenth of Python's own
# real-time priorities, below the 40 and 50 of servo loops and controller managers
CONTROL_PRIORITY = 35  # motion and its messages
ACTING_PRIORITY = 20  # what makes chunks: motion goes first
RECOVERY_PRIORITY = 15  # who brings nodes back, and a node that comes back until it works
JOIN_S = 10.0


class Worker:
    """Runs `step` again and again in a thread of its own; `step` waits for its input itself and returns now and then.

    `on_start` is called in the thread before anything else. An exception ends the thread and is handed to `fail`.
    """

    def __init__(self, name: str, step: Callable[[], None], fail: Callable[[BaseException], None],
                 on_start: Callable[[], object] = lambda: None) -> None:
        self._step, self._fail, self._on_start = step, fail, on_start
        self.closing = Event()
        self._begun_s: float | None = None  # when the present step began (monotonic)
        self._thread = Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    @property
    def busy_s(self) -> float:
        """How long the present step has been under way [s]; 0.0 between steps and before the first."""
        begun_s = self._begun_s
        return 0.0 if begun_s is None else time.monotonic() - begun_s

    def close(self) -> None:
        """Let the present step end, and wait for it."""
        self.closing.set()
        self._thread.join(JOIN_S)

    def _run(self) -> None:
        try:
            self._on_start()
            while not self.closing.is_set():
                self._begun_s = time.monotonic()
                self._step()
        except BaseException as error:
            self._fail(error)
        finally:
            self._begun_s = None


class Ticker:
    """Calls `step(late)` on absolute deadlines of the monotonic clock; missed ones are skipped, not caught up."""

    def __init__(self, period_ns: int, step: Callable[[bool], None], fail: Callable[[BaseException], None]) -> None:
        self._period_ns, self._step = period_ns, step
        self._lateness_ns: deque[int] = deque(maxlen=10 * NS_PER_S // period_ns)  # of the last ten seconds
        self._due_ns = 0
        self.ticks, self.late_ticks, self.skipped = 0, 0, 0
        self.realtime = False
        self._worker = Worker('ticker', self._tick, fail)

    def start(self) -> None:
        """Begin, with the first tick at once."""
        self._worker.start()

    def close(self) -> None:
        """Let the present tick be the last."""
        self._worker.close()

    @property
    def busy_s(self) -> float:
        """How long the present tick has been under way [s], the wait for its time included."""
        return self._worker.busy_s

    def lateness_ms(self) -> tuple[float, float]:
        """99th percentile and maximum [ms] over the last ten seconds."""
        if not self._lateness_ns:
            return 0.0, 0.0
        values = np.array(self._lateness_ns) / NS_PER_MS
        return float(np.percentile(values, 99)), float(values.max())

    def _tick(self) -> None:
        if self._due_ns == 0:
            self.realtime = ask_for_realtime()
            self._due_ns = time.monotonic_ns()
        wait_ns = self._due_ns - time.monotonic_ns()
        if wait_ns > 0:
            time.sleep(wait_ns / NS_PER_S)
        late_ns = time.monotonic_ns() - self._due_ns
        self._lateness_ns.append(late_ns)
        self.ticks += 1
        self.late_ticks += late_ns > self._period_ns
        self._step(late_ns > self._period_ns)
        behind = max((time.monotonic_ns() - self._due_ns) // self._period_ns, 0)
        self.skipped += behind
        self._due_ns += (behind + 1) * self._period_ns


def ask_for_realtime(thread: int = 0, priority: int = CONTROL_PRIORITY) -> bool:
    """Real-time priority for a thread, by default the calling one; False where the machine does not grant it."""
    try:
        os.sched_setscheduler(thread, os.SCHED_FIFO, os.sched_param(priority))
    except (OSError, AttributeError):  # AttributeError: not Linux
        return False
    return True


def raise_process(priority: int) -> None:
    """Real-time priority for all threads of this process, and those that they will make, where it is granted."""
    for thread in threads_of_process():
        ask_for_realtime(thread, priority)


def threads_of_process() -> list[int]:
    """Ids of all threads of this process, those of libraries, too; [0], the calling one, where they cannot be told."""
    folder = Path('/proc/self/task')  # Linux
    return [int(task.name) for task in folder.iterdir()] if folder.is_dir() else [0]


def give_up_realtime(thread: int = 0) -> None:
    """Ordinary priority for a thread, by default the calling one, which has inherited another from its maker."""
    if hasattr(os, 'sched_setscheduler'):  # Linux
        os.sched_setscheduler(thread, os.SCHED_OTHER, os.sched_param(0))


def lower_process() -> None:
    """Ordinary priority for all threads of this process."""
    for thread in threads_of_process():
        with suppress(ProcessLookupError):  # it has ended meanwhile
            give_up_realtime(thread)


@contextmanager
def ordinary_priority() -> Iterator[None]:
    """Inside the block the calling thread has no real-time priority: processes that it starts would inherit it."""
    if not hasattr(os, 'sched_setscheduler'):  # not Linux
        yield
        return
    policy, parameters = os.sched_getscheduler(0), os.sched_getparam(0)
    give_up_realtime()
    try:
        yield
    finally:
        os.sched_setscheduler(0, policy, parameters)


def take_turns_quickly() -> None:
    """Let callbacks keep the interpreter from the thread that matters for no longer than SWITCH_INTERVAL_S."""
    sys.setswitchinterval(SWITCH_INTERVAL_S)


def limit_model_threads(count: int) -> None:
    """Tell numeric libraries that are loaded from now on to use `count` threads each.

    On a machine that is busy with other nodes more threads make a model slower, not faster: they wait for each other.
    """
    for name in ('OMP_NUM_THREADS', 'MKL_NUM_THREADS', 'OPENBLAS_NUM_THREADS'):
        os.environ[name] = str(count)
    os.environ['OMP_WAIT_POLICY'] = 'PASSIVE'


def be_nice(niceness: int) -> None:
    """Let the calling thread yield to others by `niceness` (1 to 19), or go before them (-20 to -1) where it may.

    In real time that says nothing: it gets ordinary priority.
    """
    give_up_realtime()
    with suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, get_native_id(), niceness)
