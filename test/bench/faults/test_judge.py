"""The judge on motions made up here, in virtual time."""
import numpy as np
import pytest

from vla_async.bench.faults.judge import COMES_BACK, GOES_ON, HOLD_S, RESTS, Trace, judge

STEP_S = 0.01


def trace(*phases, end_s=0.0, before_s=0.5, swing_s=0.0, **changes):
    """Phases (duration [s], speed) from the fault on, after `before_s` of motion; joints rest `swing_s` later."""
    speeds = np.concatenate([np.full(round(before_s / STEP_S), 0.3),
                             *(np.full(round(seconds / STEP_S), speed) for seconds, speed in phases)])
    times = np.arange(len(speeds)) * STEP_S - before_s
    late = round(swing_s / STEP_S)
    joints = np.concatenate([np.full(late, 0.3), speeds[:len(speeds) - late]])
    return Trace(times, speeds, joints, end_s, **changes)


def test_a_motion_that_goes_on_has_nothing_to_recover_from():
    verdict = judge(trace((3.0, 0.2)), GOES_ON, 3.0)
    assert verdict.passed
    assert (verdict.time_to_hold_s, verdict.recovery_s) == (None, 0.0)


def test_rest_and_recovery_are_timed_from_the_fault_and_from_its_end():
    verdict = judge(trace((0.7, 0.2), (2.0, 0.0), (1.0, 0.2), end_s=1.5), COMES_BACK, 3.0)
    assert verdict.passed
    assert verdict.time_to_hold_s == pytest.approx(0.7, abs=STEP_S)
    assert verdict.recovery_s == pytest.approx(1.2, abs=STEP_S)


def test_a_motion_that_comes_back_before_the_fault_ends_has_not_recovered_by_then():
    verdict = judge(trace((0.5, 0.0), (0.5, 0.2), (2.0, 0.0), (1.0, 0.2), end_s=2.0), COMES_BACK, 3.0)
    assert verdict.recovery_s == pytest.approx(1.0, abs=STEP_S)


def test_joints_that_still_swing_are_not_at_rest():
    assert judge(trace((3.0, 0.0), swing_s=0.3), RESTS, 3.0).time_to_hold_s == pytest.approx(0.3, abs=STEP_S)


def test_a_robot_that_nothing_is_heard_of_has_not_passed_whatever_it_did_before():
    verdict = judge(trace((3.0, 0.2), silent_s=1.5), GOES_ON, 3.0)
    assert verdict.why == 'nothing was heard of the robot for 1.5 s'


def test_what_could_not_be_judged_has_not_passed():
    assert judge(trace((3.0, 0.2), unjudged_s=0.9), GOES_ON, 3.0).passed
    assert judge(trace((3.0, 0.2), unjudged_s=1.2), GOES_ON, 3.0).why.startswith('1.2 s of it could not be judged')


def test_a_moment_without_motion_is_no_rest():
    assert judge(trace((0.5, 0.2), (0.06, 0.0), (1.0, 0.2)), GOES_ON, 3.0).passed


@pytest.mark.parametrize(('phases', 'expectation', 'words'), [
    ([(0.5, 0.2), (2.0, 0.0)], GOES_ON, 'came to rest after 0.50 s'),
    ([(0.5, 0.2), (4.0, 0.0)], COMES_BACK, 'the motion did not come back'),
    ([(0.5, 0.2), (3.5, 0.0), (1.0, 0.2)], COMES_BACK, 'the motion came back after 4.00 s, not 3 s'),
    ([(HOLD_S + 1.0, 0.2)], RESTS, 'not at rest within 3 s'),
    ([(0.5, 0.2), (1.0, 0.0), (0.5, 0.2)], RESTS, 'did not stay at rest: it moved again 1.50 s after the fault'),
    ([(HOLD_S + 0.5, 0.2), (1.0, 0.0)], RESTS, 'not at rest within 3 s'),
])
def test_what_is_not_as_expected_is_said(phases, expectation, words):
    verdict = judge(trace(*phases), expectation, 3.0)
    assert not verdict.passed
    assert words in verdict.why


def test_a_broken_limit_fails_whatever_the_motion_did():
    verdict = judge(trace((2.0, 0.2), violations=3, violated=('velocity of joint left_arm_1: 1.40 of its limit',)),
                    GOES_ON, 3.0)
    assert verdict.why == '3 steps beyond the limits: velocity of joint left_arm_1: 1.40 of its limit'


@pytest.mark.parametrize('expectation', [GOES_ON, COMES_BACK])
def test_a_robot_of_which_nothing_was_heard_has_not_gone_on(expectation):
    silent = Trace(np.empty(0), np.empty(0), np.empty(0), 0.0)
    assert judge(silent, expectation, 3.0).why == 'the motion did not come back'


def test_rest_that_began_before_the_fault_counts_from_the_fault():
    still = trace((2.0, 0.0), before_s=0.0)
    before = Trace(still.times_s - 1.0, still.set_points, still.joints, 0.0)
    assert judge(before, RESTS, 3.0).time_to_hold_s == pytest.approx(0.0, abs=STEP_S)


@pytest.mark.parametrize(('end_s', 'phases', 'why'), [
    (2.5, [(2.0, 0.2), (1.0, 0.0), (1.0, 0.2)], ''),
    (2.5, [(2.2, 0.2), (1.0, 0.0), (1.0, 0.2)], 'not at rest within 2.1 s of a fault that lasted 2.50 s'),
    (2.5, [(4.0, 0.2)], 'not at rest within 2.1 s of a fault that lasted 2.50 s'),
    (2.0, [(4.0, 0.2)], ''),
])
def test_a_fault_that_lasts_must_have_brought_the_robot_to_rest(end_s, phases, why):
    assert judge(trace(*phases, end_s=end_s), COMES_BACK, 3.0, rests_by_s=2.1).why == why
