"""A motion as each of a robot's controllers wants it: positions, velocities, a base's twist, grippers."""
from __future__ import annotations

from vla_async.bridge.outputs.base import ControllerOutput, OutputSettings, Payload, Tick
from vla_async.bridge.outputs.forward import ForwardPosition, ForwardVelocity
from vla_async.bridge.outputs.gripper import Gripper
from vla_async.bridge.outputs.twist import BodyTwist, WorldTwist
from vla_async.embodiment import Embodiment, GripperOutput, Output, TwistOutput, VelocityOutput
from vla_async.errors import ConfigError

__all__ = ['ControllerOutput', 'OutputSettings', 'Payload', 'Tick', 'make_output']


def make_output(output: Output, robot: Embodiment, settings: OutputSettings) -> ControllerOutput:
    """The way from motion to what the controller of `output` takes; raises ConfigError for a kind without one."""
    if isinstance(output, VelocityOutput):
        return ForwardVelocity(output, robot, settings)
    if isinstance(output, TwistOutput):
        return WorldTwist(output, robot, settings) if output.frame == 'world' else BodyTwist(output, robot)
    if isinstance(output, GripperOutput):
        return Gripper(output, robot)
    if output.kind == 'forward_position':
        return ForwardPosition(output, robot)
    raise ConfigError(f'output {output.name}: nothing sends {output.kind} yet')
