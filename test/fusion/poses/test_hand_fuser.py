"""Chunks of hand poses become one motion of the joints: where hands shall be, C2, inside limits, at last at rest."""
from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from led import HAND, Circle, led_robot, misses, poses_of, rows
from motions import START, STEP, S

from vla_async.embodiment import Embodiment
from vla_async.errors import ConfigError, DataError
from vla_async.fusion import ChunkFuser, FuserSettings, fuser_for
from vla_async.fusion.poses import rotation
from vla_async.fusion.poses.hand_fuser import HandFuser
from vla_async.types import ActionChunk, FloatArray, FusionReport

BOTH = led_robot('astribot_s1', 'left', 'right')
GRIPPING = led_robot('so101', 'arm', grippers=('gripper',))
HOME = BOTH.array('home')


def begun(robot: Embodiment = BOTH) -> HandFuser:
    fused = HandFuser(robot)
    fused.reset(START, robot.array('home'))
    return fused


def chunk(stamp_s: float, positions: FloatArray, sequence: int = 0) -> ActionChunk:
    return ActionChunk(START + round(stamp_s * S), STEP, positions, sequence=sequence)


def still(robot: Embodiment, count: int = 32) -> FloatArray:
    """Rows that hold all hands, and grippers, where they are at home."""
    held = np.concatenate([rows(*poses_of(robot, robot.array('home')[None]))[0],
                           robot.array('home')[robot.indices(robot.action.grippers)]])
    return np.tile(held, (count, 1))


def led_along(fused: HandFuser, wanted: Callable[[FloatArray], FloatArray], until_s: float, every: int = 5
              ) -> tuple[FloatArray, FloatArray, list[FusionReport]]:
    """Times (N,) [s], joints (N, D) each 10 ms, reports; chunks of 32 steps, observed 0.1 s before they arrive."""
    times, joints, reports = [], [], []
    for k in range(round(until_s * 30 / every)):
        now_s = k * every / 30
        seen_s = now_s - 0.1
        reports.append(fused.add(chunk(seen_s, wanted(seen_s + np.arange(32) / 30), k), START + round(now_s * S)))
        for t in np.arange(now_s, now_s + every / 30 - 1e-9, 0.01):
            times.append(t)
            joints.append(fused.command(START + round(t * S)).position)
    return np.array(times), np.array(joints), reports


@pytest.mark.parametrize('every', [1, 5, 15])
def test_hands_that_turn_on_a_circle_go_where_they_shall_when_they_shall(every: int) -> None:
    """Two hands of 25 joints, radius 0.1 m, 4 s a round, turning by 0.3 rad: to 0.1 mm and 0.2 mrad."""
    circle, fused = Circle(BOTH, 0.1, 4.0, 0.3), begun()
    times, joints, reports = led_along(fused, circle.rows, 8.0, every)
    assert all(report.accepted for report in reports)
    assert max((joint.slowdown for report in reports for joint in report.limited), default=1.0) < 1.05
    grown = times > 4.0
    ways, angles = misses(BOTH, joints[grown], circle.poses(times[grown]))
    assert ways.max() < 1e-4
    assert angles.max() < 2e-4


def test_after_rounds_of_the_hands_the_joints_are_back_and_the_base_has_not_wandered() -> None:
    circle = Circle(BOTH, 0.1, 4.0, 0.3)
    times, joints, _ = led_along(begun(), circle.rows, 20.0)
    one, other = (joints[np.argmin(np.abs(times - t))] for t in (11.99, 19.99))
    np.testing.assert_allclose(one, other, atol=2e-3)


def test_the_joints_are_c2_where_chunks_take_over_though_these_disagree() -> None:
    rng, circle, fused = np.random.default_rng(0), Circle(BOTH, 0.1, 2.0, 0.3), begun()

    def noisy(times_s: FloatArray) -> FloatArray:
        return circle.rows(times_s) + 0.02 * rng.normal(size=18)  # one offset a chunk

    _, _, reports = led_along(fused, noisy, 4.0)
    assert max(report.disagreement_position for report in reports) > 0.01
    for report in reports:
        assert max(report.seam_position, report.seam_velocity, report.seam_acceleration) < 1e-9


