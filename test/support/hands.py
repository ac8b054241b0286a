"""Two hands, their chunks and checks for the tests of the pose fusion."""
from __future__ import annotations

import numpy as np
from motions import START, STEP, S

from vla_async.fusion import FuserConfig, JointLimits
from vla_async.fusion.poses import AngularLimits, PoseFuser, PoseFuserConfig, rotation
from vla_async.types import ActionChunk, FloatArray

SPEED, PUSH = 3.0, 15.0  # angular limits of both hands [rad/s, rad/s^2]
STILL = np.zeros((2, 3))


def config(speed: float = SPEED, push: float = PUSH) -> PoseFuserConfig:
    one = np.ones(6)
    axes = tuple(f'{hand}_{axis}' for hand in ('left', 'right') for axis in 'xyz')
    limits = JointLimits(-one, one, 0.8 * one, 4 * one, 60 * one)
    return PoseFuserConfig(('left', 'right'), FuserConfig(axes, limits), AngularLimits([speed] * 2, [push] * 2))


def row(vectors: FloatArray, positions: FloatArray = STILL) -> FloatArray:
    """Rows (..., 18) of a chunk from rotation vectors and positions (..., 2, 3)."""
    six = rotation.to_6d(rotation.to_matrix(rotation.exp(np.asarray(vectors, dtype=float))))
    both = np.concatenate([np.broadcast_to(positions, (*six.shape[:-1], 3)), six], axis=-1)
    return both.reshape(*both.shape[:-2], 18)


def fuser(vectors: FloatArray = STILL, speed: float = SPEED, push: float = PUSH) -> PoseFuser:
    """A fuser at rest at START, the hands turned by the vectors (2, 3)."""
    fused = PoseFuser(config(speed, push))
    fused.reset(START, row(vectors))
    return fused


def pose_chunk(stamp_s: float, vectors: FloatArray, sequence: int = 0, step_ns: int = STEP) -> ActionChunk:
    """A chunk from rotation vectors (H, 2, 3)."""
    return ActionChunk(START + round(stamp_s * S), step_ns, row(vectors), sequence=sequence)


def turning(stamp_s: float, rate: float, axis: int = 2, steps: int = 50, angle: float = 0.0) -> FloatArray:
    """Rotation vectors (steps, 2, 3) about one axis, `angle` + `rate` * time since START [rad]."""
    vectors = np.zeros((steps, 2, 3))
    vectors[..., axis] = (angle + rate * (stamp_s + np.arange(steps) / 30))[:, None]
    return vectors


def angle_between(a: FloatArray, b: FloatArray) -> FloatArray:
    """Angles (...) [rad] between rotation matrices (..., 3, 3)."""
    return np.linalg.norm(rotation.difference(rotation.from_matrix(a), rotation.from_matrix(b)), axis=-1)


def sampled(fused: PoseFuser, start_s: float, end_s: float, step_s: float = 0.002) -> tuple[FloatArray, ...]:
    """Matrices (N, 2, 3, 3), angular velocities and accelerations (N, 2, 3) of the motion as it is now."""
    commands = [fused.command(START + round(t * S)) for t in np.arange(start_s, end_s, step_s)]
    return tuple(np.array([getattr(c, name) for c in commands])
                 for name in ('rotation', 'angular_velocity', 'angular_acceleration'))
