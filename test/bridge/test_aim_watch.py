"""Which controllers do not aim at what they were sent, by their own word; what is unknown is not wrong."""
from dataclasses import replace

import numpy as np
import pytest

from vla_async import embodiment
from vla_async.bridge import FollowerConfig
from vla_async.bridge.aim_watch import AimWatch, ControllerState

MS = 1_000_000
T0 = 10**18
ROBOT = embodiment.load('astribot_s1_ros2_control')
CONFIG = FollowerConfig.from_embodiment(ROBOT)
LATE = FollowerConfig.from_embodiment(ROBOT, commit_s=0.3)
ARM = ROBOT.indices(('left_arm_2', 'left_arm_1'))  # in an order of the controller's own
SENT = ROBOT.array('home')


def state(ms, off=0.0, speed=1.0, joints=ARM):
    """What a controller says that aims its first joint `off` away."""
    reference = SENT[joints] + np.array([off, 0.0])
    return ControllerState(T0 + ms * MS, joints, reference, np.array([0.01, -0.02]), speed)


def told(*states, config=CONFIG, sent=SENT):
    watch = AimWatch(config)
    for said in states:
        watch.observe('arm', said, sent)
    return watch


def fault(watch, ms):
    return watch.fault(T0 + ms * MS)


def test_a_controller_that_aims_elsewhere_for_long_is_named_with_its_joint():
    watch = told(*(state(ms, -0.2) for ms in range(0, 400, 50)))
    assert fault(watch, 350) == 'controller arm aims 0.200 away from what it was sent, at left_arm_2'


@pytest.mark.parametrize('offs', [[0.04] * 20, [0.2] * 7, [0.2] * 6 + [0.0] + [0.2] * 6, [0.0] * 10 + [0.2]])
def test_what_is_little_or_short_or_over_now_and_then_is_not(offs):
    assert fault(told(*(state(50 * i, off) for i, off in enumerate(offs))), 50 * len(offs)) == ''


def test_a_controller_that_aims_nowhere_is_named():
    assert 'aims nan away' in fault(told(*(state(ms, np.nan) for ms in range(0, 400, 50))), 350)


def test_where_windows_may_be_late_it_may_know_later():
    states = [state(ms, 0.2) for ms in range(0, 700, 50)]
    assert fault(told(*states[:12], config=LATE), 550) == ''
    assert 'aims' in fault(told(*states, config=LATE), 650)


def test_one_that_recovers_is_trusted_at_once():
    assert fault(told(*(state(ms, 0.2) for ms in range(0, 400, 50)), state(400)), 400) == ''


def test_what_nobody_knows_is_not_wrong():
    assert fault(told(*(state(ms, 0.2) for ms in range(0, 400, 50)), sent=None), 350) == ''


def test_a_single_state_after_a_long_silence_is_no_evidence():
    assert fault(told(state(0, 0.2), state(2000, 0.2)), 2000) == ''


def test_whole_turns_of_a_turning_joint_are_no_distance():
    turning = replace(CONFIG, turning=np.ones(ROBOT.dof, dtype=bool))
    states = [state(ms, 2 * np.pi) for ms in range(0, 400, 50)]
    assert fault(told(*states, config=turning), 350) == ''
    assert 'aims 6.283 away' in fault(told(*states), 350)


def test_a_controller_that_runs_slowly_is_behind_for_that_reason():
    watch = told(*(state(ms, 0.2, speed=0.5) for ms in range(0, 400, 50)))
    assert fault(watch, 350) == 'controller arm runs at 50 % of its speed'
    watch.observe('arm', state(400, 0.2), SENT)  # and then needs its time
    assert fault(watch, 400) == ''


def test_the_second_of_two_controllers_is_named():
    watch = told(*(state(ms) for ms in range(0, 400, 50)))
    for ms in range(0, 400, 50):
        watch.observe('other', state(ms, 0.2, joints=ARM[::-1]), SENT)
    assert fault(watch, 350) == 'controller other aims 0.200 away from what it was sent, at left_arm_1'


def test_one_that_never_says_anything_is_not_watched():
    watch = AimWatch(CONFIG)
    assert (watch.fault(T0), watch.silence(T0), watch.errors(T0)) == ('', '', {})


def test_one_that_falls_silent_is_told_and_no_fault():
    watch = told(*(state(ms, 0.2) for ms in range(0, 400, 50)))
    assert watch.silence(T0 + 900 * MS) == ''
    assert 'controller arm says nothing of now any more' in watch.silence(T0 + 1400 * MS)
    assert fault(watch, 1400) == ''
    assert watch.errors(T0 + 1400 * MS) == {}


def test_a_state_of_the_future_says_nothing_of_now_and_does_not_hide_those_that_follow():
    watch = told(state(0), state(3000))
    assert 'or the clocks differ' in watch.silence(T0)
    watch.observe('arm', state(50), SENT)
    assert watch.silence(T0 + 50 * MS) == ''


def test_a_state_that_was_overtaken_is_left_out():
    assert fault(told(*(state(ms, 0.2) for ms in range(0, 400, 50)), state(300)), 350) != ''


def test_the_error_is_the_largest_that_the_controller_finds():
    assert told(state(0)).errors(T0) == {'arm': 0.02}
