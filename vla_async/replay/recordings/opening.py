"""Any recording by its path: a rosbag2 folder, an MCAP file, or a LeRobot dataset."""
from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from vla_async import embodiment
from vla_async.datasets.lerobot_dataset import Dataset
from vla_async.datasets.lerobot_format import INFO
from vla_async.embodiment import Embodiment
from vla_async.errors import DataError
from vla_async.replay.bag import identity
from vla_async.replay.bag_files import bag_files, is_whole
from vla_async.replay.mend import mended_copy
from vla_async.replay.recordings.bag_recording import BagRecording, Copy
from vla_async.replay.recordings.events import Recording
from vla_async.replay.recordings.lerobot_recording import LeRobotRecording


def open_recording(path: Path, robot: str | None) -> tuple[Recording, Embodiment]:
    """The recording and its robot: the one that is named, else the one that the recording names.

    Raises DataError for what is no recording, or names no robot.
    """
    if not path.exists():
        raise DataError(f'{path}: there is no such bag or dataset')
    if (path / INFO).is_file():
        told = embodiment.load(robot or Dataset(path).robot)
        return LeRobotRecording(path, told), told
    if not bag_files(path) and not (path / 'metadata.yaml').is_file():
        raise DataError(f'{path}: neither a bag (a folder with metadata.yaml, or an .mcap file) nor a LeRobot dataset '
                        f'(a folder with {INFO})')
    return _open_bag(path, robot)


def _open_bag(path: Path, robot: str | None) -> tuple[Recording, Embodiment]:
    """A bag that was cut off, or a file without its folder, is read in a copy that has what it lacks."""
    cut = tuple(file for file in bag_files(path) if not is_whole(file))
    copy, bag = None, path
    if cut or path.is_file():
        copy = Copy(path, cut, TemporaryDirectory(prefix='vla_async_bag_'))
        bag = mended_copy(path, Path(copy.folder.name) / path.stem)
    named = robot or (identity(bag).get('robot') if bag_files(bag) else None)
    if not named:
        raise DataError(f'{path}: does not say which robot it was recorded with: name it with --robot')
    told = embodiment.load(named)
    return BagRecording(bag, told, copy), told
