"""Pictures lie in chunks of their own, in the bag as it is written and in copies of it; nothing is lost or swapped."""
import shutil

import pytest
from mcap.reader import make_reader
from rosbags.highlevel import AnyReader
from rosbags.rosbag2 import storage_mcap

from vla_async.replay.bag_chunks import MOST_BYTES
from vla_async.replay.bag_tail import copy_tail
from vla_async.replay.bag_writer import BagWriter, Channel
from vla_async.replay.mend import mended_copy

PICTURE = Channel('/camera', 'sensor_msgs/msg/CompressedImage', 'uint8[] data\n', '[]\n')
POINT = Channel('/point', 'demo_msgs/msg/Point', 'float64 x\n', '[]\n')
SIZE = MOST_BYTES // 8
COUNT = 40


@pytest.fixture
def bag(tmp_path):
    """A picture after each point, more of them than are kept back, then a flush."""
    bag = BagWriter(tmp_path / 'bag', {}, compress=True)
    camera, point = bag.channel(PICTURE), bag.channel(POINT)
    for i in range(COUNT):
        bag.write(point, 2 * i, 2 * i, bytes(12))
        bag.write(camera, 2 * i + 1, 2 * i + 1, bytes(SIZE))
    bag.flush()
    yield bag
    bag.abandon()


def topics_by_chunk(path):
    with path.open('rb') as stream:
        summary = make_reader(stream).get_summary()
        return [{summary.channels[number].topic for number in chunk.message_index_offsets}
                for chunk in summary.chunk_indexes]


def stamps(folder):
    with AnyReader([folder]) as reader:
        return [stamp for _, stamp, _ in reader.messages()]


def test_no_chunk_holds_pictures_and_anything_else(bag, tmp_path):
    bag.close()
    chunks = topics_by_chunk(tmp_path / 'bag/bag_0.mcap')
    assert {'/camera'} in chunks and {'/point'} in chunks and {'/camera', '/point'} not in chunks
    assert stamps(tmp_path / 'bag') == list(range(2 * COUNT))


def test_what_is_kept_back_is_bounded(tmp_path):
    bag = BagWriter(tmp_path / 'bag', {}, compress=False)
    camera = bag.channel(PICTURE)
    for i in range(COUNT):
        bag.write(camera, i, i, bytes(SIZE))
    written = (tmp_path / 'bag/bag_0.mcap').stat().st_size
    assert COUNT * SIZE - written <= MOST_BYTES
    bag.close()


def test_a_bag_that_is_mended_has_its_pictures_apart_again(bag, tmp_path):
    cut = tmp_path / 'cut'
    shutil.copytree(tmp_path / 'bag', cut)
    folder = mended_copy(cut, tmp_path / 'mended')
    assert {'/camera', '/point'} not in topics_by_chunk(next(folder.glob('*.mcap')))
    assert stamps(folder) == list(range(2 * COUNT))


def test_the_tail_of_a_bag_leaves_out_none_that_is_new_enough(bag, tmp_path):
    copy_tail([tmp_path / 'bag'], COUNT, tmp_path / 'tail')
    assert set(range(COUNT, 2 * COUNT)) <= set(stamps(tmp_path / 'tail'))


def test_pictures_are_not_unpacked_for_a_reader_of_other_topics(bag, tmp_path, monkeypatch):
    bag.close()
    unpacked = []
    plain = storage_mcap.DECOMPRESSORS['zstd']

    def counted(data, size):
        unpacked.append(size)
        return plain(data, size)
    monkeypatch.setitem(storage_mcap.DECOMPRESSORS, 'zstd', counted)
    with AnyReader([tmp_path / 'bag']) as reader:
        points = [c for c in reader.connections if c.topic == '/point']
        assert len(list(reader.messages(points))) == COUNT
    assert sum(unpacked) < SIZE
