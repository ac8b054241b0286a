"""What Fast DDS leaves in /dev/shm when a process is killed: found while it lives, removed after its death.

A participant owns segments `fastdds_<16 hex digits>` and ports `fastdds_port<number>`, each with a lock file
(`_el`, `_sl`) that its owner holds open and locked; a port has a mutex `sem.fastdds_port<number>_mutex` besides.
"""
from __future__ import annotations

import contextlib
import fcntl
import os
import re
from pathlib import Path

from vla_async.launcher.domain import PORT_BASE, PORTS_PER_DOMAIN

FOLDER = Path('/dev/shm')  # noqa: S108  the place that Fast DDS uses
FILE = re.compile(r'^(?:sem\.)?(fastdds_(?:[0-9a-z]{16}|port\d{1,5}))(?:_(el|sl|mutex))?$')


def owned_by(pid: int) -> set[str]:
    """Names of segments and ports whose lock files the process holds open; empty when it is gone."""
    names: set[str] = set()
    try:
        descriptors = os.listdir(f'/proc/{pid}/fd')
    except OSError:  # gone, or not ours
        return names
    for descriptor in descriptors:
        try:
            target = Path(os.readlink(f'/proc/{pid}/fd/{descriptor}'))
        except OSError:  # closed meanwhile
            continue
        match = FILE.match(target.name)
        if match and match.group(2) in ('el', 'sl') and target.parent == FOLDER:
            names.add(match.group(1))
    return names


def children_of(pid: int) -> list[int]:
    """Ids of the processes that its main thread has started; none where the kernel does not tell."""
    try:
        return [int(child) for child in Path(f'/proc/{pid}/task/{pid}/children').read_text().split()]
    except OSError:
        return []


def all_names() -> set[str]:
    """Names of every segment and port of which any file is there."""
    return {match.group(1) for name in os.listdir(FOLDER) if (match := FILE.match(name))}


def ports_of(domain: int) -> set[str]:
    """Names of all ports that a ROS domain may have: one that is only written to has no lock file to find it by."""
    first = PORT_BASE + PORTS_PER_DOMAIN * domain
    return {f'fastdds_port{number}' for number in range(first, first + PORTS_PER_DOMAIN)}


def remove_abandoned(names: set[str]) -> list[str]:
    """Remove those of the named segments and ports that no living process holds; returns what was removed.

    What belongs to another user stays.
    """
    return [name for name in sorted(names) if not _held(name) and _remove(name)]


def _held(name: str) -> bool:
    return any(_locked(FOLDER / f'{name}_{kind}') for kind in ('el', 'sl'))


def _locked(lock: Path) -> bool:
    try:
        with lock.open('rb') as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:  # locked, or not ours to look at
        return True
    return False


def _remove(name: str) -> bool:
    removed = False
    for file in (name, f'{name}_el', f'{name}_sl', f'sem.{name}_mutex'):
        with contextlib.suppress(FileNotFoundError, PermissionError):
            (FOLDER / file).unlink()
            removed = True
    return removed
