"""Writes LeRobot v3.0 datasets in shards, so that several processes can record and a stop loses little.

A shard is one data file, one video file per camera and one episodes file. It is written aside, below `.shards/`,
and appears there in one step. `publish` appends finished shards in order; the dataset is valid after each.
"""
from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from vla_async.datasets import lerobot_format as fmt
from vla_async.datasets.lerobot_video import VideoWriter
from vla_async.errors import DataError
from vla_async.types import FloatArray, ImageArray

SHARDS = '.shards'


class DatasetWriter:
    """Writes one shard; use it in a `with` block, which discards the shard when an error leaves it."""

    def __init__(self, root: Path, features: fmt.Features, fps: int, robot: str, shard: int = 0) -> None:
        self._final = root / SHARDS / f'{shard:06d}'
        self._folder = root / SHARDS / f'{shard:06d}.partial'
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)
        self._features, self._fps, self._robot = features, fps, robot
        self._place = fmt.location(shard)
        self._rows: list[pa.Table] = []
        self._episodes: list[dict[str, Any]] = []
        self._videos = {key: VideoWriter(self._folder / f'{key}.mp4', fps, features[key]['shape'])
                        for key in fmt.video_keys(features)}

    def __enter__(self) -> DatasetWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        if kind is None:
            self.close()
        else:
            self._close_videos()
            shutil.rmtree(self._folder)

    def add_episode(self, instruction: str, vectors: Mapping[str, FloatArray], images: Mapping[str, ImageArray],
                    notes: Mapping[str, Any]) -> None:
        """Append an episode of n frames.

        Args:
            instruction: the task's text.
            vectors: (n, k) per vector feature.
            images: (n, height, width, 3) RGB per video feature.
            notes: columns of `meta/episodes` of our own, such as the seed; the same keys for every episode.
        """
        length = self._check(vectors, images)
        self._rows.append(self._table(vectors, length))
        episode = {'tasks': [instruction], 'length': length, **notes,
                   **{f'data/{k}': v for k, v in self._place.items()}}
        for key, frames in images.items():
            episode |= self._append_video(key, frames)
        statistics = {key: fmt.vector_stats(values) for key, values in vectors.items()}
        statistics |= {key: fmt.image_stats(frames) for key, frames in images.items()}
        self._episodes.append(episode | {f'stats/{key}/{stat}': value for key, stats in statistics.items()
                                         for stat, value in stats.items()})

    def close(self) -> None:
        """Finish the shard; from now on `publish` sees it. Raises DataError when it holds no episode."""
        if not self._rows:
            raise DataError(f'{self._final}: a shard needs at least one episode')
        self._close_videos()
        pq.write_table(pa.concat_tables(self._rows), self._folder / 'data.parquet')
        pq.write_table(pa.Table.from_pylist(self._episodes), self._folder / 'episodes.parquet')
        header = {'features': self._features, 'fps': self._fps, 'robot': self._robot}
        (self._folder / 'header.json').write_text(json.dumps(header))
        self._folder.rename(self._final)

    def _close_videos(self) -> None:
        for video in self._videos.values():
            video.close()

    def _check(self, vectors: Mapping[str, FloatArray], images: Mapping[str, ImageArray]) -> int:
        wanted = [*fmt.vector_keys(self._features), *self._videos]
        given: dict[str, np.ndarray] = {**vectors, **images}
        if set(given) != set(wanted):
            raise DataError(f'an episode has exactly the features {", ".join(wanted)}; got {", ".join(given)}')
        length = len(given[wanted[0]])
        for key in wanted:
            shape = (length, *self._features[key]['shape'])
            if given[key].shape != shape:
                raise DataError(f'{key}: shape must be {shape}, got {given[key].shape}')
            if key in vectors and not np.isfinite(vectors[key]).all():
                raise DataError(f'{key}: holds values that are not finite')
        return length

    def _table(self, vectors: Mapping[str, FloatArray], length: int) -> pa.Table:
        frame, unset = np.arange(length), np.zeros(length)  # `_place` sets what depends on the shards before
        counters = {'timestamp': frame / self._fps, 'frame_index': frame, 'episode_index': unset, 'index': unset,
                    'task_index': unset}
        columns = []
        for field in fmt.data_schema(self._features):
            if field.name in counters:
                columns.append(pa.array(counters[field.name]).cast(field.type))
            else:
                flat = pa.array(np.asarray(vectors[field.name], dtype=np.float32).reshape(-1))
                columns.append(pa.FixedSizeListArray.from_arrays(flat, field.type.list_size))
        return pa.Table.from_arrays(columns, schema=fmt.data_schema(self._features))

    def _append_video(self, key: str, frames: ImageArray) -> dict[str, Any]:
        video = self._videos[key]
        start = video.length
        video.write(frames)
        span = {'from_timestamp': start / self._fps, 'to_timestamp': video.length / self._fps}
        return {f'videos/{key}/{k}': v for k, v in {**self._place, **span}.items()}


