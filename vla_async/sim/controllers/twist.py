"""A base controller as omni_wheel_drive_controller and its kin: twists that are worth nothing after half a second.

The drives behind it limit the acceleration, which not every such controller does.
"""
from __future__ import annotations

import math

import numpy as np

from vla_async.bridge.outputs import Payload
from vla_async.bridge.outputs.velocity import SlewLimit
from vla_async.embodiment import Embodiment, TwistOutput
from vla_async.sim.controllers.integral import Integral
from vla_async.timebase import NS_PER_MS
from vla_async.types import FloatArray

TIMEOUT_NS = 500 * NS_PER_MS  # cmd_vel_timeout


class TwistController:
    """Commands are vx, vy [m/s] and wz [rad/s] of the base in its own frame; joints x, y, yaw are odometry.

    In the frame `body` the joints are of kind velocity: the integrals of what the base does along its own axes.
    """

    def __init__(self, output: TwistOutput, robot: Embodiment) -> None:
        self._turns, joints = output.frame == 'world', robot.indices(output.joints)
        self._integral, self._slew = Integral(robot, joints), SlewLimit(robot, joints)
        self._twist, self._stamp_ns = np.zeros(3), 0

    def home(self, position: FloatArray) -> None:
        self._integral.position = position
        self._twist = np.zeros(3)
        self._slew.rest()

    def receive(self, payload: Payload, stamp_ns: int, now_ns: int) -> None:
        """A stamp of 0 counts as now; what is older than the timeout is ignored."""
        stamp_ns = stamp_ns or now_ns
        if now_ns - stamp_ns < TIMEOUT_NS:
            self._twist, self._stamp_ns = np.asarray(payload), stamp_ns

    def reference(self, now_ns: int) -> FloatArray:
        wanted = self._in_odometry() if now_ns - self._stamp_ns <= TIMEOUT_NS else None
        return self._integral.advance(self._slew.towards(wanted, now_ns), now_ns)

    def _in_odometry(self) -> FloatArray:
        yaw = float(self._integral.position[2]) if self._turns else 0.0
        x, y, turning = self._twist.tolist()
        cos, sin = math.cos(yaw), math.sin(yaw)
        return np.array([cos * x - sin * y, sin * x + cos * y, turning])
