"""What the pose fuser does with chunks: follows on SO(3), comes to rest, refuses, and never averages matrices."""
import numpy as np
import pytest
from hands import STILL, angle_between, fuser, pose_chunk, row, sampled, turning
from motions import START, STEP, S

from vla_async.errors import DataError
from vla_async.fusion.poses import PoseFuser, rotation
from vla_async.types import ActionChunk


def _matrices(vectors: np.ndarray) -> np.ndarray:
    return rotation.to_matrix(rotation.exp(vectors))


def _held(vectors: np.ndarray, steps: int = 50) -> np.ndarray:
    return np.broadcast_to(vectors, (steps, 2, 3))


@pytest.mark.parametrize('axis', [0, 1, 2])
@pytest.mark.parametrize('rate', [1.0, 2.5])
def test_a_turning_hand_is_followed_round_and_round(axis: int, rate: float) -> None:
    fused = fuser()
    for k in range(150):
        assert fused.add(pose_chunk(k / 30, turning(k / 30, rate, axis), k + 1), START + k * STEP).accepted
    rotations, velocity, _ = sampled(fused, 5.0, 5.5, 0.1)
    wanted = np.zeros((5, 2, 3))
    wanted[..., axis] = (rate * np.arange(5.0, 5.5, 0.1))[:, None]
    assert angle_between(rotations, _matrices(wanted)).max() < 2e-3
    np.testing.assert_allclose(velocity[..., axis], rate, atol=5e-3)


