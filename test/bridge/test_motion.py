"""Splines, glides and brakes are what their derivatives say, and stay inside what they were given."""
import numpy as np
import pytest

from vla_async.bridge.brake import Brake
from vla_async.bridge.motion import Glide, Pieces, Rest, Spline, Split, Within, fade, glide_duration_s
from vla_async.types import JointWindow

S = 1_000_000_000
T0 = 10**18
H = 20_000_000  # knot spacing [ns]
FAR = np.full(2, 9.0)


def polynomial_window(degree, seed=0, joints=4, count=10):
    """Window on the knots of a random polynomial of time, one a joint, and that polynomial."""
    coefficients = np.random.default_rng(seed).normal(size=(joints, degree + 1))
    curves = [np.polynomial.Polynomial(row) for row in coefficients]
    t = np.arange(count) * H / S
    rows = [np.stack([c.deriv(k)(t) if k else c(t) for c in curves], axis=1) for k in range(3)]
    return JointWindow(T0, H, *rows), curves


def test_a_spline_repeats_any_quintic_exactly():
    window, curves = polynomial_window(5)
    spline = Spline(window)
    for t_ns in np.random.default_rng(1).integers(0, 9 * H, 50):
        t = t_ns / S
        expected = [[c.deriv(k)(t) if k else c(t) for c in curves] for k in range(3)]
        np.testing.assert_allclose(spline.sample(T0 + int(t_ns)), expected, atol=1e-8)


def test_a_spline_stays_at_its_ends_outside():
    window, _ = polynomial_window(3)
    spline = Spline(window)
    np.testing.assert_allclose(spline.sample(T0 - S)[0], window.position[0])
    np.testing.assert_allclose(spline.sample(spline.end_ns + S)[0], window.position[-1])


@pytest.mark.parametrize('kind', ['spline', 'brake', 'fade'])
def test_velocity_and_acceleration_are_the_derivatives(kind):
    rng = np.random.default_rng(3)
    state = rng.normal(size=(3, 5))
    motion = {'spline': Spline(polynomial_window(5)[0]), 'fade': fade(state, T0, 0.4),
              'brake': Brake(state, np.full(5, 4.0), np.full(5, 50.0), T0)}[kind]
    d = 10_000  # [ns]
    for t_ns in T0 + rng.integers(H // 10, 9 * H, 30):
        before, here, after = (motion.sample(int(t_ns) + k * d) for k in (-1, 0, 1))
        np.testing.assert_allclose((after[0] - before[0]) / (2 * d / S), here[1], atol=1e-4)
        np.testing.assert_allclose((after[1] - before[1]) / (2 * d / S), here[2], atol=2e-3)


def test_all_positions_at_once_are_those_of_the_samples():
    rng = np.random.default_rng(6)
    spline, other = Spline(polynomial_window(5)[0]), Spline(polynomial_window(5, seed=8)[0])
    rest, brake = Rest(np.ones(4), T0), Brake(rng.normal(size=(3, 4)), np.full(4, 4.0), np.full(4, 50.0), T0)
    pieces = Pieces(((T0, spline), (T0 + 3 * H, brake))).then(rest, T0 + 5 * H, forget_ns=0)
    odd = np.arange(4) % 2 == 1
    stamps = T0 + np.sort(rng.integers(-H, 12 * H, 60))
    for motion in (rest, spline, brake, pieces,
                   Glide(spline, fade(rng.normal(size=(3, 4)), T0, 0.3), np.full(4, -0.5), np.full(4, 0.5)),
                   Split(odd, spline, pieces), Within(other, np.full(4, -0.1), np.full(4, 0.1))):
        one_by_one = [motion.sample(int(stamp))[0] for stamp in stamps]
        np.testing.assert_allclose(motion.positions(stamps), one_by_one, atol=1e-12)


def test_states_between_the_knots_are_those_of_the_samples():
    spline = Spline(polynomial_window(5)[0])
    between = spline.between()
    quarters = [T0 + i * H + H * quarter // 4 for i in range(between.shape[1] // 3) for quarter in (1, 2, 3)]
    assert quarters[-1] == spline.end_ns - H // 4
    np.testing.assert_allclose(between, np.swapaxes([spline.sample(t) for t in quarters], 0, 1), rtol=1e-9, atol=1e-9)


def test_a_fade_starts_at_the_offset_and_ends_in_nothing():
    offset = np.random.default_rng(4).normal(size=(3, 5))
    motion = fade(offset, T0, 0.3)
    np.testing.assert_allclose(motion.sample(T0), offset, atol=1e-9)
    np.testing.assert_allclose(motion.sample(T0 + S), 0.0, atol=1e-9)


def test_a_glide_of_the_computed_duration_uses_no_more_than_its_share():
    velocity, acceleration = np.array([1.0, 2.0]), np.array([3.0, 8.0])
    offset = np.zeros((3, 2))
    offset[0] = 0.02, -0.3
    duration_s, slowest = glide_duration_s(offset, velocity, acceleration)
    assert slowest == 1
    glide = Glide(Rest(np.zeros(2), T0), fade(offset, T0, duration_s), -FAR, FAR)
    states = np.array([glide.sample(T0 + int(t)) for t in np.linspace(0, duration_s * S, 400)])
    used = np.abs(states).max(axis=0)
    assert (used[1] <= velocity * 1.001).all()
    assert (used[2] <= acceleration * 1.001).all()
    assert (used[2] / acceleration).max() > 0.9, 'and no less, or it would take longer than needed'


def test_a_brake_ends_at_rest_inside_its_limits_from_any_state():
    rng = np.random.default_rng(5)
    acceleration, jerk = rng.uniform(1, 10, 200), rng.uniform(10, 200, 200)
    state = rng.uniform(-1, 1, (3, 200)) * [[1.0], [2.0], [1.0]]
    state[2] *= acceleration
    brake = Brake(state, acceleration, jerk, T0)
    times = np.linspace(0, brake.end_ns - T0, 500).astype(np.int64)
    states = np.array([brake.sample(T0 + int(t)) for t in times])
    assert (np.abs(states[:, 2]) <= acceleration * (1 + 1e-9)).all()
    jerks = np.diff(states[:, 2], axis=0) / (np.diff(times)[:, None] / S)
    assert (np.abs(jerks) <= jerk * 1.01).all()
    np.testing.assert_allclose(brake.sample(brake.end_ns - 1)[1:], 0.0, atol=1e-5)
    assert (brake.sample(brake.end_ns)[1:] == 0).all()


def test_a_brake_from_pure_speed_takes_the_shortest_way():
    v, a, j = 2.0, 8.0, 120.0
    brake = Brake(np.array([[0.0], [v], [0.0]]), np.array([a]), np.array([j]), T0)
    assert (brake.end_ns - T0) / S == pytest.approx(v / a + a / j, abs=1e-6)
