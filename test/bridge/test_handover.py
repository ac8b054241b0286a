import numpy as np
import pytest

from vla_async import embodiment
from vla_async.bridge import FollowerConfig, Tolerances
from vla_async.bridge.handover import held_set_points, start_position

ROBOT = embodiment.load('astribot_s1')
CONTROLLED = embodiment.load('astribot_s1_ros2_control')
CONFIG = FollowerConfig.from_embodiment(ROBOT, Tolerances(start=0.2))
HOME = ROBOT.array('home')


def test_controllers_of_single_positions_hold_the_last_ones():
    np.testing.assert_array_equal(held_set_points(ROBOT, HOME + 0.1, 1.0), HOME + 0.1)


def test_of_a_base_nobody_knows_where_it_came_to_rest():
    led_by_twist = np.isin(CONTROLLED.joint_names, ('base_x', 'base_y', 'base_yaw', 'left_gripper', 'right_gripper'))
    held = held_set_points(CONTROLLED, HOME + 0.1, 1.0)
    np.testing.assert_array_equal(held, np.where(led_by_twist, np.nan, HOME + 0.1))


@pytest.mark.parametrize('age_s', [-0.1, 6.0, np.nan])
def test_of_set_points_that_are_old_or_of_another_clock_nobody_knows_whether_they_are_held(age_s):
    assert np.isnan(held_set_points(ROBOT, HOME, age_s)).all()


def test_a_message_of_another_robot_says_nothing():
    assert np.isnan(held_set_points(ROBOT, HOME[:7], 1.0)).all()


@pytest.mark.parametrize('unknown', [np.nan, np.inf, -np.inf, 1e300, 0.21, -0.21])
def test_joints_begin_where_they_are_held_but_measured_where_that_is_unknown_or_far(unknown):
    held = HOME + 0.06
    held[3] = HOME[3] + unknown
    begin = start_position(HOME, held, CONFIG)
    assert begin[3] == HOME[3]
    np.testing.assert_array_equal(np.delete(begin, 3), np.delete(held, 3))