def test_one_chunk_that_turns_by_more_than_pi_is_followed_without_a_flip() -> None:
    fused = fuser()
    vectors = turning(0.0, 0.0)
    vectors[..., 1] = (4.2 * (1 - np.cos(np.pi * np.arange(50) / 49)) / 2)[:, None]
    assert fused.add(pose_chunk(0.0, vectors, step_ns=S // 20), START).accepted
    rotations, velocity, _ = sampled(fused, 0.0, 4.0)
    assert (velocity[..., 1] > -1e-3).all()
    np.testing.assert_allclose(velocity[..., 1].sum(axis=0) * 0.002, 4.2, atol=0.01)
    np.testing.assert_allclose(rotations[-1], _matrices(vectors[-1]), atol=0.01)


def test_chunks_that_differ_by_170_degrees_are_joined_along_the_geodesic() -> None:
    far = np.radians(170.0) * np.array([0.0, 0.6, 0.8])
    fused = fuser()
    assert fused.add(pose_chunk(0.0, _held(STILL), 1), START).accepted
    assert fused.add(pose_chunk(0.1, _held(far), 2), START + S // 10).accepted
    rotations, _, _ = sampled(fused, 0.0, 3.0)
    np.testing.assert_allclose(np.linalg.det(rotations), 1.0, atol=1e-12)
    angles = angle_between(np.eye(3), rotations)
    assert (np.diff(angles, axis=0) > -1e-12).all()
    np.testing.assert_allclose(angles[-1], np.radians(170.0), atol=1e-9)
    on_the_way = rotation.log(rotation.from_matrix(rotations[500:1000]))
    assert np.linalg.norm(np.cross(on_the_way, far), axis=-1).max() < 1e-9


def test_a_far_goal_that_is_sent_again_and_again_is_reached_at_nearly_full_speed() -> None:
    far, angles = np.radians(170.0) * np.array([0.0, 0.6, 0.8]), []
    fused = fuser()
    for k in range(60):
        fused.add(pose_chunk(k / 30, _held(far), k + 1), START + k * STEP)
        angles.append(np.linalg.norm(rotation.log(rotation.from_matrix(fused.command(START + k * STEP).rotation[0]))))
    assert angles[48] == pytest.approx(np.radians(170.0), rel=0.01)  # 1.6 s; 1.2 s at full speed and acceleration
    assert max(angles) < 1.01 * np.radians(170.0)


def test_turning_the_start_and_every_chunk_turns_the_motion_by_exactly_that() -> None:
    rng, turn = np.random.default_rng(5), rotation.exp(np.array([2.0, -1.0, 0.5]))
    plain, turned = fuser(), fuser(rotation.log(np.array([turn, turn])))
    for k in range(1, 20):
        vectors = turning(k / 30, 2.0, k % 3) + 0.5 * rng.standard_normal((1, 2, 3))
        plain.add(pose_chunk(k / 30, vectors, k), START + k * STEP)
        also = rotation.log(rotation.multiply(turn, rotation.exp(vectors)))
        turned.add(pose_chunk(k / 30, also, k), START + k * STEP)
    for ours, theirs in zip(sampled(turned, 0.0, 3.0, 0.01), sampled(plain, 0.0, 3.0, 0.01), strict=True):
        matrix = rotation.to_matrix(turn)
        expected = matrix @ theirs if theirs.ndim == 4 else theirs @ matrix.T
        np.testing.assert_allclose(ours, expected, atol=1e-8)


def test_two_chunks_a_little_apart_meet_along_a_long_transition_that_ends_at_rest() -> None:
    fused = fuser()
    fused.add(pose_chunk(0.0, turning(0.0, 0.5), 1), START)
    report = fused.add(pose_chunk(0.8, turning(0.8, 0.5, angle=0.05), 2), START + 8 * S // 10)
    assert report.transition_s > 0.7
    assert report.seam_position < 1e-12 and report.seam_velocity < 1e-11 and report.seam_acceleration < 1e-9
    rotations, velocity, acceleration = sampled(fused, 4.5, 5.0, 0.1)
    assert not velocity.any() and not acceleration.any()
    assert fused.rest_ns < START + 4.5 * S
    assert angle_between(rotations, rotations[:1]).max() == 0.0


def test_positions_are_fused_as_joints_are() -> None:
    fused = fuser()
    rows = row(np.zeros((50, 2, 3)), np.array([[0.1, -0.2, 0.3], [0.4, 0.0, -0.1]]))
    fused.add(ActionChunk(START, STEP, rows), START)
    command = fused.command(START + 3 * S)
    np.testing.assert_allclose(command.position, [[0.1, -0.2, 0.3], [0.4, 0.0, -0.1]], atol=1e-3)
    np.testing.assert_allclose(command.rotation, np.broadcast_to(np.eye(3), (2, 3, 3)), atol=1e-12)


def test_a_chunk_too_fast_to_follow_names_the_hand_that_is_held_back() -> None:
    vectors = np.zeros((50, 2, 3))
    vectors[:, 1, 0] = 0.8 * np.sin(0.5 * np.arange(50))  # 2.4 Hz with 0.8 rad: 180 rad/s^2
    report = fuser().add(pose_chunk(0.0, vectors), START)
    assert [joint.name for joint in report.limited] == ['right_rotation']
    assert report.samples_limited > 0


GOOD = row(np.zeros((32, 2, 3)))
FLAT = GOOD.copy()
FLAT[7, 12:18] = [1, 0, 0, 2, 0, 0]


@pytest.mark.parametrize(('positions', 'stamp_s', 'sequence', 'reason'), [
    (FLAT, 0.0, 7, 'degenerate rotation: the columns of hand right at step 7'),
    (np.zeros((32, 18)), 0.0, 7, 'degenerate rotation'),
    (np.full((32, 18), np.nan), 0.0, 7, 'not finite'),
    (np.zeros((32, 6)), 0.0, 7, r'expected (steps, 18)'),
    (np.zeros((0, 18)), 0.0, 7, 'empty'),
    (GOOD, -3.0, 7, 'entirely in the past'),
    (GOOD, 3.0, 7, 'in the future'),
    (GOOD, -0.2, 7, 'out of order'),
    (GOOD, -0.1, 5, 'duplicate'),
])
def test_a_chunk_that_cannot_be_used_is_refused_by_name_and_the_motion_goes_on(
        positions: np.ndarray, stamp_s: float, sequence: int, reason: str) -> None:
    fused = fuser()
    assert fused.add(pose_chunk(-0.1, _held(STILL + 0.3), 5), START).accepted
    before = fused.window(START, S // 50, 150)
    report = fused.add(ActionChunk(START + round(stamp_s * S), STEP, positions, sequence=sequence), START)
    assert not report.accepted
    assert reason in report.reason
    np.testing.assert_array_equal(fused.window(START, S // 50, 150).rotation, before.rotation)


def test_without_a_start_state_chunks_are_refused_and_asking_raises() -> None:
    fused = PoseFuser(fuser().config)
    assert 'reset' in fused.add(pose_chunk(0.0, _held(STILL)), START).reason
    with pytest.raises(DataError, match='reset'):
        fused.command(START)


@pytest.mark.parametrize(('poses', 'culprit'), [
    (np.zeros(17), '18 finite numbers'), (np.full(18, np.inf), '18 finite numbers'), (np.zeros(18), 'degenerate'),
])
def test_reset_refuses_poses_that_are_none(poses: np.ndarray, culprit: str) -> None:
    with pytest.raises(DataError, match=culprit):
        fuser().reset(START, poses)
