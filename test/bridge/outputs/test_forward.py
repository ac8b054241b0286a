import numpy as np
import pytest
import small_robot
from hypothesis import given, settings
from hypothesis import strategies as st
from small_robot import NOW_NS, TICK_NS, tick

from vla_async.bridge.outputs import OutputSettings, make_output
from vla_async.embodiment import Output

ROBOT = small_robot.robot()
ARM = next(o for o in ROBOT.outputs if o.name == 'arm')
COLUMNS = ROBOT.indices(ARM.joints)
SPEED, ACCELERATION = (ROBOT.array(name)[COLUMNS] for name in ('velocity', 'acceleration'))
HOME = np.zeros(ROBOT.dof)
ANYTHING = st.floats(allow_nan=True, allow_infinity=True, width=64)
NUMBERS = st.lists(ANYTHING, min_size=ROBOT.dof, max_size=ROBOT.dof)
CLOCK_NS = st.integers(NOW_NS - 10**10, NOW_NS + 10**10)  # it may be set


def velocity_output():
    return make_output(ARM, ROBOT, OutputSettings())


def run(output, ticks):
    """What goes out (N, J) for the same tick, `ticks` times, one after the other."""
    return np.array([output.take(one) for one in ticks])


def steady(count, begin=0, **fields):
    return [tick(now_ns=NOW_NS + (begin + i) * TICK_NS, **fields) for i in range(count)]


def test_positions_are_those_of_the_joints_of_the_output_in_its_order():
    output = make_output(Output('both', 'forward_position', 'topic', ('finger', 'arm_1')), ROBOT, OutputSettings())
    np.testing.assert_array_equal(output.take(tick([0, 0, 0, 0.3, 0, 0.7])), [0.7, 0.3])


@given(NUMBERS)
def test_positions_are_finite_and_inside_the_limits_or_are_not_sent(position):
    everything = Output('all', 'forward_position', 'topic', ROBOT.joint_names)
    sent = make_output(everything, ROBOT, OutputSettings()).take(tick(position))
    if np.isfinite(position).all():
        assert ((sent >= ROBOT.array('lower')) & (sent <= ROBOT.array('upper'))).all()
    else:
        assert sent is None


def test_the_velocity_is_that_of_the_motion_where_the_robot_is_on_it():
    sent = run(velocity_output(), steady(200, position=HOME, velocity=0.5, measured=HOME))
    np.testing.assert_allclose(sent[-1], [0.5, 0.5])


def test_what_is_left_to_the_motion_is_made_up_for_with_the_gain():
    measured = HOME.copy()
    measured[COLUMNS] = -0.1, 0.2
    sent = run(velocity_output(), steady(200, position=HOME, velocity=0.0, measured=measured))
    np.testing.assert_allclose(sent[-1], [2.0 * 0.1, -2.0 * 0.2])


def test_whole_turns_of_a_continuous_joint_are_no_distance():
    measured = HOME.copy()
    measured[COLUMNS] = 0.0, 4 * np.pi + 0.05
    sent = run(velocity_output(), steady(200, position=HOME, velocity=0.0, measured=measured))
    np.testing.assert_allclose(sent[-1], [0.0, -0.1], atol=1e-9)


def test_the_velocity_is_exactly_zero_when_the_motion_rests_wherever_the_robot_is():
    output = velocity_output()
    run(output, steady(200, position=HOME, velocity=0.5, measured=HOME))
    sent = run(output, steady(200, begin=200, position=HOME, velocity=0.5, measured=HOME + 0.3, rests=True))
    np.testing.assert_array_equal(sent[-1], [0.0, 0.0])


@pytest.mark.parametrize('fields', [
    {'measured': None}, {'measured': HOME, 'age_s': 0.31}, {'measured': HOME, 'age_s': -0.31},
    {'measured': np.full(ROBOT.dof, np.nan)}, {'measured': np.full(ROBOT.dof, np.inf)}])
def test_without_a_present_measured_position_the_joints_go_to_rest_within_their_acceleration(fields):
    assert not run(velocity_output(), steady(5, position=HOME, velocity=0.5, **fields)).any()
    output = velocity_output()
    run(output, steady(200, position=HOME, velocity=0.5, measured=HOME))
    sent = run(output, steady(50, begin=200, position=HOME, velocity=0.5, **fields))
    assert not sent[-1].any()
    steps = np.abs(np.diff(sent, axis=0, prepend=[[0.5, 0.5]]))
    assert steps.max() == pytest.approx(ACCELERATION[0] * TICK_NS * 1e-9)


@settings(deadline=None)
@given(st.lists(st.tuples(NUMBERS, NUMBERS, st.one_of(st.none(), NUMBERS), CLOCK_NS, st.integers(0, 10 * TICK_NS),
                          st.booleans()), max_size=8))
def test_whatever_comes_velocities_are_finite_and_inside_the_limits_of_speed_and_acceleration(ticks):
    output, steady_ns, before = velocity_output(), 0, np.zeros(2)
    for position, velocity, measured, now_ns, step_ns, rests in ticks:
        steady_ns += step_ns
        with np.errstate(all='ignore'):
            sent = output.take(tick(position, velocity, measured, now_ns, rests=rests, steady_ns=steady_ns)).copy()
        assert np.isfinite(sent).all()
        assert (np.abs(sent) <= SPEED).all()
        assert (np.abs(sent - before) <= ACCELERATION * step_ns * 1e-9 + 1e-12).all()  # before: at rest
        before = sent


def test_a_driven_joint_follows_a_swing_through_a_drive_that_lags():
    output, measured, worst = velocity_output(), np.zeros(2), 0.0
    late = [np.zeros(2)] * 10  # a drive that obeys 40 ms late
    for i in range(2500):
        t = i * TICK_NS * 1e-9
        position, velocity, state = (np.zeros(ROBOT.dof) for _ in range(3))
        position[COLUMNS], velocity[COLUMNS] = 0.5 * (1 - np.cos(2 * t)), np.sin(2 * t)
        state[COLUMNS] = measured
        late.append(output.take(tick(position, velocity, state, NOW_NS + i * TICK_NS)).copy())
        measured = measured + late.pop(0) * TICK_NS * 1e-9
        worst = max(worst, np.abs(position[COLUMNS] - measured).max())
    assert worst < 0.05  # 40 ms of 1 rad/s, and little more
