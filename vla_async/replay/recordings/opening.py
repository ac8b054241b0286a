"""Any recording by its path: a rosbag2 folder or file, or a LeRobot dataset."""
from __future__ import annotations

from pathlib import Path

from vla_async import embodiment
from vla_async.datasets.lerobot_dataset import Dataset
from vla_async.datasets.lerobot_format import INFO
from vla_async.embodiment import Embodiment
from vla_async.errors import DataError
from vla_async.replay.bag import identity
from vla_async.replay.recordings.bag_recording import BagRecording
from vla_async.replay.recordings.events import Recording
from vla_async.replay.recordings.lerobot_recording import LeRobotRecording

BAG_SUFFIXES = ('.mcap', '.db3')


def open_recording(path: Path, robot: str | None) -> tuple[Recording, Embodiment]:
    """The recording and its robot: the one that is named, else the one that the recording names.

    Raises DataError for what is no recording, or names no robot.
    """
    if not path.exists():
        raise DataError(f'{path}: there is no such bag or dataset')
    if (path / INFO).is_file():
        told = embodiment.load(robot or Dataset(path).robot)
        return LeRobotRecording(path, told), told
    if path.suffix not in BAG_SUFFIXES and not (path / 'metadata.yaml').is_file():
        raise DataError(f'{path}: neither a bag (a folder with metadata.yaml, or an .mcap or .db3 file) nor a LeRobot '
                        f'dataset (a folder with {INFO})')
    named = robot or identity(path).get('robot')
    if not named:
        raise DataError(f'{path}: does not say which robot it was recorded with: name it with --robot')
    told = embodiment.load(named)
    return BagRecording(path, told), told
