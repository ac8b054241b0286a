"""Runs `main()` of a module in a child that does not outlive its starter, not even one that was killed.

`python -m vla_async.launcher.child <pid of the starter> <preload> <module> [arguments]`

`preload` names modules, joined by commas, or none: some let the child import them and stand by until it reads a line.
"""
from __future__ import annotations

import importlib
import os
import signal
import sys
import threading
import time

CHECK_PERIOD_S = 0.5
GRACE_S = 5.0  # from the polite signal to the hard one
LEAST_PRIORITY = 19


def follow(starter: int) -> None:
    """End this process soon after `starter` is no longer its parent: SIGTERM first, SIGKILL when that is of no use."""
    while os.getppid() == starter:
        time.sleep(CHECK_PERIOD_S)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_S)
    os.kill(os.getpid(), signal.SIGKILL)


def stand_by(modules: list[str]) -> None:
    """Import the modules at the expense of nobody, say so, and return when called up; end when the starter is gone."""
    def prepare() -> None:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), LEAST_PRIORITY)  # of this thread alone
        for module in modules:
            importlib.import_module(module)
    preparation = threading.Thread(target=prepare, name='stand by', daemon=True)
    preparation.start()
    preparation.join()
    try:
        os.write(sys.stdin.fileno(), b'.')
        called_up = bool(sys.stdin.readline())
    except OSError:  # the starter was killed
        called_up = False
    if not called_up:
        os._exit(0)


def main() -> None:
    starter, preload, module = int(sys.argv[1]), sys.argv[2], sys.argv[3]
    sys.argv[:] = [module, *sys.argv[4:]]
    # a group of its own keeps the terminal's Ctrl-C away; a session of its own would give every process the same share
    # of the processor, whatever its niceness (Linux autogroups)
    os.setpgid(0, 0)
    # a shell's background job ignores SIGINT and so would its children
    signal.signal(signal.SIGINT, signal.default_int_handler)
    threading.Thread(target=follow, args=(starter,), name='follow starter', daemon=True).start()
    if preload:
        stand_by(preload.split(','))
    sys.exit(importlib.import_module(module).main())


if __name__ == '__main__':
    main()
