"""A bridge's reserve notices silence, and nothing else; it goes on from the last set-point and brakes inside limits."""
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vla_async import embodiment
from vla_async.bridge import FollowerConfig
from vla_async.bridge.brake import Brake
from vla_async.bridge.reserve_brake import LOOK_PERIODS, STREAM, ReserveBrake, StreamWatch, goes_on, must_brake
from vla_async.types import JointCommand

MS = 1_000_000
PERIOD = 4 * MS
LOOK = round(LOOK_PERIODS * PERIOD)
T0 = 10**18
STEADY = 5 * 10**12  # of the other clock, at T0
ROBOT = embodiment.load('astribot_s1')
CONFIG = FollowerConfig.from_embodiment(ROBOT)
HOME = ROBOT.array('home')
ZERO = np.zeros(ROBOT.dof)
HOLDING = np.arange(ROBOT.dof) >= 3  # all but the base
SHARES = st.lists(st.floats(-1.0, 1.0), min_size=ROBOT.dof, max_size=ROBOT.dof).map(np.array)


def watch(looks, stream=10):
    """What a watch says at `looks`, pairs of looks after the last of a stream and whether a message has come."""
    made = StreamWatch(PERIOD)
    for k in range(stream):
        assert not made.look(STEADY + (k + 1 - stream) * LOOK, came=True)
    return [made.look(STEADY + round(after * LOOK), came=came) for after, came in looks]


def moving(share=0.3, stamp_ns=T0):
    return JointCommand(stamp_ns, HOME, share * CONFIG.velocity, ZERO)


# -- silence ---------------------------------------------------------------------------------------------------


def test_silence_is_noticed_with_the_first_look_that_finds_nothing():
    assert watch([(1, True), (2, False), (3, False)]) == [False, True, True]
    assert LOOK_PERIODS * 2 <= 3  # the last message may have come just after the look that did not find it


def test_it_is_over_with_the_next_message_which_begins_another_stream():
    assert watch([(1, False), (2, True), (3, True), (4, False)]) == [True, False, False, False]
    assert watch([(1, False), *((k, True) for k in range(2, 2 + STREAM)), (2 + STREAM, False)])[-1]


def test_who_stood_still_himself_knows_nothing_before_he_has_looked_again():
    assert watch([(500, False), (501, True), (502, False)]) == [False] * 3


def test_a_few_messages_are_no_stream():
    assert watch([(k, False) for k in range(1, 9)], stream=STREAM - 1) == [False] * 8


def test_what_was_forgotten_is_no_stream():
    made = StreamWatch(PERIOD)
    for k in range(10):
        made.look(STEADY + k * LOOK, came=True)
    made.forget()
    assert not any(made.look(STEADY + k * LOOK, came=False) for k in range(10, 20))


# -- whether to brake ------------------------------------------------------------------------------------------


def must(last, silent=2 * PERIOD, now_ns=T0 + 2 * PERIOD + MS):
    return must_brake(CONFIG, last, silent, PERIOD, now_ns)


def test_a_robot_that_was_left_in_motion_must_brake_one_at_rest_need_not():
    assert must(moving())
    assert not must(moving(0.0))


@pytest.mark.parametrize('offset_s', [-10.0, -1.0, -0.05, 0.05, 1.0, 10.0])
def test_set_points_of_another_time_are_not_gone_on_from(offset_s):
    assert not must(moving(stamp_ns=T0 + round(offset_s * 1e9)))


@pytest.mark.parametrize('row', ['position', 'velocity', 'acceleration'])
@pytest.mark.parametrize('bad', [np.nan, np.inf, -1e300, 99.0])
def test_nor_is_what_no_robot_can_do(row, bad):
    values = getattr(moving(), row).copy()
    values[3] = bad
    assert not must(replace(moving(), **{row: values}))


@pytest.mark.parametrize('row', ['position', 'velocity', 'acceleration'])
def test_nor_is_what_is_of_another_robot(row):
    assert not must(replace(moving(), **{row: np.ones(7)}))


