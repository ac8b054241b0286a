"""Whether the robot moves at all when it is told to: per controller, however it lags, whatever one joint does."""
from dataclasses import replace

import numpy as np
import pytest

from vla_async import embodiment
from vla_async.bridge import FollowerConfig, Tolerances
from vla_async.bridge.response_watch import ResponseWatch
from vla_async.joint_order import JointReading

MS = 1_000_000
ROBOT = embodiment.load('astribot_s1_ros2_control')
CONFIG = FollowerConfig.from_embodiment(ROBOT)
HOME = ROBOT.array('home')
ZERO = np.zeros(ROBOT.dof)
LEFT, RIGHT = (ROBOT.joint_names.index(f'{side}_arm_1') for side in ('left', 'right'))
TIMES_S = np.arange(0.0, 6.0, 0.004)


def swing(joint, amplitude=0.1, rate=2.0, late_s=0.0):
    """Positions (N, D) of one joint that swings from rest."""
    positions = np.tile(HOME, (len(TIMES_S), 1))
    positions[:, joint] += amplitude * (1 - np.cos(rate * np.maximum(TIMES_S - late_s, 0.0)))
    return positions


def first_fault(sent, measured, config=CONFIG):
    """What the watch says first, and when [s]."""
    watch = ResponseWatch(config)
    for time_s, told, found in zip(TIMES_S, sent, measured, strict=True):
        if fault := watch.fault(told, JointReading(round(time_s * 1000) * MS, found, ZERO)):
            return fault, time_s
    return '', None


STILL = swing(LEFT, amplitude=0.0)


def test_a_robot_that_stands_still_although_it_is_told_to_move_is_named_with_its_controller():
    fault, time_s = first_fault(swing(LEFT), STILL)
    assert fault.startswith('left_arm_controller does not move the robot: left_arm_1 was told to go 0.0')
    assert fault.endswith('and went 0.000')
    assert 0.5 < time_s < 1.2


def test_noise_of_a_standing_robot_does_not_hide_that():
    noise = np.random.default_rng(0).normal(0.0, 0.0005, STILL.shape)
    assert 'left_arm' in first_fault(swing(LEFT), STILL + noise)[0]


def test_hovering_near_a_robot_that_stands_still_is_told_too():
    assert 'left_arm' in first_fault(swing(LEFT, amplitude=0.02, rate=3.0), STILL)[0]


@pytest.mark.parametrize('late_s', [0.0, 0.1, 0.4])
@pytest.mark.parametrize('rate', [0.2, 2.0, 8.0])
def test_a_robot_that_follows_late_is_not(late_s, rate):
    assert first_fault(swing(LEFT, rate=rate), swing(LEFT, rate=rate, late_s=late_s)) == ('', None)


def test_a_robot_that_is_told_to_stand_still_may_stand_still():
    assert first_fault(STILL, STILL) == ('', None)


def test_one_blocked_joint_of_a_controller_is_another_matter():
    both = swing(LEFT)
    both[:, LEFT + 1] = swing(LEFT + 1)[:, LEFT + 1]
    assert first_fault(both, swing(LEFT)) == ('', None)


def test_what_another_controller_moves_is_no_excuse():
    both = swing(LEFT)
    both[:, RIGHT] = swing(RIGHT)[:, RIGHT]
    assert 'left_arm' in first_fault(both, swing(RIGHT))[0]


def test_grippers_that_hold_something_and_a_base_that_is_led_by_velocity_are_not_watched():
    watched = np.concatenate(list(CONFIG.controllers.values()))
    assert sorted(watched) == sorted(np.flatnonzero(~CONFIG.untracked))
    assert CONFIG.untracked.any()


def test_where_windows_may_be_late_and_where_more_patience_is_asked_for_it_waits_longer():
    patient = replace(CONFIG, tolerances=Tolerances(response_s=2.0))
    late = replace(CONFIG, commit_s=0.4)
    times = [first_fault(swing(LEFT), STILL, config)[1] for config in (CONFIG, late, patient)]
    assert times == sorted(times)
    assert times[1] - times[0] == pytest.approx(0.4, abs=0.1)
    assert times[2] - times[0] == pytest.approx(1.5, abs=0.1)


def test_after_a_rest_it_begins_anew():
    watch, sent = ResponseWatch(CONFIG), swing(LEFT)
    for number, told in enumerate(sent):
        if number % 100 == 0:  # every 0.4 s
            watch.forget()
        assert not watch.fault(told, JointReading(number * 4 * MS, HOME, ZERO))


def test_joint_states_that_do_not_come_tell_nothing():
    watch, stale = ResponseWatch(CONFIG), JointReading(0, HOME, ZERO)
    assert not any(watch.fault(told, stale) for told in swing(LEFT))
