"""A small robot with outputs of every kind, and ticks for them."""
from __future__ import annotations

import math

import numpy as np

from vla_async.bridge.motion import Rest
from vla_async.bridge.outputs import Tick
from vla_async.embodiment import Embodiment, parse
from vla_async.joint_order import JointReading
from vla_async.types import JointCommand

NOW_NS = 1_700_000_000_000_000_000
TICK_NS = 4_000_000
FOREVER_NS = NOW_NS + 3_600_000_000_000
LINEAR = {'velocity': 0.5, 'acceleration': 1.0, 'jerk': 10.0, 'home': 0.0}
ROTARY = {'velocity': 2.0, 'acceleration': 8.0, 'jerk': 120.0, 'home': 0.0}
JOINTS = {
    'x': {'kind': 'prismatic', 'lower': -2.0, 'upper': 2.0, **LINEAR},
    'y': {'kind': 'prismatic', 'lower': -2.0, 'upper': 2.0, **LINEAR},
    'yaw': {'kind': 'continuous', **ROTARY},
    'arm_1': {'kind': 'revolute', 'lower': -1.0, 'upper': 1.0, **ROTARY},
    'arm_2': {'kind': 'continuous', **ROTARY},
    'finger': {'kind': 'gripper', 'lower': 0.0, 'upper': 0.8, **ROTARY},
}
OUTPUTS = {
    'base': {'kind': 'twist', 'topic': 'base/cmd_vel', 'joints': ['x', 'y', 'yaw'], 'frame': 'world', 'gain': 2.0,
             'linear': 0.6, 'angular': 1.5},
    'arm': {'kind': 'forward_velocity', 'topic': 'arm/commands', 'joints': ['arm_1', 'arm_2'], 'gain': 2.0},
    'hand': {'kind': 'gripper', 'topic': 'hand/commands', 'joints': ['finger'], 'hysteresis': 0.2, 'hold_s': 0.3},
}


def robot_data(joints: dict[str, dict] | None = None, outputs: dict[str, dict] | None = None) -> dict:
    """Content of the robot's file."""
    joints = joints or JOINTS
    return {'name': 'small', 'urdf': 'small.urdf.xacro', 'joints': joints, 'groups': {'all': list(joints)},
            'hands': {}, 'cameras': {}, 'outputs': outputs or OUTPUTS,
            'rates': {'chunk_hz': 30, 'trajectory_hz': 50, 'command_hz': 250, 'joint_state_hz': 100}}


def robot(joints: dict[str, dict] | None = None, outputs: dict[str, dict] | None = None) -> Embodiment:
    return parse(robot_data(joints, outputs), 'small.yaml')


def driven(joints: dict[str, dict]) -> dict[str, dict]:
    """The same joints with a base that is spoken of by its velocities."""
    free = {name: {'kind': 'velocity', **{k: v for k, v in joints[name].items() if k in LINEAR}}
            for name in ('x', 'y', 'yaw')}
    return {**joints, **free}


def tick(position, velocity=0.0, measured=None, now_ns=NOW_NS, age_s=0.0, rests=False, steady_ns=None) -> Tick:
    """All joints at `position` with `velocity`, measured at `measured` (None: nothing is known) `age_s` ago."""
    position = np.array(position, dtype=np.float64)
    velocity = np.broadcast_to(np.asarray(velocity, dtype=np.float64), position.shape).copy()
    reading = None
    if measured is not None:
        measured = np.array(measured, dtype=np.float64)
        reading = JointReading(now_ns - round(age_s * 1e9), measured, np.zeros_like(position))
    motion = Rest(position, now_ns if rests else FOREVER_NS)
    return Tick(now_ns, now_ns if steady_ns is None else steady_ns,
                JointCommand(now_ns, position, velocity, np.zeros_like(position)), motion, reading)


def turned(angle: float, vector) -> np.ndarray:
    """Vector (2,) turned to the left."""
    c, s = math.cos(angle), math.sin(angle)
    return np.array([[c, -s], [s, c]]) @ np.asarray(vector)
