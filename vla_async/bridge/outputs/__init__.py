"""A motion as each of a robot's controllers wants it: positions, velocities, a base's twist, grippers."""
from __future__ import annotations

from vla_async.bridge.outputs.base import ControllerOutput, OutputSettings, Payload, Tick
from vla_async.bridge.outputs.forward import ForwardPosition, ForwardVelocity
from vla_async.bridge.outputs.gripper import Gripper
from vla_async.bridge.outputs.trajectory import JointTrajectory
from vla_async.bridge.outputs.trajectory_settings import TrajectorySettings
from vla_async.bridge.outputs.twist import BodyTwist, WorldTwist
from vla_async.embodiment import Embodiment, GripperOutput, Output, TrajectoryOutput, TwistOutput, VelocityOutput

__all__ = ['ControllerOutput', 'OutputSettings', 'Payload', 'Tick', 'TrajectorySettings', 'make_output', 'needs_bridge']


def needs_bridge(output: Output) -> bool:
    """A trajectory controller brings its joints to rest by itself, and a gripper goes where it was told."""
    return not isinstance(output, TrajectoryOutput | GripperOutput)


def make_output(output: Output, robot: Embodiment, settings: OutputSettings) -> ControllerOutput:
    """The way from motion to what the controller of `output` takes."""
    if isinstance(output, VelocityOutput):
        return ForwardVelocity(output, robot, settings)
    if isinstance(output, TwistOutput):
        return (WorldTwist if output.frame == 'world' else BodyTwist)(output, robot, settings)
    if isinstance(output, GripperOutput):
        return Gripper(output, robot)
    if output.kind == 'joint_trajectory':
        return JointTrajectory(output, robot, settings.trajectory)
    return ForwardPosition(output, robot)
