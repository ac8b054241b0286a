"""The arithmetic of the fuser, and that its motion has the same bits on an older processor."""
from fractions import Fraction

import numpy as np
import other_processor
import pytest

from vla_async.fusion.exact import cube_root, cube_root_of, interpolated, product, short, solve, weighted

# swings that the limits slow down, with noise, delays and chunks out of step with the knots
PROGRAM = """
import hashlib
import numpy as np
from vla_async import embodiment
from vla_async.fusion import ChunkFuser, FuserConfig
from vla_async.types import ActionChunk
robot, step_ns, random = embodiment.load('astribot_s1'), 33_333_333, np.random.default_rng(0)
fuser, home = ChunkFuser(FuserConfig.from_embodiment(robot)), robot.array('home')
fuser.reset(0, home)
digest, limited = hashlib.sha256(), 0
for number in range(120):
    now_ns = number * step_ns
    u = (now_ns + step_ns * np.arange(32)) / 2.5e9 % 1.0
    swing = 28.0 * u * u * (1.0 - u) * (1.0 - u)
    positions = home + swing[:, None] * (np.arange(robot.dof) % 5 == 0) + random.uniform(-0.02, 0.02, (32, robot.dof))
    report = fuser.add(ActionChunk(now_ns - 7_000_000, step_ns, positions, sequence=number), now_ns)
    limited += bool(report.limited)
    window = fuser.window(now_ns, 4_000_000, 200)
    digest.update(window.position.tobytes() + window.acceleration.tobytes() + fuser.command(now_ns).velocity.tobytes())
assert limited > 10
print(digest.hexdigest())
"""


@other_processor.needs_a_newer_one
def test_the_motion_has_the_same_bits_on_an_older_processor():
    if not other_processor.differs():
        pytest.skip('both multiply matrices alike here')
    assert other_processor.run('-c', PROGRAM, older=True) == other_processor.run('-c', PROGRAM, older=False)


def test_weighted_sums_are_products_of_matrices():
    random = np.random.default_rng(0)
    weights, points = random.normal(size=(7, 3, 4)), random.normal(size=(7, 4, 5))
    np.testing.assert_allclose(weighted(weights, points[:, None]), weights @ points, atol=1e-14)
    np.testing.assert_allclose(weighted(weights[0], points[0]), weights[0] @ points[0], atol=1e-14)
    np.testing.assert_allclose(weighted(weights[0, 0], points[0]), weights[0, 0] @ points[0], atol=1e-14)


def test_an_average_of_points_is_exact_to_a_hundred_millionth_of_how_far_they_are_apart():
    random = np.random.default_rng(0)
    matrix, points = random.uniform(size=(9, 7)), 100.0 + random.normal(size=(7, 5))
    matrix = short(matrix / matrix.sum(axis=1, keepdims=True))
    np.testing.assert_allclose(product(matrix, points), matrix @ points, atol=1e-7)
    np.testing.assert_array_equal(product(matrix, points[:1].repeat(7, axis=0)), points[:1].repeat(9, axis=0))


def test_products_of_short_numbers_are_exact():
    random = np.random.default_rng(0)
    one, other = short(random.normal(size=200)), short(random.normal(size=200))
    for a, b in zip(one.tolist(), other.tolist(), strict=True):
        assert Fraction(a) * Fraction(b) == Fraction(a * b)


def test_values_between_numbers_lie_on_straight_lines_and_are_held_outside():
    values, places = np.array([3.0, 1.0, 2.0]), np.array([-1.0, 0.0, 0.25, 1.0, 1.5, 2.0, 9.0])
    np.testing.assert_allclose(interpolated(values, places), np.interp(places, np.arange(3), values), atol=1e-15)


def test_a_system_is_solved():
    random = np.random.default_rng(0)
    root = random.normal(size=(20, 30))
    matrix, right = root @ root.T, random.normal(size=(20, 6))
    np.testing.assert_allclose(solve(matrix, right), np.linalg.solve(matrix, right), rtol=1e-9)
    np.testing.assert_array_equal(solve(np.array([[4.0]]), np.array([[2.0, 6.0]])), [[0.5, 1.5]])


def test_cube_roots_are_right_to_the_last_bits_from_nothing_to_infinity():
    values = np.concatenate([[0.0, 1.0, 8.0, 27.0, 5e-324, 1e308], np.geomspace(1e-30, 1e30, 2001)])
    np.testing.assert_allclose(cube_root(values), np.cbrt(values), rtol=5e-16)
    assert cube_root(np.array([np.inf]))[0] == np.inf
    assert np.isnan(cube_root(np.array([np.nan]))[0])
    np.testing.assert_array_equal([cube_root_of(value) for value in values.tolist()], cube_root(values))
