"""forward_command_controller: the last command holds for ever; there is no timeout, neither here nor there."""
from __future__ import annotations

import numpy as np

from vla_async.bridge.outputs import Payload
from vla_async.embodiment import Embodiment, Output
from vla_async.sim.controllers.integral import Integral
from vla_async.types import FloatArray


class ForwardPositionController:
    """Commands are positions (J,) [rad or m]."""

    def __init__(self, output: Output, robot: Embodiment) -> None:
        self._held = robot.array('home')[robot.indices(output.joints)]

    def home(self, position: FloatArray) -> None:
        self._held = position

    def receive(self, payload: Payload, stamp_ns: int, now_ns: int) -> None:
        self._held = np.asarray(payload)

    def reference(self, now_ns: int) -> FloatArray:
        return self._held


class ForwardVelocityController:
    """Commands are velocities (J,) [rad/s or m/s]; whose sender dies in motion, that joint runs to its end."""

    def __init__(self, output: Output, robot: Embodiment) -> None:
        joints = robot.indices(output.joints)
        self._integral, self._velocity = Integral(robot, joints), np.zeros(joints.size)

    def home(self, position: FloatArray) -> None:
        self._integral.position, self._velocity = position, np.zeros_like(position)

    def receive(self, payload: Payload, stamp_ns: int, now_ns: int) -> None:
        self._velocity = np.asarray(payload)

    def reference(self, now_ns: int) -> FloatArray:
        return self._integral.advance(self._velocity, now_ns)
