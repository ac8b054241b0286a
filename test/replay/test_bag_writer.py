from contextlib import suppress
from pathlib import Path

import pytest
import yaml
from mcap.exceptions import EndOfFile
from mcap.reader import make_reader
from mcap.records import Message
from mcap.stream_reader import StreamReader
from rosbags.highlevel import AnyReader
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

from vla_async.errors import EnvironmentFault
from vla_async.replay.bag_files import bag_files
from vla_async.replay.bag_writer import BagWriter, Channel
from vla_async.replay.message_definitions import definition

UNSET = {'sec': 0, 'nsec': 0}
QOS = yaml.safe_dump([{
    'history': 'keep_last', 'depth': 1, 'reliability': 'reliable', 'durability': 'volatile', 'deadline': UNSET,
    'lifespan': UNSET, 'liveliness': 'system_default', 'liveliness_lease_duration': UNSET,
    'avoid_ros_namespace_conventions': False}])


@pytest.fixture
def share_of(tmp_path):
    """Interface packages as they are installed: one message that holds another, of another package."""
    for package, name, text in (('outer_msgs', 'Pair', '# two\ninner_msgs/Point[2] points\nstring name # its name\n'),
                                ('inner_msgs', 'Point', 'float64 x\nuint8 KIND=1\nNumber<=3[] numbers\n'),
                                ('inner_msgs', 'Number', 'int32 value\n')):
        folder = tmp_path / 'share' / package / 'msg'
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f'{name}.msg').write_text(text)
    return lambda package: tmp_path / 'share' / package


def test_a_definition_carries_every_type_inside_it(share_of):
    text = definition('outer_msgs/msg/Pair', share_of)
    assert text.startswith('# two\ninner_msgs/Point[2] points')
    assert [line for line in text.splitlines() if line.startswith('MSG:')] == [
        'MSG: inner_msgs/Point', 'MSG: inner_msgs/Number']


def test_a_type_that_is_not_installed_is_named(share_of):
    with pytest.raises(EnvironmentFault, match='inner_msgs/msg/Nothing is not installed'):
        definition('inner_msgs/msg/Nothing', share_of)


STORE = get_typestore(Stores.EMPTY)
STORE.register(get_types_from_msg('float64 x\n', 'demo_msgs/msg/Point'))
POINT = STORE.types['demo_msgs/msg/Point']


def write(folder: Path, count: int, *, compress: bool = True, split_bytes: int = 0) -> BagWriter:
    bag = BagWriter(folder, {'robot': 'astribot_s1'}, compress=compress, split_bytes=split_bytes)
    channel = bag.channel(Channel('/point', 'demo_msgs/msg/Point', 'float64 x\n', QOS))
    bag.channel(Channel('/silent', 'demo_msgs/msg/Point', 'float64 x\n', QOS))
    for i in range(count):
        data = bytes(STORE.serialize_cdr(POINT(x=float(i)), 'demo_msgs/msg/Point'))
        bag.write(channel, 1000 + i, 900 + i, data)
        if split_bytes:
            bag.flush()
    return bag


def read(folder: Path) -> list[tuple[int, float]]:
    with AnyReader([folder]) as reader:
        return [(stamp, reader.deserialize(raw, connection.msgtype).x) for connection, stamp, raw in reader.messages()]


@pytest.mark.parametrize('compress', [True, False])
def test_what_was_written_is_read_back_with_embedded_definitions_only(tmp_path, compress):
    write(tmp_path / 'bag', 5, compress=compress).close()
    assert read(tmp_path / 'bag') == [(1000 + i, float(i)) for i in range(5)]


def test_metadata_counts_messages_of_every_topic_and_their_span(tmp_path):
    write(tmp_path / 'bag', 4).close()
    about = yaml.safe_load((tmp_path / 'bag/metadata.yaml').read_text())['rosbag2_bagfile_information']
    assert about['message_count'] == 4
    assert about['duration']['nanoseconds'] == 3
    counts = {t['topic_metadata']['name']: t['message_count'] for t in about['topics_with_message_count']}
    assert counts == {'/point': 4, '/silent': 0}


def test_an_empty_bag_can_be_opened(tmp_path):
    write(tmp_path / 'bag', 0).close()
    assert read(tmp_path / 'bag') == []


def test_what_was_flushed_lies_in_the_file_before_the_bag_is_closed(tmp_path):
    bag = write(tmp_path / 'bag', 7)
    bag.flush()
    assert count_messages(tmp_path / 'bag/bag_0.mcap') == 7
    bag.close()


def test_a_bag_in_many_files_is_read_in_the_order_of_their_numbers(tmp_path):
    write(tmp_path / 'bag', 12, split_bytes=1).close()
    names = [path.name for path in bag_files(tmp_path / 'bag')]
    assert names == [f'bag_{i}.mcap' for i in range(13)]
    assert read(tmp_path / 'bag') == [(1000 + i, float(i)) for i in range(12)]
    about = yaml.safe_load((tmp_path / 'bag/metadata.yaml').read_text())['rosbag2_bagfile_information']
    assert about['relative_file_paths'] == names
    assert [file['message_count'] for file in about['files']] == [1] * 12 + [0]
    assert about['files'][7]['starting_time']['nanoseconds_since_epoch'] == 1007
    assert about['custom_data'] == {'robot': 'astribot_s1'}


def test_a_channel_may_come_late_and_is_in_all_files_from_then_on(tmp_path):
    bag = write(tmp_path / 'bag', 2, split_bytes=1)
    late = bag.channel(Channel('/late', 'demo_msgs/msg/Point', 'float64 x\n', QOS))
    bag.write(late, 2000, 1900, bytes(STORE.serialize_cdr(POINT(x=7.0), 'demo_msgs/msg/Point')))
    bag.close()
    assert read(tmp_path / 'bag') == [(1000, 0.0), (1001, 1.0), (2000, 7.0)]
    for number, topics in enumerate([{'/point', '/silent'}, {'/point', '/silent'}, {'/point', '/silent', '/late'}]):
        with (tmp_path / f'bag/bag_{number}.mcap').open('rb') as stream:
            assert {c.topic for c in make_reader(stream).get_summary().channels.values()} == topics


def test_each_file_of_a_bag_stands_alone(tmp_path):
    write(tmp_path / 'bag', 3, split_bytes=1).close()
    with (tmp_path / 'bag/bag_1.mcap').open('rb') as stream:
        reader = make_reader(stream)
        assert {channel.topic for channel in reader.get_summary().channels.values()} == {'/point', '/silent'}
        assert [(m.name, m.metadata) for m in reader.iter_metadata()] == [('vla_async', {'robot': 'astribot_s1'})]
    with AnyReader([tmp_path / 'bag/bag_1.mcap']) as reader:
        assert [stamp for _, stamp, _ in reader.messages()] == [1001]


def count_messages(path: Path) -> int:
    """Messages in a file that may end without an index, as that of a killed process does."""
    count = 0
    with path.open('rb') as stream, suppress(EndOfFile):
        for record in StreamReader(stream).records:
            count += isinstance(record, Message)
    return count
