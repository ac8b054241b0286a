"""Processes that die or stand still."""
from __future__ import annotations

import signal
from functools import partial

from vla_async.bench.faults.fault import Context, Fault
from vla_async.bench.faults.graph import NODES
from vla_async.bench.faults.judge import COMES_BACK, GOES_ON, RESTS

STOP_S = (0.1, 5.0)
WATCHERS = ('recorder', 'motion_markers', 'lifecycle_manager')  # of no concern to the motion
ROBOT = 'robot_simulator'


def kill(name: str, context: Context) -> None:
    """As the kernel does when memory is short."""
    context.awaited = name
    context.driver.watch.figures.health.pop(name, None)  # what it says next, it says as a new process
    context.begin()
    context.signal(name, signal.SIGKILL)


def stop(name: str, context: Context) -> None:
    """Stand still for a while, as a process that swaps or is being debugged."""
    context.signal(name, signal.SIGSTOP)
    try:
        context.driver.wait(context.rng.uniform(*STOP_S))
    finally:
        context.signal(name, signal.SIGCONT)


def _after_death(name: str) -> str:
    # a robot that comes back is elsewhere than it was: somebody must look and release the bridge
    return RESTS if name == ROBOT else GOES_ON if name in WATCHERS else COMES_BACK


FAULTS = (
    *(Fault(f'kill {name}', partial(kill, name), _after_death(name), resets=name == ROBOT, victim=name)
      for name in NODES),
    # one that stands still for long may be taken for dead, and then is started again
    *(Fault(f'stop {name}', partial(stop, name), GOES_ON if name in WATCHERS else COMES_BACK, victim=name)
      for name in NODES),
)
