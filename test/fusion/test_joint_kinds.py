"""Turning joints, driven bases and grippers: what a chunk's number means depends on the joint."""
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from motions import START, STEP, S, assert_within, sampled, state

from vla_async.errors import ConfigError
from vla_async.fusion import ChunkFuser, FuserConfig, JointLimits
from vla_async.fusion.gripper import held_steps
from vla_async.types import ActionChunk, FloatArray

ENDLESS = np.array([np.inf])


def fuser(kind: str, low: float = -np.inf, high: float = np.inf, position: float = 0.0) -> ChunkFuser:
    joint = JointLimits([low], [high], [2.0], [8.0], [120.0])
    made = ChunkFuser(FuserConfig(('joint',), joint, (kind,)))
    made.reset(START, [position])
    return made


def feed(made: ChunkFuser, wanted, seconds: float, every: int = 5, delay_s: float = 0.1) -> FloatArray:
    """States (N, 3, 1) of a run in which each chunk samples `wanted(t)` and arrives `delay_s` later."""
    states, step_s = [], 1 / 30
    for k in range(0, int(seconds / step_s), every):
        seen_s = k * step_s
        rows = wanted(seen_s + step_s * np.arange(50))[:, None]
        arrival_s = seen_s + delay_s
        made.add(ActionChunk(START + round(seen_s * S), STEP, rows, sequence=k + 1), START + round(arrival_s * S))
        states.append(sampled(made, arrival_s, arrival_s + every * step_s, 0.004))
    return np.concatenate(states)


def test_an_angle_that_wraps_turns_on_without_a_jump() -> None:
    made = fuser('continuous')
    states = feed(made, lambda t: (0.9 * t + np.pi) % (2 * np.pi) - np.pi, 12.0)
    assert states[-1, 0, 0] == pytest.approx(0.9 * 12.0, abs=0.3)  # almost two turns, not back to zero
    np.testing.assert_allclose(states[500:, 1, 0], 0.9, atol=0.02)


@pytest.mark.parametrize('turns', [-3, 0, 1, 1000])
def test_whole_turns_in_a_chunk_do_not_matter(turns: int) -> None:
    made = fuser('continuous', position=3.0)
    made.add(ActionChunk(START, STEP, np.full((50, 1), -3.0 + turns * 2 * np.pi), sequence=1), START)
    assert state(made, 3.0)[0, 0] == pytest.approx(2 * np.pi - 3.0)  # the short way: 0.28 rad on


@pytest.mark.parametrize(('kind', 'value', 'taken'), [
    ('continuous', 1e6, True),  # so many turns
    ('velocity', 5.9, True), ('velocity', -6.1, False),  # of 2 rad/s, and as much beyond as from one end to the other
    ('gripper', 1.9, True), ('gripper', 2.1, False),  # of 0 to 1
])
def test_what_no_policy_can_mean_is_refused_by_what_the_joint_speaks_of(kind: str, value: float, taken: bool) -> None:
    made = fuser(kind, *((0.0, 1.0) if kind == 'gripper' else ()))
    report = made.add(ActionChunk(START, STEP, np.full((50, 1), value), sequence=1), START)
    assert (report.accepted, report.reason.startswith('huge')) == (taken, not taken)


def test_a_driven_base_gets_the_velocity_that_the_chunk_gives_and_stops_when_chunks_stop() -> None:
    made = fuser('velocity')
    states = feed(made, lambda t: np.full_like(t, 0.6), 4.0)
    np.testing.assert_allclose(states[300:, 1, 0], 0.6, atol=1e-3)
    rest_s = (made.rest_ns - START) / S
    after = sampled(made, 4.2, rest_s + 0.1, 0.004)
    assert not after[-1, 1:].any()
    assert_within(made.config.limits, np.concatenate([states, after]), 0.004)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(old=st.floats(-1.9, 1.9), new=st.floats(-1.9, 1.9))
def test_going_over_from_one_velocity_to_another_never_leaves_what_lies_between(old: float, new: float) -> None:
    made = fuser('velocity')
    feed(made, lambda t: np.full_like(t, old), 3.0)
    states = feed(made, lambda t: np.full_like(t, new), 3.0 + 4.0)[-500:]
    assert states[-1, 1, 0] == pytest.approx(new, abs=1e-6)
    change = sampled(made, 3.0, 7.0, 0.01)[:, 1, 0]
    assert change.max() <= max(old, new) + 1e-6
    assert change.min() >= min(old, new) - 1e-6


def test_a_grippers_noise_moves_nothing_and_an_opening_is_gone_to_once() -> None:
    rng = np.random.default_rng(0)
    made = fuser('gripper', 0.0, 1.0)
    states = feed(made, lambda t: (t > 2.0) + rng.normal(0.0, 0.03, t.shape), 6.0, every=3)
    way = states[:, 0, 0]
    assert np.abs(np.diff(way)).sum() == pytest.approx(1.0, abs=0.15)  # there and not back
    assert np.ptp(way[:400]) < 0.002  # until 1.7 s it stands still, at most at the margin of its limit
    assert way[-1] == pytest.approx(1.0, abs=0.05)
    assert np.argmax(way > 0.9) * 0.004 + 0.1 - 2.0 < 1.3  # seconds after the chunks closed it; the limits need 1.0
    assert_within(made.config.limits, states, 0.004)


def test_a_gripper_does_not_begin_before_the_step_that_asks_for_it() -> None:
    made = fuser('gripper', 0.0, 1.0)
    rows = (np.arange(50) >= 30).astype(float)[:, None]
    made.add(ActionChunk(START, STEP, rows, sequence=1), START)
    positions = sampled(made, 0.0, 3.0)[:, 0, 0]
    assert positions[:480].max() < 1e-3  # 0.96 s
    assert positions[-1] == pytest.approx(1.0, abs=0.003)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(samples=st.lists(st.floats(0.0, 1.0), min_size=1, max_size=60), value=st.floats(0.0, 1.0),
       band=st.floats(0.01, 0.5))
def test_what_is_held_stays_within_the_band_of_the_samples_or_changes(samples: list, value: float, band: float) -> None:
    held = held_steps(np.array(samples), value, band)
    assert held.shape == (len(samples),)
    assert (np.abs(held - samples) <= 2 * band + 1e-12).all()
    if np.abs(np.array(samples) - value).max() <= band:
        assert (held == value).all()


@pytest.mark.parametrize(('kind', 'low', 'high', 'culprit'), [
    ('continuous', -3.0, 3.0, 'a continuous joint has no position limits'),
    ('velocity', -3.0, np.inf, 'a velocity joint has no position limits'),
    ('gripper', 0.0, np.inf, 'a gripper needs both position limits'),
])
def test_limits_that_do_not_go_with_the_kind_are_named(kind: str, low: float, high: float, culprit: str) -> None:
    with pytest.raises(ConfigError, match=culprit):
        fuser(kind, low, high)
