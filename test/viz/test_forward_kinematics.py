from xml.dom.minidom import Document

import numpy as np
import pytest

from vla_async import embodiment
from vla_async.errors import ConfigError
from vla_async.kinematics.robot_model import build_spec, home_position, set_position
from vla_async.urdf import expand
from vla_async.viz.forward_kinematics import ForwardKinematics


@pytest.mark.parametrize('name', embodiment.available())
def test_hands_are_where_the_simulation_has_them(name):
    import mujoco
    robot = embodiment.load(name)
    kinematics = ForwardKinematics(robot)
    model, data = home_position(build_spec(robot), robot)
    rng = np.random.default_rng(0)
    positions = rng.uniform(robot.array('lower'), robot.array('upper'), (5, robot.dof))
    for hand, link in robot.hands.items():
        paths = kinematics.hand_path(hand, positions)
        for row, position in enumerate(positions):
            set_position(model, data, robot, position)
            mujoco.mj_kinematics(model, data)
            np.testing.assert_allclose(paths[row], data.body(link).xpos, atol=1e-9)


@pytest.mark.parametrize('name', embodiment.available())
def test_every_link_is_where_the_simulation_has_it_fingers_too(name):
    import mujoco
    robot = embodiment.load(name)
    model, data = home_position(build_spec(robot), robot)
    position = np.random.default_rng(1).uniform(robot.array('lower'), robot.array('upper'))
    set_position(model, data, robot, position)
    mujoco.mj_kinematics(model, data)
    frames = ForwardKinematics(robot).frames(position)
    bodies = {model.body(i).name for i in range(model.nbody)} & set(frames)
    assert len(bodies) > len(robot.joint_names) / 2
    for body in bodies:
        np.testing.assert_allclose(frames[body][:3, 3], data.body(body).xpos, atol=1e-9)
        np.testing.assert_allclose(frames[body][:3, :3], data.body(body).xmat.reshape(3, 3), atol=1e-9)


@pytest.fixture(scope='module')
def robot():
    return embodiment.load('astribot_s1')


def test_a_hand_whose_link_is_missing_is_named(robot):
    with pytest.raises(ConfigError, match="left names the link 'left_hand', which is not in its URDF"):
        ForwardKinematics(robot, Document())


def test_the_root_is_the_link_without_parent(robot):
    assert ForwardKinematics(robot, expand(robot)).root == 'odom'
