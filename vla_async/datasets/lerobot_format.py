"""The LeRobot v3.0 dataset format as plain values: paths, features, statistics, parquet schemas.

Follows huggingface/lerobot (src/lerobot/datasets): many episodes share one parquet file and one video per camera;
`meta/episodes` says which rows and which stretch of video belong to an episode. No code of LeRobot is needed.

    meta/info.json  meta/stats.json  meta/tasks.parquet
    meta/episodes/chunk-000/file-000.parquet
    data/chunk-000/file-000.parquet
    videos/<camera key>/chunk-000/file-000.mp4
"""
from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from vla_async.embodiment import Embodiment
from vla_async.errors import DataError
from vla_async.types import ImageArray

VERSION = 'v3.0'
FILES_PER_CHUNK = 1000
INFO, STATS, TASKS, PROVENANCE = 'meta/info.json', 'meta/stats.json', 'meta/tasks.parquet', 'meta/provenance.json'
LOCATION = 'chunk-{chunk_index:03d}/file-{file_index:03d}'
DATA = f'data/{LOCATION}.parquet'
EPISODES = f'meta/episodes/{LOCATION}.parquet'
VIDEO = f'videos/{{video_key}}/{LOCATION}.mp4'
IMAGES = 'observation.images.'
QUANTILES = {'q01': 0.01, 'q10': 0.10, 'q50': 0.50, 'q90': 0.90, 'q99': 0.99}
NAME = re.compile(r'[\w.-]+')
MAX_SIDE = 16_384  # [px]
AXES = {3: ['x', 'y', 'z'], 2: ['u', 'v']}

Features = dict[str, dict[str, Any]]
Stats = dict[str, dict[str, Any]]


def read_info(root: Path) -> dict[str, Any]:
    """Content of `meta/info.json`; raises DataError when it is missing, of another version, or not to be relied on.

    Names of features become names of files, and sizes become memory: a dataset may come from anywhere.
    """
    path = root / INFO
    if not path.is_file():
        raise DataError(f'{root} is no LeRobot dataset: {INFO} is missing')
    try:
        told: dict[str, Any] = json.loads(path.read_text())
        version, features = told.get('codebase_version'), told['features']
        counts = [told[key] for key in ('fps', 'total_episodes', 'total_frames')]
        sides = [side for key in video_keys(features) for side in features[key]['shape']]
    except (OSError, ValueError, RecursionError, LookupError, TypeError, AttributeError) as error:
        raise DataError(f'{path}: {error!r}') from error
    if version != VERSION:
        raise DataError(f'{root}: format {version!r}; only {VERSION} is read')
    if odd := [key for key in features if not NAME.fullmatch(key)]:
        raise DataError(f'{path}: {odd[0]!r} is no name of a feature')
    if not all(type(number) is int and number > 0 for number in (*counts, *sides)) or max(sides, default=1) > MAX_SIDE:
        raise DataError(f'{path}: fps, total_episodes and total_frames must be whole and positive, and pictures at '
                        f'most {MAX_SIDE} pixels a side')
    return told


