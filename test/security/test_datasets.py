"""Datasets from anywhere: their names stay inside the folder, their sizes are those of what is there."""
from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from vla_async import embodiment
from vla_async.datasets import lerobot_format as fmt
from vla_async.datasets.lerobot_dataset import Dataset
from vla_async.errors import DataError
from vla_async.training import demonstrations_store
from vla_async.training.lerobot_writer import DatasetWriter, publish

ROBOT = embodiment.load('so101')
PRIVILEGED = {'privileged.target_position': 3, 'privileged.target_pixel': 2}
CAMERA = fmt.IMAGES + ROBOT.cameras[0].name
LENGTH = 6


@pytest.fixture(scope='module')
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp('dataset')
    features = fmt.make_features(ROBOT, 30, PRIVILEGED)
    vectors = {key: np.zeros((LENGTH, features[key]['shape'][0])) for key in fmt.vector_keys(features)}
    images = {fmt.IMAGES + c.name: np.zeros((LENGTH, c.height, c.width, 3), np.uint8) for c in ROBOT.cameras}
    with DatasetWriter(folder, features, 30, ROBOT.name, 0) as writer:
        writer.add_episode('touch', vectors, images, {'hand': 'arm', 'target': 'cube'})
    publish(folder)
    return folder


@pytest.fixture
def root(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / 'dataset'))


def change_info(root: Path, **changes: Any) -> None:
    info = json.loads((root / fmt.INFO).read_text())
    (root / fmt.INFO).write_text(json.dumps({**info, **changes}))


def change_episode(root: Path, key: str, value: Any) -> None:
    path = root / fmt.EPISODES.format(**fmt.location(0))
    table = pq.read_table(path)
    rows = [{**row, key: value} for row in table.to_pylist()]
    pq.write_table(type(table).from_pylist(rows), path)


def test_a_dataset_that_fits_is_read(root: Path) -> None:
    assert len(demonstrations_store.load(root).position) == LENGTH


@pytest.mark.parametrize('camera', ['../../stolen', '/etc/stolen', 'a/b', 'a\0b', 'a b'])
def test_a_camera_cannot_name_a_file_outside_of_the_folder(root: Path, camera: str) -> None:
    features = json.loads((root / fmt.INFO).read_text())['features']
    change_info(root, features={**features, fmt.IMAGES + camera: features[CAMERA]})
    with pytest.raises(DataError, match='is no name of a feature'):
        demonstrations_store.load(root)
    assert not list(root.parent.glob('**/*stolen*'))


@pytest.mark.parametrize('changes', [
    {'fps': 0}, {'fps': '30'}, {'total_frames': -1}, {'total_frames': 1e9}, {'total_episodes': None}, {'features': []},
    {'features': {CAMERA: {'dtype': 'video', 'shape': [10**6, 10**6, 3]}}},
    {'features': {CAMERA: {'dtype': 'video', 'shape': ['a', 1, 3]}}}, {'features': {CAMERA: {}}}])
def test_sizes_that_are_none_are_named_with_the_file(root: Path, changes: dict[str, Any]) -> None:
    change_info(root, **changes)
    with pytest.raises(DataError, match=r'info\.json'):
        Dataset(root)


@pytest.mark.parametrize('text', ['', '[]', '{', '"x"', '[' * 100_000])
def test_whatever_info_holds_it_is_named(root: Path, text: str) -> None:
    (root / fmt.INFO).write_text(text)
    with pytest.raises(DataError, match=r'info\.json'):
        Dataset(root)


@pytest.mark.parametrize(('key', 'value'), [
    ('dataset_to_index', 10**12), ('dataset_from_index', -5), ('dataset_from_index', LENGTH), ('tasks', []),
    ('dataset_to_index', 'x')])
def test_an_episode_cannot_be_longer_than_the_data(root: Path, key: str, value: Any) -> None:
    change_episode(root, key, value)
    with pytest.raises(DataError, match='episode'):
        demonstrations_store.load(root)


@pytest.mark.parametrize(('key', 'value'), [
    ('from_timestamp', float('nan')), ('from_timestamp', 1e30), ('from_timestamp', 5.0), ('file_index', 'x'),
    ('file_index', 7), ('chunk_index', -1)])
def test_a_video_that_is_not_where_it_should_be_is_named(root: Path, key: str, value: Any) -> None:
    change_episode(root, f'videos/{CAMERA}/{key}', value)
    with pytest.raises(DataError):
        Dataset(root).frames(0, ROBOT.cameras[0].name)


def test_a_video_of_larger_pictures_is_not_decoded(root: Path) -> None:
    features = json.loads((root / fmt.INFO).read_text())['features']
    features[CAMERA]['shape'] = [8, 8, 3]
    change_info(root, features=features)
    with pytest.raises(DataError, match='its frames are 224x224, not 8x8'):
        demonstrations_store.load(root)


def test_a_damaged_file_is_named(root: Path) -> None:
    for pattern in ('data/**/*.parquet', 'videos/**/*.mp4'):
        for path in root.glob(pattern):
            path.write_bytes(b'no' * 100)
    with pytest.raises(DataError, match=r'file-000\.parquet'):
        _ = Dataset(root).numeric
    with pytest.raises(DataError, match=r'file-000\.mp4'):
        Dataset(root).frames(0, ROBOT.cameras[0].name)
