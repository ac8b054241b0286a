"""A robot as the suite sees it: joints in order, limits, groups, cameras, rates, controllers."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from vla_async.embodiment.body_limits import Box, Collision
from vla_async.embodiment.output import Output, TrajectoryOutput
from vla_async.errors import unknown
from vla_async.types import FloatArray

JOINT_KINDS = ('revolute', 'prismatic', 'continuous', 'velocity', 'gripper')
UNBOUNDED_KINDS = ('continuous', 'velocity')  # of these a robot file gives neither lower nor upper
REPRESENTATIONS = ('joints', 'poses')
# A controller's quintic between two points of a motion rounds the corners of its acceleration, and swings beyond them.
STREAMED_SHARE = 0.92
POSE_NUMBERS = ('x', 'y', 'z', 'r1', 'r2', 'r3', 'r4', 'r5', 'r6')  # position, first two columns of the rotation


@dataclass(frozen=True, slots=True)
class Joint:
    """One joint; limits in SI, `jerk` included since the fuser is continuous to acceleration.

    `kind`: also how policies speak of it. continuous: an angle without end, whole turns do not matter; velocity: a
    driven base whose velocity they give; gripper: held with hysteresis.
    """

    name: str
    kind: str
    lower: float  # [rad or m], minus infinity for UNBOUNDED_KINDS
    upper: float  # [rad or m]
    velocity: float  # [rad/s or m/s]
    acceleration: float  # [rad/s^2 or m/s^2]
    jerk: float  # [rad/s^3 or m/s^3]
    home: float  # [rad or m]


@dataclass(frozen=True, slots=True)
class Camera:
    """A camera by the name that policies use; its pictures arrive on `topic`."""

    name: str
    topic: str
    width: int  # [px]
    height: int  # [px]
    rate_hz: float


@dataclass(frozen=True, slots=True)
class Rates:
    """How often what happens [Hz]."""

    chunk_hz: float
    trajectory_hz: float
    command_hz: float
    joint_state_hz: float


@dataclass(frozen=True, slots=True)
class HandLimits:
    """Where a hand that is led by poses may be, and how fast; linear limits hold per axis, angular ones about any."""

    name: str
    lower: tuple[float, ...]  # corners x, y, z of the workspace, in the frame of the poses [m]
    upper: tuple[float, ...]
    velocity: float  # [m/s]
    acceleration: float  # [m/s^2]
    jerk: float  # [m/s^3]
    angular_velocity: float  # [rad/s]
    angular_acceleration: float  # [rad/s^2]


@dataclass(frozen=True, slots=True)
class Action:
    """What a chunk of the robot's policies holds: all joints, or the poses of `hands` in order, then `grippers`."""

    representation: str = 'joints'  # one of REPRESENTATIONS
    hands: tuple[HandLimits, ...] = ()
    grippers: tuple[str, ...] = ()  # joints of that kind which the policies move beside the hands


@dataclass(frozen=True)
class Embodiment:
    """Joints, groups, cameras, hands, controllers and rates of one robot."""

    name: str
    urdf: str  # file name below urdf/
    joints: tuple[Joint, ...]
    groups: Mapping[str, tuple[str, ...]]
    hands: Mapping[str, str]  # hand name -> URDF link at the point that touches
    cameras: tuple[Camera, ...]
    outputs: tuple[Output, ...]
    rates: Rates
    action: Action = Action()
    workspace: Mapping[str, Box] = field(default_factory=dict)  # hand -> where it may be; others may be anywhere
    collision: Collision = field(default_factory=Collision)

    @property
    def joint_names(self) -> tuple[str, ...]:
        return tuple(j.name for j in self.joints)

    @property
    def chunk_columns(self) -> tuple[str, ...]:
        """Names of a chunk's columns: all joints, or left_x, left_y, left_z, left_r1 to left_r6 of each hand."""
        if self.action.representation == 'joints':
            return self.joint_names
        poses = (f'{hand.name}_{number}' for hand in self.action.hands for number in POSE_NUMBERS)
        return (*poses, *self.action.grippers)

    @property
    def dof(self) -> int:
        return len(self.joints)

    def array(self, attribute: str) -> FloatArray:
        """One numeric attribute of all joints, shape (D,), e.g. `array('velocity')`."""
        return np.array([getattr(j, attribute) for j in self.joints], dtype=np.float64)

    @property
    def streamed(self) -> NDArray[np.bool_]:
        """Joints (D,) whose controller is told stretches of motion and interpolates between their points."""
        streams = (output.joints for output in self.outputs if isinstance(output, TrajectoryOutput))
        return np.isin(self.joint_names, [joint for joints in streams for joint in joints])

    @property
    def holding(self) -> NDArray[np.bool_]:
        """Joints (D,) whose controller is told single positions and holds the last one."""
        held = (output.joints for output in self.outputs if output.kind == 'forward_position')
        return np.isin(self.joint_names, [joint for joints in held for joint in joints])

    @property
    def planned_acceleration(self) -> FloatArray:
        """What motion is planned with, (D,) [rad/s^2 or m/s^2], so that the robot keeps its limits."""
        return np.where(self.streamed, STREAMED_SHARE, 1.0) * self.array('acceleration')

    def indices(self, names: tuple[str, ...]) -> np.ndarray:
        """Positions of the named joints in the order of the embodiment, shape (len(names),)."""
        order = {name: i for i, name in enumerate(self.joint_names)}
        for name in names:
            if name not in order:
                raise unknown(f'joint of {self.name}', name, order)
        return np.array([order[name] for name in names], dtype=np.intp)
