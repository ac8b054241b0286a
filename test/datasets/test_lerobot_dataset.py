"""LeRobot v3.0 datasets: what is written is read back, in the layout that LeRobot expects."""
from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from vla_async.datasets import lerobot_format as fmt
from vla_async.datasets.lerobot_dataset import Dataset
from vla_async.embodiment import load
from vla_async.errors import ConfigError, DataError
from vla_async.training.lerobot_writer import DatasetWriter, publish, written

ROBOT = load('astribot_s1')
FEATURES = fmt.make_features(ROBOT, 30, {'privileged.target_position': 3})
SIZES = {fmt.IMAGES + c.name: (c.height, c.width, 3) for c in ROBOT.cameras}


def episode(seed: int, length: int):
    rng = np.random.default_rng(seed)
    widths = {key: FEATURES[key]['shape'][0] for key in fmt.vector_keys(FEATURES)}
    vectors = {key: rng.normal(size=(length, width)) for key, width in widths.items()}
    shade = np.linspace(20, 200, length).astype(np.uint8)[:, None, None, None]
    images = {key: np.broadcast_to(shade, (length, *size)).copy() for key, size in SIZES.items()}
    return vectors, images


def write(root, shard: int, first: int, lengths, texts):
    with DatasetWriter(root, FEATURES, 30, ROBOT.name, shard) as writer:
        for i, (length, text) in enumerate(zip(lengths, texts, strict=True)):
            writer.add_episode(text, *episode(first + i, length), {'seed': 100000 + first + i})


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp('dataset')
    write(folder, 0, 0, (5, 7), ('touch the red cube', 'touch the blue ball'))
    write(folder, 1, 2, (4,), ('touch the red cube',))
    assert publish(folder) == 3
    return folder


def test_numbers_come_back(root):
    dataset = Dataset(root)
    for i, length in enumerate((5, 7, 4)):
        vectors, _ = episode(i, length)
        found = dataset.episodes[i]
        assert found.length == length
        for key, values in vectors.items():
            np.testing.assert_array_equal(dataset.numeric[key][found.start:found.stop], values.astype(np.float32))


def test_pictures_come_back_at_the_right_frame(root):
    dataset = Dataset(root)
    assert dataset.cameras == ('head', 'left_wrist', 'right_wrist')
    for i, length in enumerate((5, 7, 4)):
        _, images = episode(i, length)
        for camera in dataset.cameras:
            frames = dataset.frames(i, camera)
            assert frames.shape == images[fmt.IMAGES + camera].shape
            difference = frames.astype(int) - images[fmt.IMAGES + camera]
            assert np.abs(difference).max() <= 6


def test_instructions_and_notes_come_back(root):
    dataset = Dataset(root)
    assert [dataset.instruction(i) for i in range(3)] == ['touch the red cube', 'touch the blue ball',
                                                          'touch the red cube']
    assert [e.notes['seed'] for e in dataset.episodes] == [100000, 100001, 100002]


def test_counters_run_over_shards_as_lerobot_expects(root):
    numeric = Dataset(root).numeric
    np.testing.assert_array_equal(numeric['index'], np.arange(16))
    np.testing.assert_array_equal(numeric['episode_index'], np.repeat([0, 1, 2], (5, 7, 4)))
    np.testing.assert_array_equal(numeric['task_index'], np.repeat([0, 1, 0], (5, 7, 4)))
    np.testing.assert_allclose(numeric['timestamp'], numeric['frame_index'] / 30, atol=1e-6)


def test_the_layout_is_that_of_lerobot_v3(root):
    info = json.loads((root / 'meta/info.json').read_text())
    assert info['codebase_version'] == 'v3.0'
    assert (info['total_episodes'], info['total_frames'], info['total_tasks']) == (3, 16, 2)
    assert info['robot_type'] == 'astribot_s1'
    assert info['features']['action'] == {'dtype': 'float32', 'shape': [25], 'names': list(ROBOT.joint_names)}
    assert info['features']['timestamp'] == {'dtype': 'float32', 'shape': [1], 'names': None}
    for shard in range(2):
        place = {'chunk_index': 0, 'file_index': shard}
        assert (root / info['data_path'].format(**place)).is_file()
        assert (root / info['video_path'].format(video_key='observation.images.head', **place)).is_file()


