"""The rotations under way are C2 for any control rotations, and bounds on these are bounds on the curve."""
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from vla_async.fusion.poses import rotation
from vla_async.fusion.poses.limits import AngularLimits
from vla_async.fusion.poses.motion import RotationMotion

KNOT_NS = 16_666_667
FRACTIONS = np.linspace(0.0, 1.0, 41)


def _random_control(rng: np.random.Generator, first: float, second: float, count: int = 30) -> np.ndarray:
    """Control rotations (count, 2, 4) whose differences are at most `first` long and change by at most `second`."""
    steps = [np.zeros((2, 3))]
    for _ in range(count - 1):
        kick = rng.standard_normal((2, 3))
        step = steps[-1] + second * kick / np.linalg.norm(kick, axis=-1, keepdims=True)
        steps.append(step * np.minimum(1.0, first / np.maximum(np.linalg.norm(step, axis=-1, keepdims=True), 1e-12)))
    control = [rotation.exp(rng.standard_normal((2, 3)))]
    for step in steps:
        control.append(rotation.multiply(control[-1], rotation.exp(step)))
    return np.array(control)


def _spans(control: np.ndarray) -> np.ndarray:
    return np.stack([control[k:len(control) - 3 + k] for k in range(4)], axis=1)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32 - 1))
def test_every_knot_is_crossed_without_a_jump_in_rotation_velocity_and_acceleration(seed: int) -> None:
    spans = _spans(_random_control(np.random.default_rng(seed), 1.0, 0.5))
    motion = RotationMotion(KNOT_NS, 2)
    ends, starts = (motion.states(spans, np.full(len(spans), f)) for f in (1.0, 0.0))
    for end, start, tolerance in zip(ends, starts, (1e-13, 1e-11, 1e-9), strict=True):
        np.testing.assert_allclose(start[1:], end[:-1], rtol=0, atol=tolerance)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32 - 1), speed=st.floats(0.1, 30.0), push=st.floats(0.1, 300.0))
def test_differences_within_their_bounds_hold_the_limits_at_every_instant(seed: int, speed: float, push: float) -> None:
    motion = RotationMotion(KNOT_NS, 2)
    first, second = AngularLimits([speed] * 2, [push] * 2).differences(motion.knot_s)
    spans = _spans(_random_control(np.random.default_rng(seed), first[0], second[0]))
    for fraction in FRACTIONS:
        _, velocity, acceleration = motion.states(spans, np.full(len(spans), fraction))
        assert np.linalg.norm(velocity, axis=-1).max() <= speed
        assert np.linalg.norm(acceleration, axis=-1).max() <= push


def test_velocity_and_acceleration_are_the_derivatives_of_rotation_in_the_frame_of_the_poses() -> None:
    control = _random_control(np.random.default_rng(1), 0.3, 0.1)[:4]
    motion = RotationMotion(KNOT_NS, 2)
    step = 1e-4  # of a knot
    matrices, velocity, acceleration = motion.states(np.stack([control] * 3), 0.4 + step * np.array([-1.0, 0.0, 1.0]))
    span_s = 2.0 * step * motion.knot_s
    rate = (matrices[2] - matrices[0]) / span_s @ matrices[1].swapaxes(-1, -2)
    np.testing.assert_allclose(rate[:, [2, 0, 1], [1, 2, 0]], velocity[1], rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose((velocity[2] - velocity[0]) / span_s, acceleration[1], rtol=1e-5, atol=1e-4)


def test_later_control_rotations_leave_the_past_bit_for_bit() -> None:
    control = _random_control(np.random.default_rng(2), 0.1, 0.05)
    motion = RotationMotion(KNOT_NS, 2)
    motion.start(100, np.concatenate([control, np.repeat(control[-1:], 3, axis=0)]))
    before = motion.sample(101 * KNOT_NS, KNOT_NS // 4, 41)
    motion.replace(114, np.repeat(rotation.exp(np.ones((1, 2, 3))), 4, axis=0))
    for old, new in zip(before, motion.sample(101 * KNOT_NS, KNOT_NS // 4, 41), strict=True):
        np.testing.assert_array_equal(old, new)
