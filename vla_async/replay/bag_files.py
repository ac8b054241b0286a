"""The MCAP files of a bag: in which order they were recorded, and whether each was ended with its index."""
from __future__ import annotations

import os
import re
from pathlib import Path

from mcap.writer import MCAP0_MAGIC

from vla_async.errors import DataError

NUMBER = re.compile(r'_(\d+)$')


def bag_files(bag: Path) -> list[Path]:
    """Files of a bag folder in the order in which they were recorded, or the one file that `bag` is."""
    return [bag] if bag.is_file() else sorted(bag.glob('*.mcap'), key=_order)


def file_name(bag: Path, number: int) -> str:
    """Name of a bag's file, as rosbag2 chooses it; `number` counts from 0."""
    return f'{bag.name}_{number}.mcap'


def is_whole(path: Path) -> bool:
    """Whether the file ends as MCAP files do; that of a process that was killed does not."""
    with path.open('rb') as stream:
        end = stream.seek(0, os.SEEK_END)
        stream.seek(max(end - len(MCAP0_MAGIC), 0))
        return end > len(MCAP0_MAGIC) and stream.read() == MCAP0_MAGIC


def check_whole(bag: Path) -> None:
    """Raise DataError, with the cure, when the recording of one of the bag's files was cut off."""
    for path in bag_files(bag):
        if not is_whole(path):
            raise DataError(f'{path} has no index, as its recording was cut off; `vla-async bag mend {bag}` mends it')


def _order(path: Path) -> tuple[int, str]:
    """By number, as names would put 10 before 2."""
    match = NUMBER.search(path.stem)
    return (int(match.group(1)) if match else 0), path.name
