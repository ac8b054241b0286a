"""A dataset is replayed like a bag: its episodes one after the other, its actions as chunks."""
from collections import Counter

import numpy as np
import pytest
from small_robot import robot as small_robot

from vla_async.datasets import lerobot_format as fmt
from vla_async.embodiment import load
from vla_async.errors import DataError
from vla_async.joint_order import JointReading
from vla_async.replay.open_loop.configuration import Configuration
from vla_async.replay.open_loop.player import Player
from vla_async.replay.open_loop.tally import Tally
from vla_async.replay.recordings.events import Picture
from vla_async.replay.recordings.lerobot_recording import HORIZON, LeRobotRecording
from vla_async.replay.recordings.opening import open_recording
from vla_async.training.lerobot_writer import DatasetWriter, publish
from vla_async.types import ActionChunk, Task

ROBOT = load('so101')
FEATURES = fmt.make_features(ROBOT, 30, {})
SIZES = {fmt.IMAGES + c.name: (c.height, c.width, 3) for c in ROBOT.cameras}
LENGTHS, TEXTS = (40, 60), ('draw a wave', 'draw it back')


def episode(length):
    """The arm goes where its actions send it, one frame later."""
    times = np.arange(length + 1) / 30
    rows = np.tile(ROBOT.array('home'), (length + 1, 1))
    rows[:, 1] += 0.2 * (1 - np.cos(1.5 * times))
    vectors = {'observation.state': rows[:-1], 'observation.velocity': np.gradient(rows, 1 / 30, axis=0)[:-1],
               'action': rows[1:]}
    shade = np.linspace(20, 200, length).astype(np.uint8)[:, None, None, None]
    return vectors, {key: np.broadcast_to(shade, (length, *size)).copy() for key, size in SIZES.items()}


@pytest.fixture(scope='module')
def dataset(tmp_path_factory):
    folder = tmp_path_factory.mktemp('datasets') / 'waves'
    with DatasetWriter(folder, FEATURES, 30, ROBOT.name, 0) as writer:
        for length, text in zip(LENGTHS, TEXTS, strict=True):
            writer.add_episode(text, *episode(length), {'seed': length})
    publish(folder)
    return folder


def test_frames_become_joints_chunks_and_pictures_in_order(dataset):
    events = list(LeRobotRecording(dataset, ROBOT).events(pictures=True))
    frames = sum(LENGTHS)
    assert Counter(type(event.value) for event in events) == {
        JointReading: frames, ActionChunk: frames, Picture: frames * len(SIZES), Task: 2 * len(LENGTHS)}
    assert [event.at_ns for event in events] == sorted(event.at_ns for event in events)
    asked = [event.value.instruction for event in events if isinstance(event.value, Task)]
    assert asked == ['draw a wave', '', 'draw it back', '']


def test_a_chunk_holds_the_actions_that_follow_and_stays_after_the_last(dataset):
    chunks = [event.value for event in LeRobotRecording(dataset, ROBOT).events(pictures=False)
              if isinstance(event.value, ActionChunk)]
    actions = episode(LENGTHS[0])[0]['action'].astype(np.float32)
    np.testing.assert_array_equal(chunks[3].positions, actions[3:3 + HORIZON])
    np.testing.assert_array_equal(chunks[LENGTHS[0] - 1].positions, np.tile(actions[-1], (HORIZON, 1)))


def test_pictures_are_those_of_their_frames(dataset):
    recording = LeRobotRecording(dataset, ROBOT)
    seen = [event.value for event in recording.events(pictures=True) if isinstance(event.value, Picture)]
    shades = [int(picture.pixels().mean()) for picture in seen if picture.camera == ROBOT.cameras[0].name]
    expected = [shade for length in LENGTHS for shade in np.linspace(20, 200, length)]
    np.testing.assert_allclose(shades, expected, atol=4)  # films lose a little
    first, never = seen[0].stamp_ns, 0
    stills = recording.stills([first, never])
    assert stills[first].shape == seen[0].pixels().shape and stills[never] is None


def test_a_policy_that_knew_what_comes_is_followed_closely(dataset):
    recording, robot = open_recording(dataset, None)
    assert robot.name == 'so101'
    tally = Tally(robot)
    for stretch in Player(robot, Configuration()).play(recording):
        tally.add(stretch)
    figures = tally.report()
    assert figures['chunks'] == sum(LENGTHS) and figures['refused'] == {}
    assert figures['error']['chunk']['mae'] < 1e-6
    assert figures['error']['motion']['mae'] < 0.01
    assert figures['limits']['acceleration_ratio_max'] <= 1.001
    assert recording.faults == []


def test_a_dataset_of_another_robot_is_named(dataset):
    with pytest.raises(DataError, match='name the robot that it was recorded with instead of'):
        LeRobotRecording(dataset, small_robot())
