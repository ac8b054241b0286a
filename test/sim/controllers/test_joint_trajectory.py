"""What the model of joint_trajectory_controller makes of messages; the model says where in its sources that stands."""
from dataclasses import replace

import numpy as np
import pytest

from vla_async.errors import ConfigError, DataError
from vla_async.sim.controllers.joint_trajectory import JointTrajectoryController
from vla_async.sim.controllers.trajectory_message import ControllerParameters, TrajectoryMessage, refusal
from vla_async.types import JointWindow

S, MS = 10**9, 10**6
T0 = 10**18
CYCLE = 2 * MS
JOINTS = ('a', 'b')
HOME = np.array([0.3, -0.2])
EVERY_DISTRIBUTION = pytest.mark.parametrize('distribution', ['humble', 'jazzy', 'kilted', 'master'])


def controller(distribution='jazzy', **changes):
    made = JointTrajectoryController(ControllerParameters.of(distribution, JOINTS, 500.0, **changes))
    made.home(HOME)
    return made


def line(stamp_ns, begin, speed, times_s, velocities=True):
    """A message along a straight line with this speed, in motion until its end unless it is told to rest there."""
    times = np.asarray(times_s)
    position = begin + np.outer(times, speed)
    velocity = np.tile(speed, (times.size, 1)) if velocities else None
    return TrajectoryMessage(JOINTS, stamp_ns, np.round(times * S).astype(np.int64), position, velocity)


def at_rest(stamp_ns, position, times_s):
    return line(stamp_ns, np.asarray(position), np.zeros(2), times_s)


def run(made, from_ns, to_ns):
    """Commands (N, 2) of all cycles in between."""
    return np.array([made.update(now_ns)[0].copy() for now_ns in range(from_ns, to_ns, CYCLE)])


def given(**changes):
    message = at_rest(T0, HOME, [0.0, 0.1])
    return replace(message, **changes)


PARAMETERS = ControllerParameters.of('jazzy', JOINTS, 500.0)
MOVING = np.array([[0.0, 0.0], [0.0, 0.1]])


@pytest.mark.parametrize(('message', 'reason'), [
    (given(joint_names=('a',)), '1 joints for a controller of 2'),
    (given(joint_names=('a', 'c')), "not the controller's: b, c"),
    (given(times_ns=np.array([], dtype=np.int64)), 'empty'),
    (given(times_ns=np.array([0, 0])), 'do not increase'),
    (given(velocity=MOVING), 'ends with b in motion'),
    (given(stamp_ns=T0 - S), 'ended 0.900 s ago'),
    (given(position=np.zeros((2, 3))), 'position has the shape'),
    (given(velocity=np.zeros((1, 2))), 'velocity has the shape'),
])
def test_it_refuses(message, reason):
    assert reason in refusal(message, PARAMETERS, T0)


@pytest.mark.parametrize('message', [
    given(), given(joint_names=('b', 'a')), given(stamp_ns=0), given(times_ns=np.array([-MS, MS])),
    given(position=np.full((2, 2), np.nan)), given(velocity=None), given(velocity=1e-8 * MOVING),
])
def test_it_accepts(message):
    assert refusal(message, PARAMETERS, T0) == ''


def test_humble_lets_a_trajectory_end_in_motion():
    assert refusal(given(velocity=MOVING), ControllerParameters.of('humble', JOINTS, 500.0), T0) == ''


def test_an_unknown_distribution_is_named_with_the_known_ones():
    with pytest.raises(ConfigError, match='foxy.*humble, jazzy'):
        ControllerParameters.of('foxy', JOINTS, 500.0)


def test_windows_that_the_controller_refuses_are_refused_by_name():
    zero = np.zeros((2, 2))
    with pytest.raises(DataError, match='ago'):
        controller().receive(JointWindow(T0 - S, 10 * MS, zero, zero, zero), T0 - S, T0)


def test_it_holds_where_it_is_until_a_message_comes():
    assert (run(controller(), T0, T0 + 100 * MS) == HOME).all()


def test_joints_may_come_in_any_order():
    made = controller()
    made.accept(replace(at_rest(T0, [1.0, 2.0], [-0.1, 1.0]), joint_names=('b', 'a')), T0)
    np.testing.assert_allclose(made.update(T0)[0], [2.0, 1.0])


@EVERY_DISTRIBUTION
def test_points_that_are_past_are_skipped_on_a_first_message(distribution):
    made, speed = controller(distribution, allow_nonzero_velocity_at_trajectory_end=True), np.array([1.0, -1.0])
    made.update(T0 - CYCLE)
    made.accept(line(T0 - 100 * MS, HOME, speed, [0.0, 0.05, 0.2, 0.3]), T0)
    ahead_s = 0.0 if distribution == 'humble' else 0.002
    np.testing.assert_allclose(made.update(T0)[0], HOME + (0.1 + ahead_s) * speed)


def test_the_newest_of_several_messages_between_two_updates_counts():
    made = controller()
    for value in (1.0, 2.0):
        made.accept(at_rest(T0, [value, value], [-0.1, 1.0]), T0)
    np.testing.assert_allclose(made.update(T0)[0], [2.0, 2.0])


def test_a_last_point_in_motion_is_held_without_motion():
    made = controller(allow_nonzero_velocity_at_trajectory_end=True)
    made.accept(line(T0, HOME, np.ones(2), [0.0, 0.1]), T0)
    commands = run(made, T0, T0 + 200 * MS)
    assert (commands[60:] == commands[-1]).all()
    np.testing.assert_allclose(commands[-1], HOME + 0.1)