def test_an_episodes_row_says_where_data_and_videos_lie(root):
    row = pq.read_table(root / 'meta/episodes/chunk-000/file-000.parquet').to_pylist()[1]
    assert (row['episode_index'], row['length'], row['tasks']) == (1, 7, ['touch the blue ball'])
    assert (row['dataset_from_index'], row['dataset_to_index']) == (5, 12)
    for kind in ('data', 'meta/episodes', 'videos/observation.images.head'):
        assert (row[f'{kind}/chunk_index'], row[f'{kind}/file_index']) == (0, 0)
    assert row['videos/observation.images.head/from_timestamp'] == pytest.approx(5 / 30)
    assert row['videos/observation.images.head/to_timestamp'] == pytest.approx(12 / 30)


def test_data_columns_have_the_types_that_lerobot_derives_from_the_features(root):
    schema = pq.read_schema(root / 'data/chunk-000/file-000.parquet')
    assert schema.field('observation.state').type == pa.list_(pa.float32(), 25)
    assert schema.field('timestamp').type == pa.float32()
    assert schema.field('episode_index').type == pa.int64()
    assert not [name for name in schema.names if name.startswith('observation.images')]


def test_task_texts_are_the_pandas_index(root):
    schema = pq.read_schema(root / 'meta/tasks.parquet')
    assert json.loads(schema.metadata[b'pandas'])['index_columns'] == ['task']


def test_statistics_over_shards_equal_those_of_all_frames(root):
    dataset = Dataset(root)
    stats, values = dataset.stats['action'], dataset.numeric['action'].astype(np.float64)
    np.testing.assert_allclose(stats['mean'], values.mean(0), atol=1e-6)
    np.testing.assert_allclose(stats['std'], values.std(0), atol=1e-6)
    np.testing.assert_allclose(stats['max'], values.max(0), atol=1e-6)
    assert stats['count'] == [16]
    assert np.shape(dataset.stats['observation.images.head']['mean']) == (3, 1, 1)


def test_a_shard_waits_until_those_before_it_are_there(tmp_path):
    write(tmp_path, 1, 1, (3,), ('b',))
    assert publish(tmp_path) == 0
    assert written(tmp_path) == {1}
    write(tmp_path, 0, 0, (2,), ('a',))
    assert publish(tmp_path) == 2
    assert written(tmp_path) == {0, 1}
    assert [e.instruction for e in Dataset(tmp_path).episodes] == ['a', 'b']


def test_an_error_while_recording_leaves_no_shard(tmp_path):
    vectors, images = episode(0, 3)
    vectors['action'][1, 2] = np.nan
    with (pytest.raises(DataError, match='not finite'),
          DatasetWriter(tmp_path, FEATURES, 30, ROBOT.name) as writer):
        writer.add_episode('a', vectors, images, {})
    assert written(tmp_path) == set()


def test_a_wrong_shape_names_the_feature(tmp_path):
    vectors, images = episode(0, 3)
    vectors['action'] = vectors['action'][:, :7]
    with (pytest.raises(DataError, match=r'action: shape must be \(3, 25\), got \(3, 7\)'),
          DatasetWriter(tmp_path, FEATURES, 30, ROBOT.name) as writer):
        writer.add_episode('a', vectors, images, {})


def test_a_folder_that_is_no_dataset_and_an_unknown_camera_are_named(root, tmp_path):
    with pytest.raises(DataError, match='is no LeRobot dataset'):
        Dataset(tmp_path)
    with pytest.raises(ConfigError, match=r"'chest'.*head"):
        Dataset(root).frames(0, 'chest')
