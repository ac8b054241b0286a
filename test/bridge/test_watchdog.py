"""How far the robot is from where it was told to be, and what is not a distance."""
from dataclasses import replace

import numpy as np
import pytest

from vla_async import embodiment
from vla_async.bridge import FollowerConfig
from vla_async.bridge.watchdog import Watchdog
from vla_async.joint_order import JointReading

ROBOT = embodiment.load('so101')
CONFIG = FollowerConfig.from_embodiment(ROBOT)
FIRST_TURNS = replace(CONFIG, turning=np.arange(ROBOT.dof) == 0)
ZERO = np.zeros(ROBOT.dof)


def measured(first: float, config: FollowerConfig = FIRST_TURNS) -> Watchdog:
    """A watchdog that saw the first joint there and the others at zero."""
    watchdog = Watchdog(config)
    watchdog.observe(JointReading(10**18, np.concatenate([[first], ZERO[1:]]), ZERO))
    return watchdog


@pytest.mark.parametrize('turns', [-2, -1, 0, 1, 7])
def test_whole_turns_of_a_turning_joint_are_no_distance(turns: int) -> None:
    sent = np.concatenate([[3.1 + turns * 2 * np.pi], ZERO[1:]])
    assert measured(3.1).distance_fault(sent, 0.01, 'the set-point') == ''
    assert measured(-3.1).distance_fault(sent, 0.1, 'the set-point') == ''  # 0.083 the short way round


def test_half_a_turn_is_one() -> None:
    fault = measured(0.0).distance_fault(np.concatenate([[9.0], ZERO[1:]]), 0.6, 'the set-point')
    assert fault == f'the set-point of {ROBOT.joint_names[0]} is 2.717 away from the measured position'


def test_whole_turns_of_any_other_joint_are_a_distance() -> None:
    sent = np.concatenate([[2 * np.pi], ZERO[1:]])
    assert 'is 6.283 away' in measured(0.0, CONFIG).distance_fault(sent, 0.6, 'the set-point')


def test_a_gripper_that_goes_its_own_way_is_far_from_nothing() -> None:
    robot = embodiment.load('astribot_s1_ros2_control')
    watchdog, sent = Watchdog(FollowerConfig.from_embodiment(robot)), robot.array('home')
    watchdog.observe(JointReading(10**18, sent.copy(), 0 * sent))
    sent[list(robot.indices(('left_gripper',)))] += 0.9  # closing, or closed about something
    assert watchdog.distance_fault(sent, 0.6, 'the set-point') == ''
    sent[list(robot.indices(('left_arm_1',)))] += 0.9
    assert 'left_arm_1 is 0.900 away' in watchdog.distance_fault(sent, 0.6, 'the set-point')


def test_a_reading_from_the_future_does_not_hide_those_that_follow() -> None:
    watchdog = measured(0.0)
    watchdog.observe(JointReading(10**18 + 10 * 10**9, ZERO, ZERO))
    assert 'in the future' in watchdog.age_fault(10**18)
    watchdog.observe(JointReading(10**18, ZERO + 0.1, ZERO))
    assert watchdog.age_fault(10**18) == ''


def test_a_reading_that_was_overtaken_is_left_out() -> None:
    watchdog = measured(0.5)
    watchdog.observe(JointReading(10**18 - 10**7, ZERO, ZERO))
    assert watchdog.reading.position[0] == 0.5
