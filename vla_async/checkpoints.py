"""Checkpoint folders that come with the package, found by name; knows nothing of what is inside them."""
from __future__ import annotations

from pathlib import Path

from vla_async.errors import CheckpointError
from vla_async.resources import share


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