def location(shard: int) -> dict[str, int]:
    """Chunk and file index of the n-th file of a kind."""
    return {'chunk_index': shard // FILES_PER_CHUNK, 'file_index': shard % FILES_PER_CHUNK}


def make_features(robot: Embodiment, fps: int, extra: Mapping[str, int]) -> Features:
    """Features of a robot's dataset: state, velocity, action, one video per camera, and `extra` vectors by length."""
    joints = {'dtype': 'float32', 'shape': [robot.dof], 'names': list(robot.joint_names)}
    features: Features = {key: dict(joints) for key in ('observation.state', 'observation.velocity', 'action')}
    for name, length in extra.items():
        features[name] = {'dtype': 'float32', 'shape': [length], 'names': AXES.get(length)}
    for camera in robot.cameras:
        features[IMAGES + camera.name] = _video_feature(camera.height, camera.width, fps)
    features['timestamp'] = {'dtype': 'float32', 'shape': [1], 'names': None}  # since the episode's start [s]
    for key in ('frame_index', 'episode_index', 'index', 'task_index'):
        features[key] = {'dtype': 'int64', 'shape': [1], 'names': None}
    return features


def _video_feature(height: int, width: int, fps: int) -> dict[str, Any]:
    info = {'video.height': height, 'video.width': width, 'video.codec': 'h264', 'video.pix_fmt': 'yuv420p',
            'video.fps': fps, 'video.channels': 3, 'has_audio': False, 'is_depth_map': False}
    return {'dtype': 'video', 'shape': [height, width, 3], 'names': ['height', 'width', 'channels'], 'info': info}


def video_keys(features: Features) -> list[str]:
    """Features that are stored as video."""
    return [key for key, feature in features.items() if feature['dtype'] == 'video']


def vector_keys(features: Features) -> list[str]:
    """Features that are stored as float32 vectors and handed in by whoever records."""
    return [key for key, feature in features.items() if feature['dtype'] == 'float32' and key != 'timestamp']


def data_schema(features: Features) -> pa.Schema:
    """Columns of the data files: fixed-size lists for vectors, plain values for the rest."""
    fields = []
    for key, feature in features.items():
        if feature['dtype'] == 'video':
            continue
        kind = pa.float32() if feature['dtype'] == 'float32' else pa.int64()
        fields.append(pa.field(key, pa.list_(kind, feature['shape'][0]) if key in vector_keys(features) else kind))
    return pa.schema(fields)


def vector_stats(values: np.ndarray) -> dict[str, Any]:
    """Statistics of an (n, k) array along its rows, in LeRobot's names."""
    values = np.asarray(values, dtype=np.float64)
    quantiles = np.quantile(values, list(QUANTILES.values()), axis=0)
    stats = {'min': values.min(0), 'max': values.max(0), 'mean': values.mean(0), 'std': values.std(0),
             **dict(zip(QUANTILES, quantiles, strict=True))}
    return {**{k: v.tolist() for k, v in stats.items()}, 'count': [len(values)]}


def image_stats(frames: ImageArray) -> dict[str, Any]:
    """Statistics per channel of some 10 of the (n, h, w, 3) frames, scaled to 0..1, each of shape (3, 1, 1)."""
    sample = frames[:: max(1, len(frames) // 10), ::2, ::2].reshape(-1, 3)
    stats = vector_stats(sample / 255.0)
    return {**{k: [[[v]] for v in stats[k]] for k in stats if k != 'count'}, 'count': [len(frames)]}


def merge_stats(parts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Statistics of the whole from those of its parts; quantiles are averaged by count, as LeRobot does."""
    count = np.array([p['count'][0] for p in parts], dtype=np.float64)
    stacked = {k: np.array([p[k] for p in parts]) for k in parts[0] if k != 'count'}

    def average(values: np.ndarray) -> np.ndarray:
        return np.tensordot(count / count.sum(), values, axes=1)

    merged = {k: average(v) for k, v in stacked.items()}
    variance = average(stacked['std'] ** 2 + (stacked['mean'] - merged['mean']) ** 2)
    merged.update(min=stacked['min'].min(0), max=stacked['max'].max(0), std=np.sqrt(variance))
    return {**{k: v.tolist() for k, v in merged.items()}, 'count': [int(count.sum())]}


def task_table(tasks: Sequence[str]) -> pa.Table:
    """`meta/tasks.parquet`: the task text is the pandas index, which LeRobot looks texts up by."""
    table = pa.table({'task_index': pa.array(range(len(tasks)), pa.int64()), 'task': pa.array(tasks, pa.string())})

    def column(name: str, pandas_type: str, numpy_type: str) -> dict[str, Any]:
        return {'name': name, 'field_name': name, 'pandas_type': pandas_type, 'numpy_type': numpy_type,
                'metadata': None}

    pandas = {'index_columns': ['task'], 'pandas_version': '2.0.0', 'column_indexes': [],
              'columns': [column('task_index', 'int64', 'int64'), column('task', 'unicode', 'object')]}
    return table.replace_schema_metadata({'pandas': json.dumps(pandas)})


def info(features: Features, fps: int, robot: str, episodes: int, frames: int, tasks: int) -> dict[str, Any]:
    """Content of `meta/info.json`."""
    return {
        'codebase_version': VERSION, 'fps': fps, 'features': features, 'total_episodes': episodes,
        'total_frames': frames, 'total_tasks': tasks, 'chunks_size': FILES_PER_CHUNK, 'data_files_size_in_mb': 100,
        'video_files_size_in_mb': 200, 'data_path': DATA, 'video_path': VIDEO, 'robot_type': robot,
        'splits': {'train': f'0:{episodes}'},
    }
