"""An observation is made of the newest picture of each camera and the newest joint state, or says what is missing."""
import numpy as np
import pytest

from vla_async import embodiment
from vla_async.errors import ConfigError, DataError
from vla_async.joint_order import JointReading
from vla_async.observation import ObservationBuffer

MS = 1_000_000
NOW = 10**18
ROBOT = embodiment.load('astribot_s1')


def picture(name):
    camera = next(c for c in ROBOT.cameras if c.name == name)
    return np.zeros((camera.height, camera.width, 3), np.uint8)


@pytest.fixture
def full():
    buffer = ObservationBuffer(ROBOT, max_age_s=0.5)
    for i, camera in enumerate(ROBOT.cameras):
        buffer.add_picture(camera.name, NOW - i * MS, picture(camera.name))
    buffer.add_joints(JointReading(NOW, ROBOT.array('home'), np.zeros(ROBOT.dof)))
    return buffer


def test_the_observation_is_as_old_as_its_oldest_picture(full):
    observation = full.observe(NOW)
    assert observation.stamp_ns == NOW - 2 * MS
    assert set(observation.images) == {camera.name for camera in ROBOT.cameras}


def test_what_never_came_is_named():
    buffer = ObservationBuffer(ROBOT)
    assert buffer.observe(NOW) is None
    assert buffer.missing(NOW) == ('camera head (never came)', 'camera left_wrist (never came)',
                                   'camera right_wrist (never came)', 'joint_states (never came)')


def test_a_dead_camera_is_named_with_its_age(full):
    later = NOW + 600 * MS
    for name in ('head', 'right_wrist'):
        full.add_picture(name, later, picture(name))
    full.add_joints(JointReading(later, ROBOT.array('home'), np.zeros(ROBOT.dof)))
    assert full.missing(later) == ('camera left_wrist (0.6 s old)',)
    assert full.observe(later) is None


def test_pictures_are_new_until_they_were_used(full):
    assert full.all_new()
    full.observe(NOW)
    assert not full.all_new()
    full.add_picture('head', NOW + MS, picture('head'))
    assert not full.all_new()


def test_a_picture_of_another_size_is_refused_by_name(full):
    with pytest.raises(DataError, match=r'camera head sends 64x48, the robot file says 224x224'):
        full.add_picture('head', NOW, np.zeros((48, 64, 3), np.uint8))


def test_only_the_named_cameras_are_waited_for():
    buffer = ObservationBuffer(ROBOT, ('head',))
    buffer.add_joints(JointReading(NOW, ROBOT.array('home'), np.zeros(ROBOT.dof)))
    buffer.add_picture('head', NOW, picture('head'))
    assert tuple(buffer.observe(NOW).images) == ('head',)


def test_an_unknown_camera_lists_the_valid_ones():
    with pytest.raises(ConfigError, match='valid: head, left_wrist, right_wrist'):
        ObservationBuffer(ROBOT, ('tail',))
