import math

import numpy as np
import pytest
import small_robot
from hypothesis import given, settings
from hypothesis import strategies as st
from small_robot import JOINTS, NOW_NS, OUTPUTS, TICK_NS, driven, tick, turned

from vla_async.bridge.outputs import OutputSettings, make_output

ROBOT = small_robot.robot()
BODY = small_robot.robot(driven(JOINTS), {**OUTPUTS, 'base': {
    key: 'body' if key == 'frame' else value for key, value in OUTPUTS['base'].items() if key != 'gain'}})
LINEAR, ANGULAR = OUTPUTS['base']['linear'], OUTPUTS['base']['angular']
ANYTHING = st.floats(allow_nan=True, allow_infinity=True, width=64)
NUMBERS = st.lists(ANYTHING, min_size=ROBOT.dof, max_size=ROBOT.dof)


def base_output(robot=ROBOT):
    return make_output(robot.outputs[0], robot, OutputSettings())


def settled(velocity, measured, robot=ROBOT, position=(0, 0, 0), **fields):
    """The twist (3,) after a second of the same motion of the base."""
    output, pad = base_output(robot), [0.0] * (ROBOT.dof - 3)
    measured = None if measured is None else [*measured, *pad]
    for i in range(250):
        sent = output.take(tick([*position, *pad], [*velocity, *pad], measured, NOW_NS + i * TICK_NS, **fields))
    return sent


@pytest.mark.parametrize('yaw', [0.0, math.pi / 2, -2.5, 7.0])
def test_a_velocity_in_the_world_is_turned_into_the_base_by_its_measured_yaw(yaw):
    sent = settled((0.3, 0.1, 0.0), (0.0, 0.0, yaw), position=(0, 0, yaw))
    np.testing.assert_allclose(turned(yaw, sent[:2]), [0.3, 0.1])
    assert sent[2] == pytest.approx(0.0)


def test_a_base_that_looks_to_the_left_drives_to_its_right_to_go_ahead_in_the_world():
    sent = settled((0.3, 0.0, 0.0), (0.0, 0.0, math.pi / 2), position=(0, 0, math.pi / 2))
    np.testing.assert_allclose(sent, [0.0, -0.3, 0.0], atol=1e-12)


def test_what_is_left_to_the_place_in_the_world_is_made_up_for_in_the_base_frame():
    sent = settled((0.0, 0.0, 0.0), (0.1, 0.0, math.pi), position=(0.0, 0.0, math.pi))
    np.testing.assert_allclose(sent, [0.2, 0.0, 0.0], atol=1e-12)


def test_the_direction_stays_when_the_base_may_not_go_that_fast():
    sent = settled((0.5, 0.5, 2.0), (0.0, 0.0, 0.0))
    np.testing.assert_allclose(sent, [LINEAR / math.sqrt(2), LINEAR / math.sqrt(2), ANGULAR])


def test_without_a_measured_position_the_base_stands():
    assert not settled((0.3, 0.1, 0.5), None).any()
    assert not settled((0.3, 0.1, 0.5), (0.0, 0.0, math.nan)).any()
    assert not settled((0.3, 0.1, 0.5), (0.0, 0.0, 0.0), age_s=0.4).any()


@pytest.mark.parametrize('robot', [ROBOT, BODY])
def test_zeros_are_sent_at_rest(robot):
    sent = settled((0.3, 0.1, 0.5), (0.5, 0.5, 0.5), robot, rests=True)
    assert sent is not None
    np.testing.assert_array_equal(sent, [0.0, 0.0, 0.0])


def test_in_the_frame_of_the_body_the_velocities_of_the_joints_go_out_whatever_the_odometry_says():
    np.testing.assert_allclose(settled((0.3, -0.1, 0.5), (7.0, 7.0, 2.0), BODY), [0.3, -0.1, 0.5])


@pytest.mark.parametrize(('silent_s', 'speed'), [(0.3, 0.3), (0.6, 0.0)])
@pytest.mark.parametrize('robot', [ROBOT, BODY])
def test_after_a_standstill_a_base_brakes_from_the_speed_that_its_controller_still_has(robot, silent_s, speed):
    output, pad = base_output(robot), [0.0] * (ROBOT.dof - 3)
    at_rest = [0.0] * ROBOT.dof
    for i in range(250):
        output.take(tick(at_rest, [0.3, 0, 0, *pad], at_rest, NOW_NS + i * TICK_NS))
    sent = output.take(tick(at_rest, at_rest, at_rest, NOW_NS + 249 * TICK_NS + round(silent_s * 1e9)))
    assert sent[0] == pytest.approx(max(speed - 0.05 * robot.array('acceleration')[0], 0.0))


@settings(deadline=None)
@given(st.sampled_from([ROBOT, BODY]), st.lists(st.tuples(
    NUMBERS, NUMBERS, st.one_of(st.none(), NUMBERS), st.integers(0, 100 * TICK_NS), st.booleans()), max_size=8))
def test_whatever_comes_the_twist_is_finite_and_inside_the_limits(robot, ticks):
    output, now_ns = base_output(robot), NOW_NS
    for position, velocity, measured, step_ns, rests in ticks:
        now_ns += step_ns
        with np.errstate(all='ignore'):
            sent = output.take(tick(position, velocity, measured, now_ns, rests=rests))
        assert sent.shape == (3,) and np.isfinite(sent).all()
        assert math.hypot(sent[0], sent[1]) <= LINEAR + 1e-12
        assert abs(sent[2]) <= ANGULAR


@pytest.mark.parametrize('robot', [ROBOT, BODY])
def test_a_base_that_moves_already_is_not_told_to_stop_first(robot):
    moving = np.array([0.3, 0.0, 0.0, *[0.0] * (robot.dof - 3)])
    output = make_output(robot.outputs[0], robot, OutputSettings(velocity=moving))
    sent = output.take(tick([0.0] * robot.dof, moving, [0.0] * robot.dof))
    np.testing.assert_allclose(sent, [0.3, 0.0, 0.0])
