"""A bag becomes values in the order of their times; what is wrong in it is named and left out."""
import io
from collections import Counter

import numpy as np
import pytest
import sine_bag
from mcap.reader import make_reader
from mcap.writer import Writer
from rosbags.rosbag2 import StoragePlugin
from sine_bag import BEGIN, MS, ROBOT, S

from vla_async.errors import DataError
from vla_async.joint_order import JointReading
from vla_async.replay.recordings.bag_recording import BagRecording
from vla_async.replay.recordings.events import ChunkJudged
from vla_async.replay.recordings.opening import open_recording
from vla_async.types import ActionChunk, Task


@pytest.fixture(scope='module')
def bag(tmp_path_factory):
    return sine_bag.write(tmp_path_factory.mktemp('bags') / 'wave', seconds=1.0)


def values(bag):
    recording = BagRecording(bag, ROBOT)
    return [event.value for event in recording.events(pictures=False)], recording.faults


def spoilt(tmp_path, topic, number, **changes):
    """The values and faults of a bag whose n-th message on a topic is changed."""
    seen = Counter()

    def spoil(name, fields):
        seen[name] += 1
        return fields | changes if (name, seen[name]) == (topic, number) else fields
    return values(sine_bag.write(tmp_path / 'spoilt', seconds=0.5, spoil=spoil))


def test_every_message_becomes_a_value_in_order(bag):
    events = list(BagRecording(bag, ROBOT).events(pictures=False))
    kinds = Counter(type(event.value) for event in events)
    assert kinds == {JointReading: 200, ActionChunk: 29, ChunkJudged: 29, Task: 2}
    assert [event.at_ns for event in events] == sorted(event.at_ns for event in events)


def test_chunks_and_anchors_come_back_as_they_were(bag):
    found, faults = values(bag)
    assert faults == []
    first = next(value for value in found if isinstance(value, ActionChunk))
    made = sine_bag.chunk(first.sequence, BEGIN)
    np.testing.assert_array_equal(first.positions, made.positions)
    assert (first.stamp_ns, first.joints_ns, first.begun_ns) == (made.stamp_ns, made.joints_ns, made.begun_ns)
    judged = [value for value in found if isinstance(value, ChunkJudged)]
    np.testing.assert_array_equal(judged[0].anchor, ROBOT.array('home'))
    assert all(value.anchor.size == 0 for value in judged[1:])


def test_sqlite_holds_the_same_as_mcap(bag, tmp_path):
    other, faults = values(sine_bag.write(tmp_path / 'wave', seconds=1.0, plugin=StoragePlugin.SQLITE3))
    assert faults == []
    for one, two in zip(values(bag)[0], other, strict=True):
        if isinstance(one, JointReading):
            np.testing.assert_array_equal(one.position, two.position)
        assert type(one) is type(two)


def test_a_joint_state_that_is_not_finite_is_named_with_file_topic_and_time(tmp_path):
    found, faults = spoilt(tmp_path, 'joint_states', 5, position=np.full(ROBOT.dof, np.nan))
    (fault,) = faults
    assert str(tmp_path / 'spoilt') in str(fault) and '/joint_states' in str(fault) and 'not finite' in str(fault)
    assert fault.at_ns == BEGIN + 40 * MS
    assert sum(isinstance(value, JointReading) for value in found) == 149


def test_a_stamp_that_runs_back_is_named(tmp_path):
    _, (fault,) = spoilt(tmp_path, 'joint_states', 9, stamp_ns=BEGIN - S)
    assert 'before that of an earlier message' in fault.text


@pytest.mark.parametrize(('changes', 'words'), [
    ({'positions': np.zeros(7)}, 'not rows of'),
    ({'joint_names': ['other']}, 'other columns than so101'),
])
def test_a_corrupted_chunk_is_named(tmp_path, changes, words):
    found, (fault,) = spoilt(tmp_path, 'action_chunk', 3, **changes)
    assert fault.topic == '/action_chunk' and words in fault.text
    assert sum(isinstance(value, ActionChunk) for value in found) == 13


def still(folder, *topics):
    """A bag with a joint state on each topic, in which joint i stands at the topic's number + i."""
    from fakes import BagWriter
    with BagWriter(folder) as bag:
        for number, topic in enumerate(topics):
            bag.write(topic, 'sensor_msgs/msg/JointState', BEGIN, header=bag.header(BEGIN),
                      name=list(ROBOT.joint_names), position=number + np.arange(ROBOT.dof, dtype=float))
    return folder


