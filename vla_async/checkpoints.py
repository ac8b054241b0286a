"""Checkpoint folders that come with the package, found by name, and the JSON files of any; not what these mean."""
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from vla_async.errors import CheckpointError
from vla_async.resources import share

MAX_JSON_BYTES = 16 * 2**20


def default(robot: str, task: str) -> str:
    """Name of the checkpoint that was trained for a robot and a task."""
    return f'{robot}_{task}'


def available() -> tuple[str, ...]:
    """Names of the folders in checkpoints/."""
    return tuple(sorted(path.parent.name for path in (share() / 'checkpoints').glob('*/policy.json')))


def find(name_or_path: str) -> Path:
    """Folder of a checkpoint by name, or the path itself; raises CheckpointError that lists the valid names."""
    for folder in (share() / 'checkpoints' / name_or_path, Path(name_or_path)):
        if (folder / 'policy.json').is_file():
            return folder.resolve()
    valid = ', '.join(available()) or 'none is installed'
    raise CheckpointError(f'unknown checkpoint {name_or_path!r}; valid: {valid}, or a folder with a policy.json')


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file; raises CheckpointError that names the file when it is missing, too long or no such."""
    if not path.is_file():
        raise CheckpointError(f'{path.parent}: {path.name} is missing; is this the right folder?')
    try:
        if path.stat().st_size > MAX_JSON_BYTES:
            raise CheckpointError(f'{path}: longer than {MAX_JSON_BYTES // 2**20} MiB')
        data = json.loads(path.read_text())
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointError(f'{path}: not readable as JSON: {error}') from error
    if not isinstance(data, dict):
        raise CheckpointError(f'{path}: must hold a JSON object')
    return data
