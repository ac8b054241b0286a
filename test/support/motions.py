"""Small robots, chunks and checks for the tests of the fusion."""
from __future__ import annotations

import numpy as np

from vla_async.fusion import ChunkFuser, FuserConfig, JointLimits
from vla_async.types import ActionChunk, FloatArray

S = 1_000_000_000
STEP = S // 30
START = 1_700_000_000 * S  # epoch times: nothing may depend on stamps being small


def limits(dof: int = 3, jerk: bool = True) -> JointLimits:
    one = np.ones(dof)
    return JointLimits(-3 * one, 3 * one, 2 * one, 8 * one, 120 * one if jerk else None)


def fuser(dof: int = 3, jerk: bool = True, position: float = 0.0, **settings: float) -> ChunkFuser:
    fused = ChunkFuser(FuserConfig(tuple(f'joint_{d}' for d in range(dof)), limits(dof, jerk), **settings))
    fused.reset(START, np.full(dof, position))
    return fused


def chunk(stamp_s: float, positions: FloatArray, step_ns: int = STEP, sequence: int = 0) -> ActionChunk:
    return ActionChunk(START + round(stamp_s * S), step_ns, positions, sequence=sequence)


def sine_chunk(stamp_s: float, sequence: int, hz: float = 0.3, amplitude: float = 0.3, steps: int = 32, dof: int = 3,
               bias: float = 0.0) -> ActionChunk:
    t = stamp_s + np.arange(steps) / 30
    wave = amplitude * np.sin(2 * np.pi * hz * t[:, None] + np.arange(dof)) + bias
    return chunk(stamp_s, wave, sequence=sequence)


def sampled(fused: ChunkFuser, start_s: float, end_s: float, step_s: float = 0.002) -> FloatArray:
    """States (N, 3, D) of the motion as it is now."""
    times = np.arange(start_s, end_s, step_s)
    return np.array([state(fused, t) for t in times])


def state(fused: ChunkFuser, time_s: float) -> FloatArray:
    command = fused.command(START + round(time_s * S))
    return np.stack([command.position, command.velocity, command.acceleration])


def assert_within(joint: JointLimits, states: FloatArray, step_s: float) -> None:
    """Position, velocity, acceleration of every sample, and jerk between samples, keep the limits; all is finite."""
    assert np.isfinite(states).all()
    assert (states[:, 0] >= joint.position_min).all()
    assert (states[:, 0] <= joint.position_max).all()
    assert (np.abs(states[:, 1]) <= joint.velocity).all()
    assert (np.abs(states[:, 2]) <= joint.acceleration).all()
    if joint.jerk is not None:
        assert (np.abs(np.diff(states[:, 2], axis=0)) <= joint.jerk * step_s * (1 + 1e-6) + 1e-9).all()