def test_stamp_zero_plays_from_the_next_update():
    made = controller('humble')
    made.update(T0)
    made.accept(line(0, HOME, np.ones(2), [0.0, 0.1]), T0)
    np.testing.assert_allclose(run(made, T0 + 8 * MS, T0 + 14 * MS)[:, 0], HOME[0] + np.array([0.0, 0.002, 0.004]))


def running(distribution, speed=1.0, lag_s=0.03, **changes):
    """A controller under way along a line since T0, with 1 s to go; the robot follows `lag_s` late."""
    made = controller(distribution, **changes)
    message = line(T0, HOME, np.full(2, speed), np.arange(0, 1.01, 0.1))
    message.velocity[-1] = 0.0
    made.accept(message, T0)
    for now_ns in range(T0, T0 + 200 * MS, CYCLE):
        since_s = max((now_ns - T0) / S - lag_s, 0.0)
        made.observe(HOME + speed * since_s, np.full(2, speed))
        made.update(now_ns)
    return made, message


@pytest.mark.parametrize('distribution', ['humble', 'jazzy'])
def test_a_future_message_leads_away_from_the_present_at_once(distribution):
    made, _ = running(distribution, interpolate_from_desired_state=True)
    made.accept(at_rest(T0 + 400 * MS, [2.0, 2.0], [0.0, 0.1]), T0 + 200 * MS)
    halfway = run(made, T0 + 200 * MS, T0 + 300 * MS)[-1]
    assert (halfway > HOME + 0.5).all()  # the old line would be at HOME + 0.3


def test_master_keeps_to_the_old_trajectory_until_a_future_message_begins():
    made, _ = running('master', interpolate_from_desired_state=True)
    made.accept(at_rest(T0 + 400 * MS, [2.0, 2.0], [0.0, 0.1]), T0 + 200 * MS)
    np.testing.assert_allclose(run(made, T0 + 200 * MS, T0 + 300 * MS)[-1], HOME + 0.3, atol=0.005)


def test_each_splice_makes_what_stays_of_the_old_trajectory_an_update_late():
    made, message = running('master', interpolate_from_desired_state=True)
    for k in range(3):  # each is the old line again, from a stamp in the future on
        now_ns = T0 + (200 + 10 * k) * MS
        made.accept(replace(message, stamp_ns=T0 + 600 * MS, times_ns=message.times_ns[:5],
                            position=message.position[6:], velocity=message.velocity[6:]), now_ns)
        run(made, now_ns, now_ns + 10 * MS)
    command = run(made, T0 + 230 * MS, T0 + 502 * MS)[-1]  # of 500 ms, sampled one update ahead
    np.testing.assert_allclose(HOME + 0.502 - command, 3 * 0.002, atol=1e-4)


@pytest.mark.parametrize('stamp_ns', [0, T0 + 100 * MS, T0 + 200 * MS])
def test_master_plays_a_message_that_is_not_in_the_future_late_and_whole(stamp_ns):
    made, _ = running('master', interpolate_from_desired_state=True)
    message = line(stamp_ns, HOME, np.ones(2), [0.0, 0.5, 0.6])
    message.velocity[-1] = 0.0
    made.accept(message, T0 + 200 * MS)
    np.testing.assert_allclose(made.update(T0 + 200 * MS)[0], HOME + 0.002, atol=1e-9)


def test_with_replacement_switched_off_master_skips_what_is_past():
    made, message = running('master', interpolate_from_desired_state=True, allow_trajectory_replacement=False)
    made.accept(message, T0 + 200 * MS)
    np.testing.assert_allclose(made.update(T0 + 200 * MS)[0], HOME + 0.202, atol=1e-9)


@pytest.mark.parametrize(('changes', 'step'), [({}, -0.028), ({'interpolate_from_desired_state': True}, 0.004)])
def test_jazzy_begins_a_new_trajectory_at_the_measured_state_or_two_updates_on(changes, step):
    """The robot is 30 ms late: at its state there is a step back, at the last command one of two updates."""
    made, message = running('jazzy', **changes)
    last = made.update(T0 + 200 * MS)[0].copy()
    made.accept(replace(message, stamp_ns=T0 + 400 * MS, times_ns=message.times_ns[:7],
                        position=message.position[4:], velocity=message.velocity[4:]), T0 + 202 * MS)
    made.observe(HOME + 0.172, np.ones(2))
    assert made.update(T0 + 202 * MS)[0, 0] - last[0] == pytest.approx(step, abs=1e-3)


def test_half_the_speed_scaling_takes_twice_the_time():
    made, _ = running('jazzy')
    made.speed_scaling = 0.5
    commands = run(made, T0 + 200 * MS, T0 + 400 * MS)
    assert commands[-1, 0] - commands[0, 0] == pytest.approx(0.1, abs=0.002)


def test_a_robot_out_of_tolerance_is_held_where_it_was_measured():
    made, message = running('jazzy', path_tolerance=0.1)
    made.observe(HOME, np.zeros(2))
    np.testing.assert_allclose(run(made, T0 + 200 * MS, T0 + 210 * MS)[-1], HOME)
    made.observe(HOME + 0.2, np.zeros(2))
    made.accept(message, T0 + 210 * MS)
    assert made.update(T0 + 210 * MS)[0, 0] == pytest.approx(HOME[0] + 0.212)


def test_a_point_before_zero_is_sampled_like_any_other():
    made = controller('master')
    made.update(T0)
    made.accept(line(T0 + 100 * MS, HOME, np.zeros(2), [-0.2, 0.0, 0.1]), T0)
    np.testing.assert_allclose(made.update(T0 + CYCLE)[0], HOME)
