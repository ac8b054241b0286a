"""forward_command_controller: one number a joint, each tick; it holds the last one for ever and has no timeout."""
from __future__ import annotations

import numpy as np

from vla_async.bridge.outputs.base import OutputSettings, Tick
from vla_async.bridge.outputs.velocity import VelocityLoop, within
from vla_async.embodiment import Embodiment, Output, VelocityOutput
from vla_async.types import FloatArray


class ForwardPosition:
    """Positions of the output's joints; what is not finite is not sent, the controller then holds what it has."""

    def __init__(self, output: Output, robot: Embodiment) -> None:
        self._joints = robot.indices(output.joints)
        self._lower, self._upper = robot.array('lower')[self._joints], robot.array('upper')[self._joints]

    def take(self, tick: Tick) -> FloatArray | None:
        """Positions (J,) [rad or m], inside the limits."""
        position = tick.command.position[self._joints]
        return within(position, self._lower, self._upper) if np.isfinite(position).all() else None


class ForwardVelocity:
    """Velocities of the output's joints. Since the controller has no timeout, zero is sent explicitly, each tick."""

    def __init__(self, output: VelocityOutput, robot: Embodiment, settings: OutputSettings) -> None:
        self._loop = VelocityLoop(robot, robot.indices(output.joints), output.gain, settings)

    def take(self, tick: Tick) -> FloatArray:
        """Velocities (J,) [rad/s or m/s], inside the limits; towards zero while the measured position is unknown."""
        return self._loop.velocity(tick, self._loop.measured(tick))