def written(root: Path) -> set[int]:
    """Numbers of the shards that need no recording any more: published, or waiting for it."""
    waiting = {int(p.name) for p in (root / SHARDS).glob('*') if p.suffix == ''}
    return waiting | set(range(len(_published(root))))


def publish(root: Path) -> int:
    """Append the finished shards whose turn it is to the dataset; the number of episodes that it then has."""
    tables = _published(root)
    while (folder := root / SHARDS / f'{len(tables):06d}').is_dir():
        header = json.loads((folder / 'header.json').read_text())
        tables.append(_place(root, folder, len(tables), tables))
        _write_meta(root, header, pa.concat_tables(tables))
        shutil.rmtree(folder)
    return sum(t.num_rows for t in tables)


def write_json(path: Path, content: Any) -> None:
    """Write a JSON file in one step, so that no reader sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix('.partial')
    partial.write_text(json.dumps(content, indent=2))
    partial.replace(path)


def _published(root: Path) -> list[pa.Table]:
    """Episodes tables of the shards that belong to the dataset, in order."""
    if not (root / fmt.INFO).is_file():
        return []
    tables: list[pa.Table] = []
    total = json.loads((root / fmt.INFO).read_text())['total_episodes']
    while sum(t.num_rows for t in tables) < total:
        tables.append(pq.read_table(root / fmt.EPISODES.format(**fmt.location(len(tables)))))
    return tables


def _tasks(episodes: list[pa.Table]) -> dict[str, int]:
    """Task texts in order of appearance, with their index."""
    texts = (text for table in episodes for texts in table['tasks'].to_pylist() for text in texts)
    return {text: i for i, text in enumerate(dict.fromkeys(texts))}


def _place(root: Path, folder: Path, shard: int, before: list[pa.Table]) -> pa.Table:
    """Give a shard its global indices and put its files where the format wants them; its episodes table."""
    place = fmt.location(shard)
    episodes = _number_episodes(pq.read_table(folder / 'episodes.parquet'), place, before)
    data = _number_frames(pq.read_table(folder / 'data.parquet'), episodes, _tasks([*before, episodes]))
    _write_table(data, root / fmt.DATA.format(**place))
    _write_table(episodes, root / fmt.EPISODES.format(**place))
    for video in folder.glob('*.mp4'):
        target = root / fmt.VIDEO.format(video_key=video.stem, **place)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        os.link(video, target)
    return episodes


def _number_episodes(episodes: pa.Table, place: Mapping[str, int], before: list[pa.Table]) -> pa.Table:
    lengths = episodes['length'].to_numpy()
    ends = (before[-1]['dataset_to_index'][-1].as_py() if before else 0) + np.cumsum(lengths)
    numbers = sum(table.num_rows for table in before) + np.arange(len(lengths))
    added = {'episode_index': numbers, 'dataset_from_index': ends - lengths, 'dataset_to_index': ends,
             **{f'meta/episodes/{k}': np.full(len(lengths), v) for k, v in place.items()}}
    for name, values in added.items():
        episodes = episodes.append_column(name, pa.array(values.astype(np.int64)))
    return episodes


def _number_frames(data: pa.Table, episodes: pa.Table, tasks: Mapping[str, int]) -> pa.Table:
    lengths = episodes['length'].to_numpy()
    indices = np.array([tasks[texts[0]] for texts in episodes['tasks'].to_pylist()])
    first = episodes['dataset_from_index'][0].as_py()
    numbered = {'index': first + np.arange(data.num_rows), 'task_index': np.repeat(indices, lengths),
                'episode_index': np.repeat(episodes['episode_index'].to_numpy(), lengths)}
    for name, values in numbered.items():
        place = data.schema.get_field_index(name)
        data = data.set_column(place, data.schema.field(name), pa.array(values.astype(np.int64)))
    return data


def _write_table(table: pa.Table, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path)


def _write_meta(root: Path, header: dict[str, Any], episodes: pa.Table) -> None:
    features, tasks = header['features'], list(_tasks([episodes]))
    stats: fmt.Stats = {}
    for key in [*fmt.vector_keys(features), *fmt.video_keys(features)]:
        names = [n for n in episodes.column_names if n.startswith(f'stats/{key}/')]
        rows = episodes.select(names).rename_columns([n.rsplit('/', 1)[1] for n in names]).to_pylist()
        stats[key] = fmt.merge_stats(rows)
    _write_table(fmt.task_table(tasks), root / fmt.TASKS)
    write_json(root / fmt.STATS, stats)
    totals = {'episodes': episodes.num_rows, 'frames': int(episodes['dataset_to_index'][-1].as_py()),
              'tasks': len(tasks)}
    write_json(root / fmt.INFO, fmt.info(features, header['fps'], header['robot'], **totals))