def test_when_chunks_stop_the_joints_rest_where_the_hands_were_to_end() -> None:
    fused, ended = begun(), still(BOTH)
    ended[:, 2] += np.linspace(0.0, 0.1, 32)  # the left hand rises
    assert fused.add(chunk(0.0, ended), START).accepted
    assert fused.following(START) and fused.chunk_age_s(START) == 0.0
    assert not fused.following(START + 2 * S)
    end = fused.command(fused.rest_ns)
    assert not end.velocity.any() and not end.acceleration.any()
    ways, angles = misses(BOTH, end.position[None], poses_of(BOTH, HOME[None]))
    assert 0.1 < ways[0, 0] < 0.13  # it runs out a little, as every motion under way does
    assert ways[0, 1] < 1e-3 and angles.max() < 1e-3


def test_a_window_ends_at_rest_and_begins_with_the_motion() -> None:
    fused, rising = begun(), still(BOTH)
    rising[:, 2] += np.linspace(0.0, 0.2, 32)
    fused.add(chunk(0.0, rising), START)
    window = fused.window(START + S // 2, S // 60, int(fused.config.stop_s * 60) + 3)
    np.testing.assert_allclose(window.position[0], fused.command(START + S // 2).position, rtol=0.0, atol=1e-12)
    assert not window.velocity[-1].any() and not window.acceleration[-1].any()


def test_a_hand_out_of_reach_is_named_with_how_far() -> None:
    """The table arm has five joints for the six of a pose, and 0.4 m of reach."""
    fused, far = begun(GRIPPING), still(GRIPPING)
    far[:, 0] += np.linspace(0.0, 0.5, 32)
    report = fused.add(chunk(0.0, far), START)
    assert report.accepted
    (out,) = [joint for joint in report.limited if joint.name == 'arm_reach']
    assert 0.1 < out.beyond < 0.5


def test_grippers_that_the_file_lists_follow_their_column_and_others_stay() -> None:
    fused, closing = begun(GRIPPING), still(GRIPPING)
    closing[10:, -1] = 0.2
    fused.add(chunk(0.0, closing), START)
    assert fused.command(START + S // 4).position[-1] == pytest.approx(1.3, abs=1e-6)
    assert fused.command(fused.rest_ns).position[-1] == pytest.approx(0.2, abs=1e-3)
    both = begun(BOTH)
    both.reset(START, HOME + 0.05)
    both.add(chunk(0.0, still(BOTH)), START)
    grippers = BOTH.indices(('left_gripper', 'right_gripper'))
    np.testing.assert_allclose(both.command(both.rest_ns).position[grippers], HOME[grippers] + 0.05, atol=1e-6)


def test_a_driven_base_stays_while_hands_are_led() -> None:
    """Of kind `velocity`: chunks would give its velocity, and its position comes from odometry."""
    driven = [replace(joint, kind='velocity', lower=-np.inf, upper=np.inf) if joint.name == 'base_x' else joint
              for joint in BOTH.joints]
    robot = replace(BOTH, joints=tuple(driven))
    fused, ahead = begun(robot), still(robot)
    ahead[:, 0] += np.linspace(0.0, 0.1, 32)
    assert fused.add(chunk(0.0, ahead), START).accepted
    end = fused.command(fused.rest_ns).position
    assert end[0] == 0.0
    assert misses(robot, end[None], poses_of(robot, HOME[None]))[0][0, 0] > 0.09


def test_it_starts_anew_from_wherever_the_joints_are() -> None:
    fused = begun()
    fused.add(chunk(0.0, still(BOTH)), START)
    elsewhere = HOME + 0.1
    fused.reset(START + 10 * S, elsewhere)
    np.testing.assert_allclose(fused.command(START + 10 * S).position, elsewhere, atol=1e-12)
    assert fused.chunk_age_s(START + 10 * S) is None
    with pytest.raises(DataError, match='25 finite numbers'):
        fused.reset(START, HOME[:3])


@pytest.mark.parametrize(('positions', 'reason'), [
    (still(BOTH)[:, :-1], r'wrong shape: \(32, 17\), expected \(steps, 18\)'),
    (np.tile(HOME, (32, 1)), 'wrong shape'),
    (np.full((32, 18), np.nan), 'not finite'),
    (np.zeros((32, 18)), 'degenerate rotation: the columns of hand left at step 0'),
    (still(BOTH).astype(object), 'not an array of real numbers'),
    (1e6 * still(BOTH), r'huge: \S+ for left_x, which goes from'),
])
def test_chunks_that_are_no_poses_are_refused_by_name_and_the_motion_goes_on(positions: object, reason: str) -> None:
    fused = begun()
    before = fused.command(START + S).position
    report = fused.add(chunk(0.0, positions), START)
    assert not report.accepted
    assert re.search(reason, report.reason)
    np.testing.assert_array_equal(fused.command(START + S).position, before)


def test_order_and_duplicates_are_judged_as_with_joints() -> None:
    fused = begun()
    assert 'no start state' in HandFuser(BOTH).add(chunk(0.0, still(BOTH)), START).reason
    assert fused.add(chunk(0.1, still(BOTH), 2), START).accepted
    assert 'duplicate' in fused.add(chunk(0.1, still(BOTH), 2), START).reason
    assert 'out of order' in fused.add(chunk(0.0, still(BOTH), 3), START).reason
    assert fused.add(chunk(0.2, still(BOTH), 0), START).accepted  # a generator that was started anew


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), size=st.sampled_from([0.05, 0.5, 5.0, 1e6]),
       step_ns=st.sampled_from([10**6, 33_333_333, 10**9]))
def test_limits_hold_and_all_is_finite_whatever_the_chunks_ask_for(seed: int, size: float, step_ns: int) -> None:
    rng, fused = np.random.default_rng(seed), begun(GRIPPING)
    low, high, speed, push = (GRIPPING.array(name) for name in ('lower', 'upper', 'velocity', 'acceleration'))
    now_s = 0.0
    for k in range(4):
        wild = size * rng.normal(size=(int(rng.integers(1, 40)), 10))
        stamp_ns = START + round((now_s - rng.uniform(0.0, 0.3)) * S)
        report = fused.add(ActionChunk(stamp_ns, step_ns, wild, sequence=k), START + round(now_s * S))
        assert np.isfinite([report.seam_position, *(joint.beyond for joint in report.limited)]).all()
        now_s += float(rng.uniform(0.0, 0.5))
    motion = [fused.command(START + round(t * S)) for t in np.arange(0.0, now_s + 2.0, 0.01)]
    position, velocity, acceleration = (np.array([getattr(c, name) for c in motion])
                                        for name in ('position', 'velocity', 'acceleration'))
    assert np.isfinite(position).all()
    assert (position >= low).all() and (position <= high).all()
    assert (np.abs(velocity) <= speed * (1 + 1e-9)).all()
    assert (np.abs(acceleration) <= push * (1 + 1e-9)).all()


def test_what_policies_speak_chooses_the_fuser() -> None:
    quick = FuserSettings(smoothing_hz=2.0, transition_min_s=0.2)
    led = fuser_for(BOTH, quick)
    assert isinstance(led, HandFuser)
    assert led.config.smoothing_hz == 2.0
    assert led.config.joint_names == BOTH.joint_names
    assert isinstance(fuser_for(replace(BOTH, action=type(BOTH.action)())), ChunkFuser)
    with pytest.raises(ConfigError, match="'hard_switch' joins joints only, and policies of astribot_s1 speak poses"):
        fuser_for(BOTH, name='hard_switch')


def test_the_same_chunks_make_the_same_motion() -> None:
    circle = Circle(BOTH, 0.1, 2.0, 0.3)
    first, second = (led_along(begun(), circle.rows, 1.0)[1] for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_a_turn_beyond_the_speed_of_the_hand_is_slowed_and_the_hand_named() -> None:
    fused, whirling = begun(), still(BOTH)
    turn = rotation.to_matrix(rotation.exp(np.linspace(0.0, 6.0, 32)[:, None] * [0.0, 0.0, 1.0]))
    whirling[:, 3:9] = rotation.to_6d(turn @ poses_of(BOTH, HOME[None])[1][0, 0])
    report = fused.add(chunk(0.0, whirling), START)
    slowed = {joint.name: joint.slowdown for joint in report.limited}
    assert slowed['left_rotation'] > 6.0 / (31 / 30) / HAND['angular_velocity'] * 0.9
