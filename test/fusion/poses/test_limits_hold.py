"""Whatever comes in, what goes out is a rotation inside the angular limits, moves without jumps, and ends at rest."""
import numpy as np
import pytest
from hands import fuser, row, sampled
from hypothesis import given, settings
from hypothesis import strategies as st
from motions import START, STEP, S

from vla_async.errors import ConfigError
from vla_async.fusion.poses import AngularLimits, PoseFuser
from vla_async.types import ActionChunk


def _random_chunk(rng: np.random.Generator, now_s: float, sequence: int) -> ActionChunk:
    steps = int(rng.choice([1, 2, 3, 5, 16, 32, 50]))
    scale = float(rng.choice([0.01, 0.3, 3.0]))
    vectors = scale * rng.standard_normal((steps, 2, 3))
    kind = rng.integers(5)
    if kind == 1:
        vectors = np.cumsum(vectors, axis=0) / 10
    elif kind == 2:
        vectors = np.broadcast_to(vectors[:1], vectors.shape)
    rows = row(vectors, 0.3 * rng.standard_normal((2, 3)))
    if kind == 3:
        rows = 10.0 ** rng.uniform(-9, 9) * rng.standard_normal(rows.shape)
    elif kind == 4:
        rows[rng.integers(steps), rng.integers(18)] = rng.choice([np.nan, np.inf, 0.0, 1e300])
    delay_s = float(rng.choice([0.0, 0.05, 0.2, 0.5, 3.0, -0.3]))
    return ActionChunk(START + round((now_s - delay_s) * S), int(rng.choice([STEP, S // 10, S // 60, S // 1000])), rows,
                       sequence=sequence)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32 - 1))
def test_every_sample_keeps_every_limit_whatever_the_chunks_are(seed: int) -> None:
    rng = np.random.default_rng(seed)
    speed, push = float(rng.uniform(0.2, 6.0)), float(rng.uniform(1.0, 40.0))
    fused, now_s = fuser(rng.uniform(-2, 2, (2, 3)), speed, push), 0.0
    for sequence in range(1, 12):
        report = fused.add(_random_chunk(rng, now_s, sequence), START + round(now_s * S))
        assert report.accepted != bool(report.reason)
        assert report.seam_position <= 1e-9 and report.seam_velocity <= 1e-9 and report.seam_acceleration <= 1e-9
        _check_knots(fused)
        wait_s = float(rng.choice([0.001, 1 / 30, 0.2, 1.0]))
        _check(sampled(fused, now_s, now_s + wait_s, 0.005), speed, push)
        _check_window(fused, now_s, speed, push)
        now_s += wait_s
    end_s = (fused.rest_ns - START) / S
    _check(sampled(fused, now_s, max(now_s, end_s) + 0.1, 0.01), speed, push)
    last = fused.command(fused.rest_ns)
    assert not last.angular_velocity.any() and not last.angular_acceleration.any()


def _check(states: tuple, speed: float, push: float) -> None:
    matrices, velocity, acceleration = states
    assert np.isfinite(matrices).all()
    np.testing.assert_allclose(matrices @ matrices.swapaxes(-1, -2), np.broadcast_to(np.eye(3), matrices.shape),
                               atol=1e-12)
    assert (np.linalg.norm(velocity, axis=-1) <= speed).all()
    assert (np.linalg.norm(acceleration, axis=-1) <= push).all()


def _check_knots(fused: PoseFuser) -> None:
    """At every knot the states of the spans on both sides agree."""
    motion = fused._motion
    first = motion.begin_ns // motion.knot_ns - 1
    control = motion.from_index(first, motion.last_index - first + 4)
    spans = np.stack([control[k:len(control) - 3 + k] for k in range(4)], axis=1)
    ends, starts = (motion.states(spans, np.full(len(spans), f)) for f in (1.0, 0.0))
    for end, start in zip(ends, starts, strict=True):
        np.testing.assert_allclose(start[1:], end[:-1], rtol=0, atol=1e-9)


def _check_window(fused: PoseFuser, now_s: float, speed: float, push: float) -> None:
    count = int(fused.config.stop_s * 50) + 2
    window = fused.window(START + round(now_s * S), S // 50, count)
    _check((window.rotation, window.angular_velocity, window.angular_acceleration), speed, push)
    assert not window.angular_velocity[-1].any() and not window.angular_acceleration[-1].any()
    assert not window.velocity[-1].any() and not window.acceleration[-1].any()


@pytest.mark.parametrize(('velocity', 'acceleration', 'culprit'), [
    ([0.0], [1.0], 'angular_velocity must be positive'),
    ([1.0], [np.inf], 'angular_acceleration must be positive and finite'),
    ([1.0, 1.0], [1.0], 'velocities for 2 hands but accelerations for 1'),
])
def test_wrong_angular_limits_are_named(velocity: list, acceleration: list, culprit: str) -> None:
    with pytest.raises(ConfigError, match=culprit):
        AngularLimits(velocity, acceleration)
