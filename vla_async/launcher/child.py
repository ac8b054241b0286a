"""Runs `main()` of a module in a child that does not outlive its starter, not even one that was killed.

`python -m vla_async.launcher.child <pid of the starter> start|stand-by[:<membership>] <module> [arguments]`

A child that stands by imports the module and waits until it reads a line: the id of the process that it replaces. A
module whose `main()` takes long to get to work may offer `prepare(arguments)`: it does there what needs nobody else,
and returns what is then run instead. Getting to know the others is done ahead, too: `join()` of a module named as the
membership, `succeed(id)` when called up, and `leave()` after a vain wait.
"""
from __future__ import annotations

import importlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

START, STAND_BY = 'start', 'stand-by'
CHECK_PERIOD_S = 0.5
GRACE_S = 5.0  # from the polite signal to the hard one
LEAST_PRIORITY = 19

Prepared = TypeVar('Prepared')


def follow(starter: int) -> None:
    """End this process soon after `starter` is no longer its parent: SIGTERM first, SIGKILL when that is of no use."""
    while os.getppid() == starter:
        time.sleep(CHECK_PERIOD_S)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_S)
    os.kill(os.getpid(), signal.SIGKILL)


def stand_by(module: str, membership: str) -> Callable[[], int]:
    """Prepare, join, say so, and return what to run when called up; end when the starter is gone."""
    work = at_low_priority(partial(_prepared, module))
    members = importlib.import_module(membership) if membership else None
    if members is not None:
        members.join()
    replaced = _called_up()
    if members is not None and replaced:
        members.succeed(int(replaced))
    elif members is not None:
        members.leave()
    if not replaced:
        os._exit(0)
    return work


def at_low_priority(prepare: Callable[[], Prepared]) -> Prepared:
    """What `prepare` returns, made at the expense of nobody. When it fails, having said why, the process ends."""
    made: list[Prepared] = []

    def work() -> None:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), LEAST_PRIORITY)  # of this thread alone
        made.append(prepare())
    preparation = threading.Thread(target=work, name='stand by', daemon=True)
    preparation.start()
    preparation.join()
    if not made:
        os._exit(1)
    return made[0]


def _prepared(module: str) -> Callable[[], int]:
    """What to run."""
    imported = importlib.import_module(module)
    work: Callable[[], int] = imported.prepare(sys.argv) if hasattr(imported, 'prepare') else imported.main
    return work


def _called_up() -> str:
    """Say that all is ready, and wait for the id of the process to replace; nothing when the starter is gone."""
    try:
        os.write(sys.stdin.fileno(), b'.')
        return sys.stdin.readline()
    except OSError:  # it was killed
        return ''


def main() -> None:
    starter, module = int(sys.argv[1]), sys.argv[3]
    how, _, membership = sys.argv[2].partition(':')
    sys.argv[:] = [module, *sys.argv[4:]]
    # a group of its own keeps the terminal's Ctrl-C away; a session of its own would give every process the same share
    # of the processor, whatever its niceness (Linux autogroups)
    os.setpgid(0, 0)
    # a shell's background job ignores SIGINT and so would its children
    signal.signal(signal.SIGINT, signal.default_int_handler)
    threading.Thread(target=follow, args=(starter,), name='follow starter', daemon=True).start()
    work = stand_by(module, membership) if how == STAND_BY else importlib.import_module(module).main
    sys.exit(work())


if __name__ == '__main__':
    main()
