"""What the fuser does with chunks: follows, reacts, comes to rest, refuses."""
import numpy as np
import pytest
from motions import START, STEP, S, assert_within, chunk, fuser, limits, sampled, sine_chunk, state

from vla_async.embodiment import load
from vla_async.errors import DataError
from vla_async.fusion import ChunkFuser, FuserConfig, JointLimits
from vla_async.types import ActionChunk


def test_after_the_transition_the_motion_is_on_the_chunk() -> None:
    fused = fuser()
    for k in range(30):
        assert fused.add(sine_chunk(k / 30, k + 1), START + k * STEP).accepted
    wanted = 0.3 * np.sin(2 * np.pi * 0.3 * (30 / 30 + 0.5) + np.arange(3))
    np.testing.assert_allclose(state(fused, 1.5)[0], wanted, atol=2e-3)


def test_what_lies_in_the_past_when_a_chunk_arrives_is_skipped_not_replayed() -> None:
    ramp = np.linspace(0.0, 0.2, 32)[:, None].repeat(3, axis=1)
    fused = fuser()
    report = fused.add(chunk(0.0, ramp), START + S // 2)
    assert report.delay_s == pytest.approx(0.5)
    np.testing.assert_allclose(state(fused, 31 / 30)[0], 0.2, atol=5e-3)


@pytest.mark.parametrize('rate_hz', [2, 10, 30])
def test_most_of_a_jump_of_the_target_is_done_a_quarter_second_after_the_chunk(rate_hz: int) -> None:
    one, jump, positions = np.ones(3), 0.3, []
    fused = ChunkFuser(FuserConfig(('a', 'b', 'c'), JointLimits(-3 * one, 3 * one, 4 * one, 60 * one, 1200 * one)))
    fused.reset(START, np.zeros(3))
    for k in range(2 * rate_hz):
        goal = np.full((32, 3), jump if k >= rate_hz else 0.0)
        fused.add(chunk(k / rate_hz, goal, sequence=k + 1), START + k * S // rate_hz)
        positions.append(sampled(fused, k / rate_hz, (k + 1) / rate_hz)[:, 0])
    motion = np.concatenate(positions[rate_hz:])[:, 0] / jump
    times = np.arange(len(motion)) * 0.002
    assert times[np.argmax(motion >= 0.63)] <= 0.25
    assert times[np.argmax(motion >= 0.95)] <= 0.5
    assert motion.max() <= 1.02


@pytest.mark.parametrize('knot_s', [0.002, 1 / 60, 0.1])
def test_the_last_tenth_of_a_second_stays_known_whatever_the_spacing_of_knots(knot_s: float) -> None:
    """Windows begin in the past, while changes lie up to a second ahead."""
    fused, said = fuser(knot_s=knot_s, commit_s=1.0), []
    for k in range(45):
        said.append(state(fused, k / 30))
        assert fused.add(sine_chunk(k / 30, k + 1, steps=64), START + k * STEP).accepted
        np.testing.assert_allclose(state(fused, max(k - 3, 0) / 30), said[max(k - 3, 0)], atol=1e-9)
    assert np.ptp(np.stack(said)[:, 0], axis=0).min() > 0.05


def test_when_chunks_stop_the_motion_runs_to_the_end_of_the_last_and_rests() -> None:
    fused = fuser()
    fused.add(sine_chunk(0.0, 1, amplitude=0.2), START)
    end_s = (fused.rest_ns - START) / S
    assert 31 / 30 < end_s < 31 / 30 + 0.7
    assert fused.following(START + S)
    assert not fused.following(START + 2 * S)
    assert_within(limits(), sampled(fused, 0.0, end_s + 0.5), 0.002)
    assert not state(fused, end_s)[1:].any()
    np.testing.assert_array_equal(state(fused, end_s + 100.0), state(fused, end_s))


def test_a_chunk_beyond_the_limits_is_followed_inside_them_and_the_report_names_the_joint() -> None:
    positions = np.zeros((32, 3))
    positions[:, 1] = 0.8 * np.sin(np.arange(32) * 0.5)  # 2.4 Hz with 0.8 rad: 180 rad/s^2
    fused = fuser()
    report = fused.add(chunk(0.0, positions), START)
    assert [joint.name for joint in report.limited] == ['joint_1']
    assert report.samples_limited > 0
    assert_within(limits(), sampled(fused, 0.0, 3.0), 0.002)


def test_a_wild_wish_does_not_freeze_the_motion() -> None:
    """Far away and shaking beyond the limits: the place is still reached."""
    rng = np.random.default_rng(0)
    fused = fuser()
    for k in range(150):
        fused.add(chunk(k / 30, 1.0 + 0.2 * rng.choice([-1, 1], (32, 3)), sequence=k + 1), START + k * STEP)
    np.testing.assert_allclose(state(fused, 5.0)[0], 1.0, atol=0.15)


GOOD = np.zeros((32, 3))


@pytest.mark.parametrize(('bad', 'reason'), [
    (chunk(0.0, np.full((32, 3), np.nan)), 'not finite'),
    (chunk(0.0, np.full((32, 3), np.inf)), 'not finite'),
    (chunk(0.0, GOOD + np.array([0.0, 90.0, 0.0])), 'huge: 90 for joint_1, which goes from'),
    (chunk(0.0, GOOD - 1e300), 'huge'),
    (chunk(0.0, np.zeros((32, 4))), 'wrong shape'),
    (chunk(0.0, np.zeros(32)), 'wrong shape'),
    (chunk(0.0, np.zeros((0, 3))), 'empty'),
    (chunk(0.0, [[0.0, 0.0, 0.0]]), 'not an array'),
    (chunk(0.0, np.full((4, 3), 'x')), 'not an array'),
    (chunk(0.0, np.zeros((600, 3))), 'too long'),
    (chunk(0.0, GOOD, step_ns=0), 'step_ns is not positive'),
    (chunk(0.0, GOOD, step_ns=-STEP), 'step_ns is not positive'),
    (chunk(0.0, GOOD, step_ns=10), 'step_ns is not between'),
    (chunk(0.0, GOOD, step_ns=0.03), 'step_ns is not an integer'),
    (chunk(-2.0, GOOD), 'entirely in the past'),
    (chunk(0.5, GOOD), 'in the future'),
    (chunk(-0.2, GOOD, sequence=9), 'out of order'),
    (chunk(-0.1, GOOD, sequence=4), 'out of order'),
    (chunk(-0.1, GOOD, sequence=5), 'duplicate'),
])
def test_a_chunk_that_cannot_be_used_is_refused_by_name_and_the_motion_goes_on(bad: ActionChunk, reason: str) -> None:
    fused = fuser()
    now = START - S // 20
    fused.reset(now - S, np.zeros(3))
    assert fused.add(chunk(-0.1, GOOD + 0.3, sequence=5), now).accepted
    before = fused.window(now, S // 50, 60).position
    report = fused.add(bad, now)
    assert not report.accepted
    assert reason in report.reason
    np.testing.assert_array_equal(fused.window(now, S // 50, 60).position, before)


def test_a_restarted_generator_that_counts_from_one_again_is_followed() -> None:
    fused = fuser()
    assert fused.add(chunk(0.0, GOOD, sequence=900), START).accepted
    assert fused.add(chunk(0.1, GOOD, sequence=1), START + S // 10).accepted


def test_without_a_start_state_chunks_are_refused_and_asking_raises() -> None:
    fused = ChunkFuser(FuserConfig(('a', 'b', 'c'), limits()))
    assert 'reset' in fused.add(chunk(0.0, GOOD), START).reason
    with pytest.raises(DataError, match='reset'):
        fused.command(START)


def test_reset_with_speed_keeps_it_and_brakes() -> None:
    fused = fuser()
    fused.reset(START, np.array([0.0, 2.9, 3.5]), np.array([1.0, 1.5, 1.0]))
    first = state(fused, 0.0)
    np.testing.assert_allclose(first[:, 0], [0.0, 1.0, 0.0], atol=1e-9)
    assert 0.0 < first[1, 1] < 1.5  # cannot stop before the limit otherwise
    np.testing.assert_allclose(first[:, 2], [3.5, 0.0, 0.0], atol=1e-9)  # starts outside: held, not yanked back
    assert (sampled(fused, 0.0, 1.0)[:, 0, :2] <= 3.0).all()
    assert not state(fused, 1.0)[1:].any()


def test_reset_refuses_a_state_that_is_not_one() -> None:
    with pytest.raises(DataError, match='position'):
        fuser().reset(START, np.zeros(4))
    with pytest.raises(DataError, match='velocity'):
        fuser().reset(START, np.zeros(3), np.full(3, np.nan))


def test_the_robots_of_the_suite_follow_chunks_in_their_own_limits() -> None:
    robot = load('astribot_s1')
    fused = ChunkFuser(FuserConfig.from_embodiment(robot))
    home = robot.array('home')
    fused.reset(START, home)
    for k in range(60):
        t = k / 30 + np.arange(32) / 30
        wave = home + 0.1 * np.sin(2 * np.pi * 0.3 * t)[:, None]
        assert fused.add(chunk(k / 30, wave, sequence=k + 1), START + k * STEP).accepted
        assert_within(fused.config.limits, sampled(fused, k / 30, (k + 1) / 30), 0.002)


def test_the_report_tells_the_jump_of_a_splice_from_what_fusion_leaves_of_it() -> None:
    fused = fuser()
    assert fused.add(sine_chunk(0.0, 1), START).disagreement_position == pytest.approx(0.3, abs=0.05)
    for k in range(2, 40):
        last = fused.add(sine_chunk(k / 30, k), START + k * STEP)
    assert last.disagreement_position < 1e-3
    report = fused.add(sine_chunk(40 / 30, 40, bias=0.2), START + 40 * STEP)
    assert report.disagreement_position == pytest.approx(0.2, abs=0.01)
    assert report.disagreement_velocity < 0.05  # both go on alike, 0.2 rad apart
    assert report.seam_position < 1e-12
