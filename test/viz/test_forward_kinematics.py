from xml.dom.minidom import Document

import numpy as np
import pytest

from vla_async import embodiment
from vla_async.errors import ConfigError
from vla_async.kinematics.robot_model import build_spec, home_position, set_position
from vla_async.urdf import expand
from vla_async.viz.forward_kinematics import ForwardKinematics
from vla_async.viz.paths import MOST_POINTS, HandPaths


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


@pytest.fixture(scope='module')
def robot():
    return embodiment.load('astribot_s1')


def test_a_hand_whose_link_is_missing_is_named(robot):
    with pytest.raises(ConfigError, match="left names the link 'left_hand', which is not in its URDF"):
        ForwardKinematics(robot, Document())


def test_the_root_is_the_link_without_parent(robot):
    assert ForwardKinematics(robot, expand(robot)).root == 'odom'


def test_the_last_chunks_are_drawn_and_the_newest_is_freshest(robot):
    paths = HandPaths(ForwardKinematics(robot), chunks=2)
    for shift in (0.0, 0.1, 0.2):
        paths.add_chunk(np.tile(robot.array('home'), (4, 1)) + shift * np.eye(robot.dof)[0])
    lines = [line for line in paths.lines() if line.hand == 'left']
    assert [line.freshness for line in lines] == [0.5, 1.0]
    assert lines[1].points[0, 0] - lines[0].points[0, 0] == pytest.approx(0.1)  # base_x moves the hand along x


def test_long_motion_is_thinned_but_keeps_its_ends(robot):
    paths = HandPaths(ForwardKinematics(robot), chunks=1)
    window = np.tile(robot.array('home'), (500, 1))
    window[:, 0] = np.linspace(0.0, 1.0, 500)
    paths.set_window(window)
    fused = paths.lines()[0]
    assert len(fused.points) == MOST_POINTS
    assert fused.points[-1, 0] - fused.points[0, 0] == pytest.approx(1.0)
