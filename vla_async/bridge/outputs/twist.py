"""A base that drives in any direction, by its velocity. Axes as in REP 103: x ahead, y to the left, yaw to the left.

Frames: `world` is that of the odometry (REP 105 `odom`), `body` that of the base (`base_link`). A base controller stops
by itself half a second after the last message; at rest zeros are sent explicitly, and every message with a fresh stamp.
"""
from __future__ import annotations

import math

import numpy as np

from vla_async.bridge.outputs.base import OutputSettings, Tick
from vla_async.bridge.outputs.velocity import SlewLimit, VelocityLoop
from vla_async.embodiment import Embodiment, TwistOutput
from vla_async.types import FloatArray

TIME_OUT_S = 0.5  # the base controller's `cmd_vel_timeout`


class WorldTwist:
    """Joints x, y, yaw are odometry: their velocity, with feedback, is turned into the base by the measured yaw."""

    def __init__(self, output: TwistOutput, robot: Embodiment, settings: OutputSettings) -> None:
        self._output = output
        self._loop = VelocityLoop(robot, robot.indices(output.joints), output.gain, settings, TIME_OUT_S)
        self._yaw = 0.0  # newest known; as long as there is none, the velocity is zero

    def take(self, tick: Tick) -> FloatArray:
        """vx, vy [m/s] and wz [rad/s] of the base in its own frame, (3,)."""
        measured = self._loop.measured(tick)
        if measured is not None:
            self._yaw = float(measured[2])
        return limited(in_body(self._loop.velocity(tick, measured), self._yaw), self._output)


class BodyTwist:
    """Joints x, y, yaw are of kind velocity and along the base's own axes already: what they do goes out."""

    def __init__(self, output: TwistOutput, robot: Embodiment, settings: OutputSettings) -> None:
        self._output, self._joints = output, robot.indices(output.joints)
        self._slew = SlewLimit(robot, self._joints, settings.velocity, TIME_OUT_S)

    def take(self, tick: Tick) -> FloatArray:
        """vx, vy [m/s] and wz [rad/s] of the base in its own frame, (3,)."""
        wanted = None if tick.now_ns >= tick.motion.end_ns else tick.command.velocity[self._joints]
        return limited(self._slew.towards(wanted, tick.steady_ns), self._output)


def in_body(velocity: FloatArray, yaw: float) -> FloatArray:
    """Velocity x, y, yaw (3,) in the world's frame as one in the frame of a base that stands at `yaw` [rad] in it."""
    x, y, turning = velocity.tolist()
    cos, sin = math.cos(yaw), math.sin(yaw)
    return np.array([cos * x + sin * y, cos * y - sin * x, turning])


def limited(twist: FloatArray, output: TwistOutput) -> FloatArray:
    """Twist (3,) no faster than the base may go; its direction stays."""
    x, y, turning = twist.tolist()
    speed = math.hypot(x, y)
    scale = min(1.0, output.linear / speed) if speed > 0 else 1.0
    return np.array([scale * x, scale * y, min(max(turning, -output.angular), output.angular)])
