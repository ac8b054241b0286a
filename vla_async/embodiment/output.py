"""The controllers of a robot: what each takes, for which joints, on which topic.

| kind             | message                      | what goes out                                               |
|------------------|------------------------------|-------------------------------------------------------------|
| forward_position | std_msgs/Float64MultiArray   | positions, each tick                                        |
| forward_velocity | std_msgs/Float64MultiArray   | velocities that follow the positions, each tick             |
| joint_trajectory | trajectory_msgs/JointTrajectory | a stretch of motion that ends at rest, 30 to 100 times a second |
| twist            | geometry_msgs/TwistStamped   | velocity of a base that drives in any direction, each tick  |
| gripper          | std_msgs/Float64MultiArray   | open or closed, when that changes                           |
"""
from __future__ import annotations

from dataclasses import dataclass

OUTPUT_KINDS = ('forward_position', 'forward_velocity', 'joint_trajectory', 'twist', 'gripper')
TWIST_FRAMES = ('world', 'body')


@dataclass(frozen=True, slots=True)
class Output:
    """A controller; forward_position needs to say no more than this."""

    name: str
    kind: str  # one of OUTPUT_KINDS
    topic: str
    joints: tuple[str, ...]  # in the order of the controller


@dataclass(frozen=True, slots=True)
class TrajectoryOutput(Output):
    """joint_trajectory: a stretch of motion, which nothing changes any more before it can have arrived."""

    latency_s: float = 0.05  # longest time that a message takes to the controller [s]

    @property
    def controller(self) -> str:
        """The controller's own name, below which its topics and services lie."""
        return self.topic.rpartition('/')[0]


@dataclass(frozen=True, slots=True)
class VelocityOutput(Output):
    """forward_velocity: the velocity of the motion plus `gain` times the distance that is left to it."""

    gain: float  # [1/s]


@dataclass(frozen=True, slots=True)
class TwistOutput(Output):
    """twist: joints x, y and yaw of a base.

    frame `world`: they are odometry, followed with `gain` and turned into the base by the measured yaw; `body`: they
    are of kind velocity and along the axes of the base already.
    """

    frame: str  # one of TWIST_FRAMES
    linear: float  # greatest speed, in whichever direction [m/s]
    angular: float  # [rad/s]
    gain: float = 0.0  # [1/s], frame world only


@dataclass(frozen=True, slots=True)
class GripperOutput(Output):
    """gripper: edges of the motion about the middle between open and closed."""

    hysteresis: float  # width of the band in which nothing changes, as a share of the way from open to closed
    hold_s: float  # least time between two changes [s]
