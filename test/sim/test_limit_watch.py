from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vla_async import embodiment
from vla_async.sim.limit_watch import SPEEDS_KEPT, TOUCH_STEPS, LimitWatch

ROBOT = embodiment.load('astribot_s1')
HOME, STEP_S = ROBOT.array('home'), 0.002
JOINT = ROBOT.joint_names.index('left_arm_1')  # 2 rad/s, 8 rad/s^2


@pytest.fixture
def watch():
    made = LimitWatch(ROBOT, STEP_S)
    made.restart(HOME)
    return made


def at(angle):
    """Home, but for one joint that is `angle` further."""
    position = HOME.copy()
    position[JOINT] += angle
    return position


def swing(watch, amplitude, frequency, ticks=(0.004,), seconds=4.0):
    """A cosine of one joint, as set-points that come after `ticks` and are held, in turn [s]; joints follow at once."""
    due_s, held, number = 0.0, HOME, 0
    for t in np.arange(0.0, seconds, STEP_S):
        if t >= due_s:
            held = at(amplitude * (1.0 - np.cos(frequency * t)))
            due_s, number = due_s + ticks[number % len(ticks)], number + 1
        watch.add(held, held)
    return watch.report()


def test_a_motion_at_its_limits_keeps_them_although_its_set_points_come_in_steps(watch):
    report = swing(watch, 0.5, 4.0)  # peaks: 2 rad/s and 8 rad/s^2
    assert report.violations == 0
    assert report.ratios[:, 1:] == pytest.approx(1.0, abs=0.02)


def test_uneven_ticks_are_within_the_slack(watch):
    assert swing(watch, 0.5, 4.0, ticks=(0.002, 0.006, 0.004, 0.008, 0.004)).violations == 0


@settings(max_examples=20, deadline=None)
@given(share=st.floats(0.1, 0.99), frequency=st.floats(1.0, 8.0))
def test_no_motion_within_the_limits_breaks_them(share, frequency):
    watch = LimitWatch(ROBOT, STEP_S)
    watch.restart(HOME)
    amplitude = share * min(2.0 / frequency, 8.0 / frequency ** 2)
    assert swing(watch, amplitude, frequency, ticks=(STEP_S,), seconds=2.0).violations == 0


@pytest.mark.parametrize(('angle', 'seen'), [(0.012, False), (0.025, True)])
def test_a_jump_breaks_the_acceleration_limit_when_it_is_large(watch, angle, seen):
    for _ in range(100):
        watch.add(at(angle), HOME)
    report = watch.report()
    assert (report.violations > 0) is seen
    assert [v.rsplit(':')[0] for v in report.violated] == ['acceleration of set-point left_arm_1'] * seen


def test_of_a_robot_that_touches_something_all_but_the_acceleration_of_joints_is_judged(watch):
    watch.add(HOME, HOME, touching=True)
    for _ in range(50):
        watch.add(HOME, at(0.05))  # hit
    assert watch.report().violations == 0
    watch.add(HOME, at(3.2), touching=True)
    assert [v.rsplit(':')[0] for v in watch.report().violated] == ['position of joint left_arm_1']
    watch.restart(HOME)
    for _ in range(50):
        watch.add(at(0.05), HOME, touching=True)
    assert [v.rsplit(':')[0] for v in watch.report().violated] == ['acceleration of set-point left_arm_1']


def test_a_robot_that_has_let_go_is_judged_again(watch):
    watch.add(HOME, HOME, touching=True)
    for _ in range(TOUCH_STEPS + 1):
        watch.add(HOME, HOME)
    for _ in range(50):
        watch.add(HOME, at(0.05))
    assert [v.rsplit(':')[0] for v in watch.report().violated] == ['acceleration of joint left_arm_1']


def test_too_fast_too_far_and_not_finite_are_violations_with_their_names(watch):
    for k in range(500):
        watch.add(HOME, at(2.4 * (k * STEP_S) ** 2))  # 4.8 rad/s^2, which is allowed, up to 4.8 rad/s
    assert any(v.startswith('velocity of joint left_arm_1: ') for v in watch.report().violated)
    watch.restart(HOME)
    watch.add(at(3.2), HOME)  # upper limit 3.0, home -0.15
    assert any(v.startswith('position of set-point left_arm_1: ') for v in watch.report().violated)
    watch.restart(HOME)
    watch.add(at(np.nan), HOME)
    assert watch.report().violations == 1
    assert 'inf of its limit' in watch.report().violated[0]


def test_what_happens_while_the_simulation_runs_late_is_counted_apart(watch):
    watch.excuse(50)
    for _ in range(50):
        watch.add(at(0.3), HOME)
    for _ in range(200):
        watch.add(at(0.3), HOME)
    report = watch.report()
    assert (report.unjudged, report.judged) == (50, 200)
    assert report.ratios[0, 2] < 10  # the jump itself was not judged; 0.3 rad break the limit 18-fold


def test_speeds_are_handed_out_once_and_do_not_pile_up(watch):
    for k in range(SPEEDS_KEPT * 5 + 500):
        watch.add(at(0.5 * k * STEP_S), HOME)
    speeds = watch.report().speeds
    assert speeds.shape == (SPEEDS_KEPT, 2)
    assert speeds[-1] == pytest.approx([0.25, 0.0], abs=1e-3)
    assert watch.report().speeds.shape == (0, 2)


def test_joints_without_position_limits_are_judged_by_the_others():
    first, *others = ROBOT.joints
    endless = replace(ROBOT, joints=(replace(first, kind='continuous', lower=-np.inf, upper=np.inf), *others))
    watch = LimitWatch(endless, STEP_S)
    far = HOME.copy()
    far[0] = 100.0
    watch.restart(far)
    watch.add(far, far)
    report = watch.report()
    assert report.violations == 0
    assert np.isfinite(report.ratios).all()
