"""What is kept of a run that failed: its stretch of the bag, and what the processes wrote meanwhile."""
from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from vla_async.replay.bag_tail import copy_tail
from vla_async.timebase import NS_PER_S

BEFORE_NS = 5 * NS_PER_S  # of the bag; something is asked for more often
FOLDER, LOGS = 'failed', 'logs'


class Evidence:
    """Made when a run begins."""

    def __init__(self, logs: Path) -> None:
        self._begun = {log: log.stat().st_size for log in logs.glob('*.log')}
        self._logs = logs

    def keep(self, bags: Sequence[Path], since_ns: int, folder: Path) -> Path:
        """Copy it all into `folder`, a bag with the folder `logs` beside its files; what lay there goes. Returns it."""
        shutil.rmtree(folder, ignore_errors=True)
        (folder / LOGS).mkdir(parents=True)
        copy_tail(bags, since_ns - BEFORE_NS, folder)
        for log in self._logs.glob('*.log'):
            with log.open('rb') as stream:
                stream.seek(self._begun.get(log, 0))
                (folder / LOGS / log.name).write_bytes(stream.read())
        return folder


def folder_of(root: Path, fault: str, number: int) -> Path:
    """Where the evidence of a run goes; the folder names its bag's files, too."""
    return root / FOLDER / f'{re.sub(r"[^A-Za-z0-9+.-]+", "_", fault).strip("_")}_{number}'
