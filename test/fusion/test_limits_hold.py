"""Whatever comes in, every sample that goes out is finite and inside the limits, and the motion ends at rest."""
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from motions import START, STEP, S, assert_within, sampled

from vla_async.fusion import ChunkFuser, FuserConfig, JointLimits
from vla_async.types import ActionChunk

NASTY = (np.nan, np.inf, -np.inf, 1e9, -1e9, 1e300, 0.0)


def _random_chunk(rng: np.random.Generator, now_s: float, sequence: int, dof: int) -> ActionChunk:
    steps = int(rng.choice([0, 1, 2, 3, 5, 16, 32, 50]))
    kind = rng.integers(6)
    scale = float(rng.choice([0.01, 0.3, 3.0, 1e9]))
    positions = scale * rng.standard_normal((steps, dof))
    if kind == 1:
        positions = np.cumsum(positions, axis=0) / 10
    elif kind == 2:
        positions = np.broadcast_to(positions[:1], positions.shape).copy()
    elif kind == 3 and steps:
        positions[rng.integers(steps), rng.integers(dof)] = rng.choice(NASTY)
    elif kind == 4:
        positions = positions[::-1, : rng.integers(1, dof + 1)]
    elif kind == 5:
        positions = np.sign(np.sin(np.arange(steps)[:, None] * rng.uniform(0.1, 3.0) + np.arange(dof))) * scale
    step_ns = int(rng.choice([STEP, STEP, STEP, S // 10, S // 60, 1_000_000, 0, -STEP, 1]))
    delay = float(rng.choice([0.0, 0.05, 0.2, 0.5, 1.0, 3.0, -0.3, -0.7]))
    return ActionChunk(START + round((now_s - delay) * S), step_ns, positions, sequence=sequence)


def _random_fuser(rng: np.random.Generator, dof: int) -> ChunkFuser:
    low = rng.uniform(-3, 0, dof)
    low[rng.integers(dof)] = -np.inf
    high = rng.uniform(0.05, 3, dof)
    speed, push = rng.uniform(0.1, 5, dof), rng.uniform(0.3, 30, dof)
    jerk = push * rng.uniform(1, 60, dof) if rng.random() < 0.7 else None
    fuser = ChunkFuser(FuserConfig(tuple(f'j{d}' for d in range(dof)), JointLimits(low, high, speed, push, jerk)))
    fuser.reset(START + int(rng.integers(S)), np.clip(rng.uniform(-3, 3, dof), low, high), rng.uniform(-9, 9, dof))
    return fuser


@settings(max_examples=60, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32 - 1))
def test_every_sample_keeps_every_limit_whatever_the_chunks_are(seed: int) -> None:
    rng = np.random.default_rng(seed)
    fuser = _random_fuser(rng, 4)
    limits, now_s, states = fuser.config.limits, 1.0, []
    for sequence in range(1, 20):
        report = fuser.add(_random_chunk(rng, now_s, sequence, 4), START + round(now_s * S))
        assert report.accepted != bool(report.reason)
        wait = float(rng.choice([0.001, 1 / 60, 1 / 30, 0.2, 1.0]))
        states.append(sampled(fuser, now_s, now_s + wait - 1e-6, 0.001))
        _check_window(fuser, now_s + rng.uniform(0, wait), rng)
        now_s = now_s + len(states[-1]) * 0.001
    states.append(sampled(fuser, now_s, max(now_s, (fuser.rest_ns - START) / S) + 0.01, 0.001))
    assert_within(limits, np.concatenate(states), 0.001)
    assert not states[-1][-1, 1:].any()


def _check_window(fuser: ChunkFuser, start_s: float, rng: np.random.Generator) -> None:
    step_ns = int(rng.choice([5_000_000, 20_000_000]))
    count = int(fuser.config.stop_s * S / step_ns) + int(rng.choice([2, 50]))
    window = fuser.window(START + round(start_s * S), step_ns, count)
    assert not window.velocity[-1].any()
    assert not window.acceleration[-1].any()
    states = np.stack([window.position, window.velocity, window.acceleration], axis=1)
    assert_within(fuser.config.limits, states, step_ns / S)


@pytest.mark.parametrize('target', [2.0, 100.0, -1e12])
def test_a_far_target_is_reached_at_nearly_full_speed_and_held(target: float) -> None:
    rng = np.random.default_rng(0)
    fuser = _random_fuser(rng, 4)
    limits = fuser.config.limits
    goal = np.clip(target, np.maximum(limits.position_min, -4), limits.position_max)
    for k in range(1, 1500):
        stamp = START + S + k * STEP
        assert fuser.add(ActionChunk(stamp, STEP, np.full((32, 4), goal), sequence=k), stamp).accepted
    np.testing.assert_allclose(fuser.command(stamp).position, goal, atol=0.1)
