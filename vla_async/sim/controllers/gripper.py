"""A gripper controller: goes to its last target by itself, as fast as it may."""
from __future__ import annotations

import numpy as np

from vla_async.bridge.outputs import Payload
from vla_async.bridge.outputs.velocity import SlewLimit
from vla_async.embodiment import Embodiment, Output
from vla_async.sim.controllers.integral import Integral
from vla_async.types import FloatArray


class GripperController:
    """Commands are target positions (J,) [rad or m]."""

    def __init__(self, output: Output, robot: Embodiment) -> None:
        joints = robot.indices(output.joints)
        self._velocity, self._acceleration = robot.array('velocity')[joints], robot.array('acceleration')[joints]
        self._integral, self._slew = Integral(robot, joints), SlewLimit(robot, joints)
        self._target = self._integral.position

    def home(self, position: FloatArray) -> None:
        self._integral.position = self._target = position
        self._slew.rest()

    def receive(self, payload: Payload, stamp_ns: int, now_ns: int) -> None:
        self._target = np.asarray(payload)

    def reference(self, now_ns: int) -> FloatArray:
        left = self._target - self._integral.position
        speed = np.minimum(self._velocity, self._stopping(np.abs(left), max(self._integral.elapsed_s(now_ns), 1e-9)))
        return self._integral.advance(self._slew.towards(np.sign(left) * speed, now_ns), now_ns)

    def _stopping(self, left: FloatArray, step_s: float) -> FloatArray:
        """Greatest speed from which they come to rest within `left` (J,) [rad or m], in steps that long."""
        a, half = self._acceleration, step_s / 2
        return np.minimum(a * (np.sqrt(half * half + 2 * left / a) - half), left / step_s)
