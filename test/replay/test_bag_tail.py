"""The newest stretch of a bag is read and copied while the recorder still writes, and after it was killed."""
import shutil
from dataclasses import replace

import pytest
from mcap.records import Channel, Message
from mcap.stream_reader import breakup_chunk
from rosbags.highlevel import AnyReader

from vla_async.replay import bag_tail
from vla_async.replay.audit import audit_bag
from vla_async.replay.bag import identity
from vla_async.replay.bag_tail import copy_tail, tail
from vla_async.replay.bag_writer import BagWriter
from vla_async.replay.bag_writer import Channel as Topic

POINT = Topic('/point', 'demo_msgs/msg/Point', 'float64 x\n', '[]\n')
ABOUT = {'robot': 'astribot_s1'}


@pytest.fixture
def recording(tmp_path):
    """Fifty messages in five chunks, one after each flush; the bag is still open."""
    bag = BagWriter(tmp_path / 'bag', ABOUT, compress=True)
    write(bag, bag.channel(POINT), range(50))
    yield tmp_path / 'bag'
    bag.close()


def write(bag, point, stamps):
    for i in stamps:
        bag.write(point, i, i, bytes([0, 1, 0, 0, i, 0, 0, 0, 0, 0, 0, 0]))
        if i % 10 == 9:
            bag.flush()


def stamps(records):
    return [record.log_time for record in records if isinstance(record, Message)]


@pytest.mark.parametrize('since', [0, 1, 9, 10, 27, 49, 50])
def test_messages_come_from_the_first_on_that_is_new_enough_and_channels_always(recording, since):
    records = list(tail(recording / 'bag_0.mcap', since))
    assert stamps(records) == list(range(since, 50))
    assert [record.topic for record in records if isinstance(record, Channel)] == ['/point']


@pytest.mark.parametrize('rest', [b'', b'\x06', b'\x06\x00\x10\x00\x00\x00\x00\x00\x00abc', bytes(100)])
def test_what_is_not_whole_is_left_out(recording, tmp_path, rest):
    cut = tmp_path / 'cut.mcap'
    shutil.copy(recording / 'bag_0.mcap', cut)
    with cut.open('ab') as stream:
        stream.write(rest)
    assert stamps(tail(cut, 45)) == [45, 46, 47, 48, 49]


def test_of_what_is_old_only_the_chunks_that_name_channels_are_unpacked(tmp_path, monkeypatch):
    """The second topic comes up while a chunk is filled that has no message of it yet."""
    bag = BagWriter(tmp_path / 'bag', ABOUT, compress=True)
    write(bag, bag.channel(POINT), range(15))
    late = bag.channel(replace(POINT, topic='/late'))
    bag.flush()
    write(bag, late, range(15, 50))
    unpacked = []
    monkeypatch.setattr(bag_tail, 'breakup_chunk', lambda chunk: unpacked.append(chunk) or breakup_chunk(chunk))
    records = list(tail(tmp_path / 'bag/bag_0.mcap', 45))
    assert [record.topic for record in records if isinstance(record, Channel)] == ['/point', '/late']
    assert stamps(records) == [45, 46, 47, 48, 49]
    assert len(unpacked) <= 4, 'the first; that of the first late message, and the one before; the last'
    bag.close()


def test_a_clock_that_is_set_back_loses_nothing(tmp_path):
    bag = BagWriter(tmp_path / 'bag', ABOUT, compress=True)
    point = bag.channel(POINT)
    write(bag, point, [100, 109, 1, 9])
    assert stamps(tail(tmp_path / 'bag/bag_0.mcap', 105)) == [109, 1, 9]
    bag.close()


def test_a_copy_is_a_bag_that_stands_alone(recording, tmp_path):
    folder = tmp_path / 'failed/kill_1'
    assert copy_tail([recording], 27, folder) == 23
    assert sorted(path.name for path in folder.iterdir()) == ['kill_1_0.mcap', 'metadata.yaml']
    with AnyReader([folder]) as reader:
        assert [stamp for _, stamp, _ in reader.messages()] == list(range(27, 50))
    assert audit_bag(folder)['messages'] == 23
    assert identity(folder) == ABOUT


def test_the_bag_of_a_recorder_that_died_comes_before_that_of_the_next(recording, tmp_path):
    bag = BagWriter(tmp_path / 'next', ABOUT, compress=True)
    write(bag, bag.channel(POINT), range(60, 70))
    assert copy_tail([recording, tmp_path / 'next'], 45, tmp_path / 'copy') == 15
    bag.close()
    with AnyReader([tmp_path / 'copy']) as reader:
        assert [stamp for _, stamp, _ in reader.messages()] == [*range(45, 50), *range(60, 70)]


def test_where_nothing_was_recorded_there_is_no_bag(recording, tmp_path):
    assert copy_tail([recording], 50, tmp_path / 'copy') == 0
    assert list((tmp_path / 'copy').iterdir()) == []


def test_a_topic_that_came_up_in_the_middle_is_known_later_on(recording, tmp_path):
    bag = BagWriter(tmp_path / 'late', ABOUT, compress=True)
    write(bag, bag.channel(POINT), range(10))
    other = bag.channel(Topic('/other', 'demo_msgs/msg/Point', 'float64 x\n', '[]\n'))
    write(bag, other, range(10, 50))
    records = list(tail(tmp_path / 'late/late_0.mcap', 45))
    assert stamps(records) == [45, 46, 47, 48, 49]
    assert [record.topic for record in records if isinstance(record, Channel)] == ['/point', '/other']
    bag.close()
