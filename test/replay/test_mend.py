"""A bag whose recording was cut off is refused with the cure, and whole again after it."""
import shutil

import pytest
import yaml
from rosbags.highlevel import AnyReader

from vla_async.errors import DataError
from vla_async.replay.audit import audit_bag
from vla_async.replay.bag import open_bag, sent_messages
from vla_async.replay.bag_writer import BagWriter, Channel
from vla_async.replay.mend import mend

POINT = Channel('/point', 'demo_msgs/msg/Point', 'float64 x\n', '[]\n')
ABOUT = {'robot': 'astribot_s1'}


@pytest.fixture
def cut(tmp_path):
    """Makes a bag of two files as a kill leaves it, some bytes of the next chunk included; 20 messages were flushed."""
    def make(tail: bytes):
        bag = BagWriter(tmp_path / 'bag', ABOUT, compress=True, split_bytes=1)
        point = bag.channel(POINT)
        for i in range(10):
            bag.write(point, i, i, bytes(12))
        bag.flush()
        bag._split_bytes = 0
        for i in range(10, 20):
            bag.write(point, i, i, bytes(12))
        bag.flush()
        shutil.copytree(tmp_path / 'bag', tmp_path / 'cut')
        with (tmp_path / 'cut/bag_1.mcap').open('ab') as stream:
            stream.write(tail)
        bag.close()
        return tmp_path / 'cut'
    return make


TAILS = {'nothing': b'', 'half a record': b'\x06\x00\x10\x00\x00\x00\x00\x00\x00abc', 'half a length': b'\x06\x10',
         'zeros': bytes(5000)}


@pytest.mark.parametrize('tail', TAILS.values(), ids=TAILS)
def test_all_that_was_flushed_is_read_once_it_is_mended(cut, tail):
    bag = cut(tail)
    assert mend(bag) == {bag / 'bag_1.mcap': 10}
    with AnyReader([bag]) as reader:
        assert [stamp for _, stamp, _ in reader.messages()] == list(range(20))
    about = yaml.safe_load((bag / 'metadata.yaml').read_text())['rosbag2_bagfile_information']
    assert about['message_count'] == about['topics_with_message_count'][0]['message_count'] == 20
    assert about['custom_data'] == ABOUT
    assert audit_bag(bag)['messages'] == 20
    assert mend(bag) == {}


def test_a_file_that_was_never_flushed_becomes_an_empty_one(cut):
    bag = cut(b'')
    (bag / 'bag_1.mcap').write_bytes(b'')
    assert mend(bag) == {bag / 'bag_1.mcap': 0}
    with AnyReader([bag]) as reader:
        assert reader.message_count == 10


@pytest.mark.parametrize('read', [
    audit_bag, lambda bag: list(sent_messages(bag)), lambda bag: open_bag(bag).__enter__()])
def test_readers_refuse_it_and_name_the_cure(cut, read):
    with pytest.raises(DataError, match='bag_1.mcap has no index, .*`vla-async bag mend'):
        read(cut(b''))


def test_what_is_still_being_recorded_is_left_alone(tmp_path):
    bag = BagWriter(tmp_path / 'bag', ABOUT, compress=True)
    bag.channel(POINT)
    bag.flush()
    with pytest.raises(DataError, match='still being recorded'):
        mend(tmp_path / 'bag')
    bag.close()
    assert [path.name for path in sorted((tmp_path / 'bag').iterdir())] == ['bag_0.mcap', 'metadata.yaml']


def test_what_is_no_bag_is_named(tmp_path):
    with pytest.raises(DataError, match='no folder with MCAP files'):
        mend(tmp_path)
