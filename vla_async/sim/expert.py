"""A scripted expert that knows where everything lies and reaches for the target. For demonstrations only.

A policy shall learn it, so its motion follows from what a policy sees: the wanted hand velocity is a function of the
hand's and the target's position alone. The hand lifts first, passes above the other objects and comes down on the
target through a funnel; all of it slows down with the distance.
"""
from __future__ import annotations

import mujoco
import numpy as np

from vla_async.kinematics.robot_model import build_spec
from vla_async.sim.inverse_kinematics import HandKinematics
from vla_async.sim.world import World
from vla_async.types import FloatArray

RATE = 30  # set-points per second
HOLD = 0.8  # the hand stays at the target for this long before the episode is done [s]
ABOVE = 0.015  # the hand's point ends this high above the target's top [m]
ARRIVED = 0.010  # the hand is at the target when nearer than this to its goal [m]

SPEED = 0.40  # of the hand, far from the target [m/s]
SLOWING = 0.14  # the hand slows down from about this distance on [m]
LIFT_SPEED = 0.35  # up and down [m/s]
LIFT_SLOWING = 0.08  # [m]
CRUISE = 0.11  # height above the goal at which the hand travels [m]
FUNNEL = 0.07  # horizontal distance at which the descent is half way [m]
LOW = 0.04  # a hand this far below the funnel waits until it is higher [m]
FINGERS = np.array([0.55, 0.0, -0.83])  # forward and down, in the robot's base frame
RAMP = 0.3  # start of the motion [s]
SMOOTHING = 0.12  # time constant of the joint velocities [s]
TRUST = 0.05  # share of the difference between observed and commanded position taken over in each step


def funnel_velocity(hand: FloatArray, goal: FloatArray) -> FloatArray:
    """Wanted velocity of the hand, (3,) [m/s], from its position and the goal's, each (3,) [m].

    With d the horizontal distance: the height wanted above the goal is c (1 - exp(-(d/w)^2)), the speed towards
    something at distance e is s tanh(e / slowing), and a hand below the funnel goes up before it goes ahead.
    """
    offset = goal[:2] - hand[:2]
    distance = float(np.hypot(*offset))
    wanted = goal[2] + CRUISE * (1.0 - np.exp(-((distance / FUNNEL) ** 2)))
    rise = wanted - hand[2]
    ahead = SPEED * np.tanh(distance / SLOWING) * np.exp(-((max(rise, 0.0) / LOW) ** 2))
    horizontal = offset / max(distance, 1e-9) * ahead
    return np.array([*horizontal, LIFT_SPEED * np.tanh(rise / LIFT_SLOWING)])


class Expert:
    """Reaches for the target of the world's scene and holds the hand there."""

    def __init__(self, world: World, model: mujoco.MjModel | None = None) -> None:
        """`model` is the robot alone, compiled; give it when many episodes follow, for it takes a while to build."""
        self._world, self._robot = world, world.robot
        self._thing = world.scene.object(world.scene.target)
        self._dt = 1.0 / RATE
        model = build_spec(world.robot).compile() if model is None else model
        self._kinematics = HandKinematics(world.robot, model, world.scene.hand, self._dt)
        self._command = world.position()
        self._velocity = np.zeros(world.robot.dof)
        self._elapsed = self._held = 0.0

    @property
    def done(self) -> bool:
        """The hand has been at the target for long enough."""
        return self._held >= HOLD

    @property
    def goal(self) -> FloatArray:
        """Where the hand's point goes: a little above the target's top, world frame, (3,) [m]."""
        top = self._thing.size + ABOVE
        return np.asarray(self._world.object_position(self._thing.name)) + np.array([0.0, 0.0, top])

    def command(self, observed: FloatArray) -> FloatArray:
        """Set-point for the next 1/30 s, (D,) [rad or m], from the observed joint position (D,)."""
        base = self._command + TRUST * (observed - self._command)
        self._kinematics.place(base)
        hand, goal = self._kinematics.hand, self.goal
        ramp = min(1.0, (self._elapsed + self._dt) / RAMP)
        wanted = ramp * self._kinematics.solve(funnel_velocity(hand, goal), FINGERS)
        self._velocity += (1.0 - np.exp(-self._dt / SMOOTHING)) * (wanted - self._velocity)
        self._elapsed += self._dt
        self._held = self._held + self._dt if np.linalg.norm(hand - goal) < ARRIVED else 0.0
        self.executed(base + self._velocity * self._dt)
        return self._command.copy()

    def executed(self, command: FloatArray) -> None:
        """Tell what was really commanded, (D,), when that is not what `command` returned."""
        self._command = np.clip(command, self._robot.array('lower'), self._robot.array('upper'))