@pytest.mark.parametrize('besides', [(), ('/left/ghost/joint_states',)])
def test_a_bag_of_two_robots_is_refused_with_both_names(tmp_path, besides):
    bag = still(tmp_path / 'two', '/left/joint_states', '/right/joint_states', *besides)
    with pytest.raises(DataError, match='two robots: /left/joint_states and /right/joint_states; split'):
        list(BagRecording(bag, ROBOT).events(pictures=False))


@pytest.mark.parametrize('namespace', ['', '/left'])
def test_a_robot_whose_ghost_was_recorded_too_is_one_robot(tmp_path, namespace):
    found, faults = values(still(tmp_path / 'haunted', f'{namespace}/joint_states', f'{namespace}/ghost/joint_states'))
    assert [fault.topic for fault in faults] == ['action_chunk']
    (reading,) = found
    np.testing.assert_array_equal(reading.position, np.arange(ROBOT.dof))


def test_a_topic_of_another_type_is_a_fault_of_each_message(tmp_path):
    from fakes import BagWriter
    with BagWriter(tmp_path / 'odd') as bag:
        bag.write('/joint_states', 'vla_async_msgs/msg/Task', BEGIN, header=bag.header(BEGIN))
    recording = BagRecording(tmp_path / 'odd', ROBOT)
    assert list(recording.events(pictures=False)) == []
    assert {fault.topic for fault in recording.faults} == {'/joint_states', 'action_chunk'}


def test_a_bag_without_joint_states_says_so(tmp_path):
    _, faults = values(sine_bag.write(tmp_path / 'numb', 0.3,
                                      spoil=lambda topic, fields: None if topic == 'joint_states' else fields))
    assert [(fault.topic, fault.text) for fault in faults] == [('joint_states', 'nothing was recorded')]


def in_small_chunks(path):
    """The bytes of the same bag, as a recorder writes it that often brings what it has to the disk."""
    whole = io.BytesIO()
    writer = Writer(whole, chunk_size=20_000)
    writer.start(profile='ros2')
    with path.open('rb') as stream:
        channels = {}
        for schema, channel, message in make_reader(stream).iter_messages():
            if channel.id not in channels:
                kind = writer.register_schema(schema.name, schema.encoding, schema.data)
                channels[channel.id] = writer.register_channel(channel.topic, 'cdr', kind, channel.metadata)
            writer.add_message(channels[channel.id], message.log_time, message.data, message.publish_time)
    writer.finish()
    return whole.getvalue()


def test_of_a_bag_that_is_cut_off_everything_before_the_cut_is_read(bag, tmp_path):
    cut = tmp_path / 'cut'
    cut.mkdir()
    (cut / 'metadata.yaml').write_text((bag / 'metadata.yaml').read_text())
    whole = in_small_chunks(bag / 'wave.mcap')
    (cut / 'wave.mcap').write_bytes(whole[:len(whole) // 2])
    recording, _ = open_recording(cut, 'so101')
    found = list(recording.events(pictures=False))
    (fault,) = recording.faults
    assert 'wave.mcap was cut off' in fault.text and fault.file == str(cut)
    assert 0 < len(found) < len(values(bag)[0])
    assert found[-1].at_ns <= fault.at_ns
    assert sorted(path.name for path in cut.iterdir()) == ['metadata.yaml', 'wave.mcap']  # left as it was


def test_a_single_file_is_read_without_its_folder(bag, tmp_path):
    alone = tmp_path / 'alone.mcap'
    alone.write_bytes((bag / 'wave.mcap').read_bytes())
    recording, _ = open_recording(alone, 'so101')
    assert len(list(recording.events(pictures=False))) == len(values(bag)[0])
    assert recording.faults == []


def test_a_recording_says_how_to_name_its_robot(bag, tmp_path):
    with pytest.raises(DataError, match='name it with --robot'):
        open_recording(bag, None)
    with pytest.raises(DataError, match='neither a bag'):
        open_recording(tmp_path, 'so101')
    with pytest.raises(DataError, match='no such bag'):
        open_recording(tmp_path / 'nowhere', 'so101')
    recording, robot = open_recording(bag, 'so101')
    assert (recording.name, robot.name) == ('wave', 'so101')
