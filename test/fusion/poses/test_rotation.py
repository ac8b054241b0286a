"""Exponential, logarithm and 6-D representation undo each other everywhere, also at 0 and at pi."""
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from vla_async.fusion.poses import rotation

RNG = np.random.default_rng(0)
VECTORS = RNG.standard_normal((200, 3))
AXIS = np.array([0.6, 0.0, -0.8])


def test_products_and_matrices_are_those_of_scipy() -> None:
    a, b = (rotation.exp(VECTORS[k::2]) for k in (0, 1))
    theirs = Rotation.from_rotvec(VECTORS[0::2]) * Rotation.from_rotvec(VECTORS[1::2])
    np.testing.assert_allclose(rotation.to_matrix(rotation.multiply(a, b)), theirs.as_matrix(), atol=1e-14)


@pytest.mark.parametrize('angle', [0.0, 1e-300, 1e-160, 1e-12, 1e-3, 1.0, np.pi - 1e-9, np.pi, np.pi + 1e-9, 6.28])
def test_the_logarithm_undoes_the_exponential_up_to_two_pi(angle: float) -> None:
    np.testing.assert_allclose(rotation.log(rotation.exp(angle * AXIS)), angle * AXIS, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize('angle', [0.0, 1e-9, 1.0, np.pi - 1e-9, np.pi, np.pi + 1e-9, 5.0])
def test_a_quaternion_comes_back_from_its_matrix_at_any_angle(angle: float) -> None:
    matrix = Rotation.from_rotvec(angle * np.concatenate([np.eye(3), AXIS[None]])).as_matrix()
    np.testing.assert_allclose(rotation.to_matrix(rotation.from_matrix(matrix)), matrix, atol=1e-14)


def test_a_difference_is_the_shortest_way_whatever_the_signs() -> None:
    a, d = rotation.exp(VECTORS), 0.9 * np.pi * VECTORS / np.linalg.norm(VECTORS, axis=-1, keepdims=True)
    np.testing.assert_allclose(rotation.difference(a, -rotation.multiply(a, rotation.exp(d))), d, atol=1e-13)


def test_continuous_signs_let_a_path_turn_on_past_pi() -> None:
    angles = np.linspace(0.0, 6.0, 40)
    path = rotation.exp(angles[:, None] * AXIS)
    path[::3] *= -1.0
    path[0] = [1.0, 0.0, 0.0, 0.0]
    np.testing.assert_allclose(rotation.log(rotation.continuous(path)), angles[:, None] * AXIS, atol=1e-13)


def test_six_numbers_come_back_from_their_matrix_and_need_not_be_orthonormal() -> None:
    matrices = rotation.to_matrix(rotation.exp(VECTORS))
    six = rotation.to_6d(matrices)
    six[:, 3:] = 1e200 * (2.0 * six[:, 3:] + 0.7 * six[:, :3])
    found, degenerate = rotation.from_6d(six)
    assert not degenerate.any()
    np.testing.assert_allclose(found, matrices, atol=1e-13)


@pytest.mark.parametrize('six', [
    [0, 0, 0, 0, 1, 0], [1, 0, 0, 0, 0, 0], [1, 0, 0, 2, 0, 0], [1, 2, 3, -1, -2, -3], [1, 0, 0, 1, 1e-5, 0],
    [1e-9, 0, 0, 0, 1, 0], [1e300, 0, 0, 1e300, 0, 0],
])
def test_six_numbers_that_span_no_plane_are_degenerate(six: list) -> None:
    found, degenerate = rotation.from_6d(np.array([six, [1, 0, 0, 0, 1, 0]], dtype=float))
    assert degenerate.tolist() == [True, False]
    assert np.isfinite(found).all()
