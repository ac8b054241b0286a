"""A bag played into the live pipeline: real processes that follow the bag's time, and a new bag of what they say."""
import json

import numpy as np
import pytest
from fakes import BagWriter

from vla_async import embodiment
from vla_async.errors import ConfigError, DataError
from vla_async.recording.play import PlayOptions, play
from vla_async.replay.bag import messages, open_bag, stamp_of

S, MS = 10**9, 10**6
ROBOT = embodiment.load('astribot_s1')
LENGTH_S = 6


def write(folder):
    """A robot at rest that is told to go and sees its cameras flicker."""
    with BagWriter(folder) as bag:
        bag.write('/task', 'vla_async_msgs/msg/Task', S, header=bag.header(S), id=1, instruction='go')
        for i in range(1, LENGTH_S * 50):
            now_ns = S + i * 20 * MS
            bag.write('/joint_states', 'sensor_msgs/msg/JointState', now_ns, header=bag.header(now_ns),
                      name=list(ROBOT.joint_names), position=ROBOT.array('home'), velocity=np.zeros(ROBOT.dof))
            for camera in ROBOT.cameras if i % 2 else ():
                pixels = np.full(camera.height * camera.width * 3, 90 + i % 4, np.uint8)
                bag.write(f'/{camera.topic}', 'sensor_msgs/msg/Image', now_ns, header=bag.header(now_ns),
                          height=camera.height, width=camera.width, encoding='rgb8', step=3 * camera.width, data=pixels)
    return folder


@pytest.fixture(scope='module')
def checkpoint(tmp_path_factory):
    from vla_async.training.initialise import initialise
    return str(initialise(tmp_path_factory.mktemp('policy') / 'tiny', ROBOT, 'tiny', seed=0))


@pytest.mark.slow
def test_the_live_pipeline_works_in_the_bags_time(tmp_path, checkpoint, ros_domain, capsys):
    bag, report = write(tmp_path / 'bag'), tmp_path / 'report'
    assert play(bag, report, robot=ROBOT.name, checkpoint=checkpoint) == 0
    assert 'action_chunk' in capsys.readouterr().out
    with open_bag(report / 'bag') as reader:
        chunks = [(m.received_ns, stamp_of(m.message)) for m in messages(reader, 'action_chunk')]
    assert chunks
    for received_ns, stamp_ns in chunks:
        assert S <= stamp_ns < S + (LENGTH_S + 1) * S
        assert abs(received_ns - stamp_ns) < S
    audit = json.loads((report / 'bag/audit.json').read_text())
    assert audit['topics']['/joint_states']['messages'] > 0
    assert audit['duration_s'] < LENGTH_S + 1


def test_a_bag_that_does_not_name_robot_and_checkpoint_needs_options(tmp_path):
    with pytest.raises(ConfigError, match='name them with --robot and --checkpoint'):
        PlayOptions.check(write(tmp_path / 'bag'), tmp_path, 1.0, 'astribot_s1', None)


@pytest.mark.parametrize('rate', [0.0, -1.0, 11.0, float('nan')])
def test_a_rate_beyond_reason_is_refused(tmp_path, rate):
    with pytest.raises(ConfigError, match='--rate must be above 0 and at most 10'):
        PlayOptions.check(tmp_path, tmp_path, rate, None, None)


def test_what_is_no_bag_is_named(tmp_path):
    with pytest.raises(DataError, match='nothing: there is no such bag'):
        PlayOptions.check(tmp_path / 'nothing', tmp_path, 1.0, None, None)
