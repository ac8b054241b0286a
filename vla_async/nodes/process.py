"""How every node process runs: one executor in the main thread, a clean end on SIGINT and SIGTERM.

rclpy's own signal handlers are not used: they end the context first, after which a bridge could not bring its
robot to rest any more.
"""
from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

from vla_async.errors import VlaAsyncError
from vla_async.nodes.clock_reader import ClockReader
from vla_async.nodes.membership import leave, predecessor
from vla_async.nodes.threads import RECOVERY_PRIORITY, lower_process, raise_process

POLL_S = 0.1  # a signal is noticed within this time
RECOVERY_S = 3.0


class Stop:
    """Set by the first SIGINT or SIGTERM; a second one kills, as a user who presses Ctrl-C twice means it."""

    def __init__(self) -> None:
        self.requested = False

    def install(self) -> None:
        """Take over both signals, also where a shell told a background job to ignore them."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._request)

    def _request(self, number: int, _frame: FrameType | None) -> None:
        self.requested = True
        signal.signal(number, signal.SIG_DFL)


def run(make_node: Callable[[], Node], args: Sequence[str] | None = None, *, priority: int = 0,
        settle: Callable[[], object] = lambda: None) -> int:
    """Run the node until a signal; returns the exit status (1 after an error that a user can mend).

    A node that has `close()` is told to stop all work while the ROS context still lives; one whose `failure` is set
    (a thread of it died) ends the process with that error, for whoever supervises it to start it again. All threads
    have real-time `priority`, unless it is 0, where the machine grants it: for nodes with little work, which motion
    waits for. `settle` is called in the main thread when the node is there, and with it the threads of DDS, which
    carry the messages: what it does about the priority concerns the callbacks alone.

    A node that takes the place of one that died goes before ordinary programs at first: it settles after RECOVERY_S,
    and is back before the robot has to rest.
    """
    stop = Stop()
    stop.install()
    comes_back = predecessor() is not None
    if priority or comes_back:
        raise_process(priority or RECOVERY_PRIORITY)
    if not rclpy.ok():  # a process that stood by has joined the graph already
        rclpy.init(args=list(sys.argv if args is None else args), signal_handler_options=SignalHandlerOptions.NO)
    if comes_back:
        settling = Settling(settle if priority else lower_process, RECOVERY_S)
    else:
        settling = Settling(settle, 0.0)
    try:
        _spin(make_node, stop, settling)
    except VlaAsyncError as error:
        sys.stderr.write(f'error: {error}\n')
        return 1
    finally:
        rclpy.try_shutdown()
    return 0


def _spin(make_node: Callable[[], Node], stop: Stop, settling: Settling) -> None:
    node = make_node()
    settling.look()
    leave()
    name_process(node.get_name())
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    deaths: list[BaseException] = []
    clock = ClockReader(node, deaths.append)
    try:
        while not stop.requested:
            executor.spin_once(timeout_sec=POLL_S)
            settling.look()
            if getattr(node, 'failure', None) is not None:
                raise node.failure
            if deaths:
                raise deaths[0]
    finally:
        close = getattr(node, 'close', None)
        if close is not None:
            close()
        clock.close()  # until now: a robot comes to rest in the node's time
        executor.shutdown()
        node.destroy_node()


class Settling:
    """Calls `settle` once, at the first look after so many seconds."""

    def __init__(self, settle: Callable[[], object], after_s: float) -> None:
        self._settle, self._due_s, self._done = settle, time.monotonic() + after_s, False

    def look(self) -> None:
        if not self._done and time.monotonic() >= self._due_s:
            self._done = True
            self._settle()


def name_process(name: str) -> None:
    """Show `name` in ps and top (Linux keeps 15 characters)."""
    path = Path('/proc/self/comm')
    if path.exists():
        path.write_text(name[:15])
