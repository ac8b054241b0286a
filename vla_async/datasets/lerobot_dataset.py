"""Reads LeRobot v3.0 datasets; writing is in training/lerobot_writer."""
from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from vla_async.datasets import lerobot_format as fmt
from vla_async.datasets import lerobot_video
from vla_async.errors import DataError, unknown
from vla_async.types import ImageArray


@dataclass(frozen=True, slots=True)
class Episode:
    """Where an episode lies: rows start .. stop-1 of the numeric columns."""

    index: int
    start: int
    stop: int
    instruction: str
    notes: dict[str, Any]  # all columns of meta/episodes but the statistics

    @property
    def length(self) -> int:
        """Frames."""
        return self.stop - self.start


class Dataset:
    """A dataset folder. Numbers are read at once, videos episode by episode."""

    def __init__(self, root: Path | str) -> None:
        """Raises DataError unless the folder holds a dataset of the version that is read."""
        self.root = Path(root)
        self.info = fmt.read_info(self.root)
        self.fps: int = self.info['fps']

    @property
    def robot(self) -> str:
        """Name of the robot that it was recorded with."""
        return str(self.info['robot_type'])

    @property
    def joint_names(self) -> tuple[str, ...]:
        """Order of the joints in state, velocity and action."""
        return tuple(self.info['features']['observation.state']['names'])

    @property
    def cameras(self) -> tuple[str, ...]:
        """Names of the cameras."""
        return tuple(key.removeprefix(fmt.IMAGES) for key in fmt.video_keys(self.info['features']))

    @cached_property
    def stats(self) -> fmt.Stats:
        """Statistics per feature, see `meta/stats.json`."""
        stats: fmt.Stats = json.loads((self.root / fmt.STATS).read_text())
        return stats

    @cached_property
    def episodes(self) -> tuple[Episode, ...]:
        """All episodes in order; raises DataError where one lies outside of the frames."""
        rows = [row for table in self._tables(fmt.EPISODES) for row in table.to_pylist()]
        try:
            found = tuple(
                Episode(row['episode_index'], row['dataset_from_index'], row['dataset_to_index'], row['tasks'][0],
                        {k: v for k, v in row.items() if not k.startswith('stats/')})
                for row in rows[: self.info['total_episodes']])
            wrong = [e.index for e in found if not 0 <= e.start < e.stop <= self.info['total_frames']]
        except (LookupError, TypeError) as error:
            raise DataError(f'{self.root}: meta/episodes: {error!r}') from error
        if wrong:
            raise DataError(f'{self.root}: episode {wrong[0]} lies outside of the {self.info["total_frames"]} frames')
        return found

    @cached_property
    def numeric(self) -> dict[str, np.ndarray]:
        """All columns but the videos, over all frames: (N, k) float32 for vectors, (N,) for the rest."""
        table = pa.concat_tables(self._tables(fmt.DATA)).slice(0, self.info['total_frames'])
        return {name: _to_numpy(table[name]) for name in table.column_names}

    def instruction(self, episode: int) -> str:
        """The text of an episode's task."""
        return self.episodes[episode].instruction

    def frames(self, episode: int, camera: str) -> ImageArray:
        """All frames of one camera in an episode, (n, height, width, 3) RGB.

        Raises ConfigError on a wrong camera, DataError where the video does not hold them.
        """
        if camera not in self.cameras:
            raise unknown('camera', camera, self.cameras)
        found, key = self.episodes[episode], fmt.IMAGES + camera
        try:
            place = {k: int(found.notes[f'videos/{key}/{k}']) for k in ('chunk_index', 'file_index')}
            start = round(found.notes[f'videos/{key}/from_timestamp'] * self.fps)
        except (LookupError, TypeError, ValueError, OverflowError) as error:
            raise DataError(f'{self.root}: episode {episode}: {key}: {error!r}') from error
        path = self.root / fmt.VIDEO.format(video_key=key, **place)
        return lerobot_video.read(path, start, found.length, self.fps, self.info['features'][key]['shape'])

    def _tables(self, pattern: str) -> list[pa.Table]:
        """Tables of the published shards: as many as hold all episodes."""
        tables: list[pa.Table] = []
        total = self.info['total_episodes' if pattern == fmt.EPISODES else 'total_frames']
        while sum(t.num_rows for t in tables) < total:
            path = self.root / pattern.format(**fmt.location(len(tables)))
            if not path.is_file():
                raise DataError(f'{self.root}: {path.relative_to(self.root)} is missing')
            try:
                tables.append(pq.read_table(path))
            except (OSError, pa.ArrowException) as error:
                raise DataError(f'{path}: not readable as Parquet: {error}') from error
        return tables


def _to_numpy(column: pa.ChunkedArray) -> np.ndarray:
    if not pa.types.is_fixed_size_list(column.type):
        return np.asarray(column.to_numpy())
    values = column.combine_chunks().flatten().to_numpy()
    return np.asarray(values).reshape(-1, column.type.list_size)
