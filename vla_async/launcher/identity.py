"""Which process, on which machine: a word by which a process can be found again and killed, and no other by mistake."""
from __future__ import annotations

import os
import signal
from functools import lru_cache
from pathlib import Path

ENDED = 'it has ended'
NAME_LENGTH = 15  # that Linux keeps of a process's name
START_TIME = 19  # field of /proc/<pid>/stat, counted behind the name


@lru_cache(maxsize=1)
def own_identity() -> str:
    """Boot and process-id namespace of this machine, process id, and when the process was born; empty off Linux."""
    return _identity(os.getpid())


def kill(identity: str, name: str) -> str:
    """SIGKILL the process that called itself so and is named `name`; returns why it was not done, or nothing.

    Nothing is done to a process on another machine or in another container, nor to one that got the id of a dead one,
    nor to one of another name: what asks for this comes over the network.
    """
    machine, _, number = identity.partition(':')
    if not machine:
        return 'its process is not known'
    if machine != own_identity().partition(':')[0]:
        return 'it runs on another machine'
    try:
        pid = int(number.partition(':')[0])
        handle = os.pidfd_open(pid)  # from here on the id cannot pass to another process
    except (OSError, OverflowError, ValueError):
        return ENDED
    try:
        if _identity(pid) != identity:
            return ENDED
        if Path(f'/proc/{pid}/comm').read_text().rstrip('\n') != name[:NAME_LENGTH]:
            return f'process {pid} is not named {name}'
        signal.pidfd_send_signal(handle, signal.SIGKILL)
    except OSError as error:
        return str(error)
    finally:
        os.close(handle)
    return ''


def is_starved(identity: str) -> bool:
    """Whether a thread of the process wants to run and does not get to, or waits for a disk; False when it is gone."""
    pid = identity.split(':')[1] if identity.count(':') == 2 else ''
    if not pid.isdecimal() or _identity(int(pid)) != identity:
        return False
    try:
        return any((task / 'stat').read_text().rpartition(') ')[2][0] in 'RD'
                   for task in Path(f'/proc/{pid}/task').iterdir())
    except OSError:
        return False


def _identity(pid: int) -> str:
    try:
        boot = Path('/proc/sys/kernel/random/boot_id').read_text()[:8]
        namespace = Path('/proc/self/ns/pid').stat().st_ino
        born = Path(f'/proc/{pid}/stat').read_text().rpartition(') ')[2].split()[START_TIME]
    except OSError:
        return ''
    return f'{boot}-{namespace}:{pid}:{born}'