# -- braking ---------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(speeds=SHARES, accelerations=SHARES)
def test_it_goes_on_where_the_bridge_ended_and_rests_inside_the_limits(speeds, accelerations):
    last = JointCommand(T0, HOME, speeds * CONFIG.velocity, accelerations * CONFIG.acceleration)
    brake = ReserveBrake(CONFIG, HOLDING, last, PERIOD, T0 + 2 * PERIOD, STEADY)
    ticks = [brake.tick(STEADY + k * PERIOD) for k in range(500)]
    position, velocity, acceleration = (np.array([getattr(tick.command, row) for tick in ticks])
                                        for row in ('position', 'velocity', 'acceleration'))
    ahead_s = 2 * PERIOD / 1e9
    np.testing.assert_allclose(position[0], np.clip(
        HOME + ahead_s * last.velocity, CONFIG.lower, CONFIG.upper), atol=0.51 * ahead_s**2 * CONFIG.acceleration.max())
    assert (np.abs(acceleration) <= CONFIG.acceleration * (1 + 1e-9)).all()
    assert ((position >= CONFIG.lower) & (position <= CONFIG.upper)).all()
    assert not velocity[-1].any()
    assert brake.rests(ticks[-1].steady_ns)
    assert (np.ptp(position[-2:], axis=0) == 0).all()


def test_its_time_is_that_of_the_stamps_whatever_happens_to_the_clock():
    tick = ReserveBrake(CONFIG, HOLDING, moving(), PERIOD, T0 + 2 * PERIOD, STEADY).tick(STEADY + 7 * PERIOD)
    assert tick.command.stamp_ns == tick.now_ns == T0 + 9 * PERIOD


def test_who_comes_too_late_leaves_positions_where_they_are_held_and_brakes_velocities():
    brake = ReserveBrake(CONFIG, HOLDING, moving(), PERIOD, T0 + 10 * PERIOD, STEADY)
    early, late = brake.tick(STEADY), brake.tick(STEADY + 500 * PERIOD)
    for command in (early.command, late.command):
        np.testing.assert_array_equal(command.position[HOLDING], HOME[HOLDING])
        assert not command.state[1:, HOLDING].any(), 'who goes on from there begins at rest'
    assert early.command.velocity[~HOLDING].all()
    assert not late.command.velocity.any()


def test_controllers_are_told_of_the_rest_for_a_while():
    brake = ReserveBrake(CONFIG, HOLDING, moving(), PERIOD, T0 + 2 * PERIOD, STEADY)
    rests, over = (next(k for k in range(2000) if done(STEADY + k * PERIOD)) for done in (brake.rests, brake.over))
    assert (over - rests) * PERIOD == pytest.approx(500 * MS, abs=PERIOD)


def test_from_any_of_its_set_points_the_same_motion_goes_on():
    brake = ReserveBrake(CONFIG, HOLDING, moving(), PERIOD, T0 + 2 * PERIOD, STEADY)
    for k in (0, 5, 20, 60):
        said = brake.tick(STEADY + k * PERIOD).command
        again = Brake(said.state, CONFIG.acceleration, CONFIG.jerk, said.stamp_ns)
        for later in (1, 10, 40, 400):
            command = brake.tick(STEADY + (k + later) * PERIOD).command
            np.testing.assert_allclose(again.sample(command.stamp_ns), command.state, atol=1e-9)


# -- whether a bridge goes on from what its reserve said -------------------------------------------------------


def test_what_a_robot_can_have_done_since_is_believed():
    brake = ReserveBrake(CONFIG, HOLDING, moving(), PERIOD, T0 + 2 * PERIOD, STEADY)
    assert all(goes_on(CONFIG, moving(), brake.tick(STEADY + k * PERIOD).command, (2 + k) * PERIOD)
               for k in (0, 10, 1000))


@pytest.mark.parametrize('said', [
    moving(stamp_ns=T0), moving(stamp_ns=T0 - PERIOD), replace(moving(), position=HOME + 0.05, stamp_ns=T0 + PERIOD),
    replace(moving(), position=HOME + 0.05, stamp_ns=T0 + 1000 * PERIOD),
    replace(moving(), position=HOME * np.nan, stamp_ns=T0 + PERIOD),
    JointCommand(T0 + PERIOD, *np.zeros((3, 7)))])
def test_what_is_older_or_too_far_or_no_state_is_not(said):
    assert not goes_on(CONFIG, moving(), said, PERIOD)
