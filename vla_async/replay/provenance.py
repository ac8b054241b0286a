"""Whose bag it is: the robot, the policy and the program that were at work, so that a bag can be told from another."""
from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

from vla_async import checkpoints, embodiment
from vla_async.resources import SOURCE_TREE

BLOCK = 2**20  # bytes
GIT_PATIENCE_S = 5.0


def provenance(robot: str, checkpoint: str) -> dict[str, str]:
    """Names and SHA-256 sums; of the checkpoint only where one is named.

    Raises ConfigError and CheckpointError when one of them cannot be found.
    """
    about = {'robot': robot, 'robot_sha256': digest(embodiment.files(robot)), 'version': metadata.version('vla_async')}
    if checkpoint:
        folder = checkpoints.find(checkpoint)
        files = sorted(path for path in folder.rglob('*') if path.is_file())
        about |= {'checkpoint': folder.name, 'checkpoint_sha256': digest(files)}
    commit = _commit()
    return about | ({'commit': commit} if commit else {})


def digest(files: Iterable[Path]) -> str:
    """SHA-256 over the contents of files, one after the other."""
    total = hashlib.sha256()
    for path in files:
        with path.open('rb') as stream:
            while block := stream.read(BLOCK):
                total.update(block)
    return total.hexdigest()


def _commit() -> str:
    """Commit of the source tree that runs, marked when files in it were changed; empty where there is none."""
    if not (SOURCE_TREE / '.git').exists():
        return ''
    asked = ['git', '-C', str(SOURCE_TREE), 'describe', '--always', '--abbrev=40', '--dirty', '--exclude=*']
    try:
        return subprocess.run(asked, capture_output=True, text=True, check=True, timeout=GIT_PATIENCE_S).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ''
