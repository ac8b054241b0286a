"""Whole-body inverse kinematics of one hand: wanted hand velocity to joint motion, solved as a quadratic program.

Builds on mink (https://github.com/kevinzakka/mink). Only demonstrations use it; it is never in the loop.
"""
from __future__ import annotations

from collections.abc import Mapping

import mink
import mujoco
import numpy as np

from vla_async.embodiment import Embodiment
from vla_async.types import FloatArray

SOLVER = 'daqp'
POSITION_COST = 10.0  # [1/m]
DIRECTION_COST = 0.25  # weak: fingers point forward and down where that is cheap
SPEED_SHARE = 0.5  # of the joints' velocity limits
# What a motion costs by group [1/rad or 1/m]: the arm is light, the torso heavy, the base slow and coarse.
MOTION_COST = {'chassis': 1.5, 'torso': 1.5, 'arm': 0.25}
TURNS = ('base_yaw', 'torso_4')  # turn the head's view away from the table
TURN_COST = 6.0
STILL_COST = 50.0  # joints that have no part in the reach
HOME_COST = {'chassis': 0.05, 'torso': 0.1, 'arm': 0.12}  # pull to the home posture, which the null space can afford
OTHER_COST = 1.0  # of the other hands' place [1/m]
OTHER_GAIN = 2.0  # [1/s]
OTHER_ABOVE_HOME = np.array([-0.02, 0.0, 0.10])  # clear of the table while torso and base move [m]
HOME_GAIN = 1.0  # [1/s]
REST_GAIN = 1.5  # of the joints that have no part in the reach [1/s]


class HandKinematics:
    """Configuration of the robot's joints, and steps of it that move one hand."""

    def __init__(self, robot: Embodiment, model: mujoco.MjModel, hand: str, dt: float) -> None:
        """`model` holds the robot alone; `dt` is the time of one step [s]."""
        self._robot, self._dt, self._model = robot, dt, model
        self._joints = np.array([model.joint(name).qposadr[0] for name in robot.joint_names])
        self._dofs = np.array([model.joint(name).dofadr[0] for name in robot.joint_names])
        self._configuration = mink.Configuration(model)
        self._frame = (robot.hands[hand], _frame_type(model, robot.hands[hand]))
        self._reach = mink.FrameTask(*self._frame, position_cost=POSITION_COST, orientation_cost=0.0)
        self._direction = mink.AxisAlignTask(*self._frame, axis=(1.0, 0.0, 0.0), cost=DIRECTION_COST, gain=0.05)
        self._others = self._other_hands(hand)
        self._tasks = [self._reach, self._direction, *self._others, *self._regularisers()]
        self._speed = SPEED_SHARE * robot.array('velocity')
        self._rest = rest_position(robot, hand)
        self._idle = self._by_kind(MOTION_COST, STILL_COST) == STILL_COST
        speeds = dict(zip(robot.joint_names, self._speed, strict=True))
        self._limits = [mink.ConfigurationLimit(model, gain=0.3), mink.VelocityLimit(model, speeds)]

    def _regularisers(self) -> list[mink.Task]:
        still = self._full(self._motion_cost(), STILL_COST)
        home = mink.PostureTask(self._model, self._full(self._by_kind(HOME_COST, 0.0), 0.0), gain=HOME_GAIN * self._dt)
        home.set_target(self._full(self._robot.array('home'), 0.0))
        return [mink.DampingTask(self._model, still), home]

    def _other_hands(self, hand: str) -> dict[mink.FrameTask, FloatArray]:
        """Tasks that keep the other hands where they are at home seen from the base, a little higher."""
        self.place(self._robot.array('home'))
        tasks = {}
        for other in (link for name, link in self._robot.hands.items() if name != hand):
            frame = (other, _frame_type(self._model, other))
            task = mink.FrameTask(*frame, position_cost=OTHER_COST, orientation_cost=0.0, gain=OTHER_GAIN * self._dt)
            point = self._configuration.get_transform(*frame, 'base_link', 'body').translation()
            tasks[task] = point + OTHER_ABOVE_HOME
        return tasks

    def _motion_cost(self) -> FloatArray:
        cost = self._by_kind(MOTION_COST, STILL_COST)
        turns = [name for name in self._robot.joint_names if name in TURNS]
        cost[self._robot.indices(tuple(turns))] = TURN_COST
        return cost

    def _by_kind(self, values: Mapping[str, float], rest: float) -> FloatArray:
        """A value per joint, (D,), by what its group's name begins with."""
        found = np.full(self._robot.dof, rest)
        for group, joints in self._robot.groups.items():
            if (kind := group.split('_')[0]) in values:
                found[self._robot.indices(joints)] = values[kind]
        return found

    def _full(self, values: FloatArray, rest: float) -> FloatArray:
        """Values of the robot's joints spread over all of the model's, the others at `rest`."""
        full = np.full(self._model.nv, rest)
        full[self._dofs] = values
        return full

    def place(self, position: FloatArray) -> None:
        """Set the joints, (D,) [rad or m]."""
        full = self._configuration.q.copy()
        full[self._joints] = position
        self._configuration.update(full)

    @property
    def position(self) -> FloatArray:
        """The joints, (D,) [rad or m]."""
        return self._configuration.q[self._joints].copy()

    @property
    def hand(self) -> FloatArray:
        """The hand's point in the world frame, (3,) [m]."""
        point: FloatArray = self._configuration.get_transform_frame_to_world(*self._frame).translation()
        return point

    def solve(self, velocity: FloatArray, fingers: FloatArray) -> FloatArray:
        """Joint velocities, (D,) [rad/s or m/s], that move the hand best and bring idle joints to rest.

        Args:
            velocity: wanted for the hand's point, world frame, (3,) [m/s].
            fingers: direction that the fingers should take, world frame, (3,).

        Raises:
            mink.NoSolutionFound: limits that exclude each other.
        """
        pose = self._configuration.get_transform_frame_to_world(*self._frame)
        target = mink.SE3.from_rotation_and_translation(pose.rotation(), pose.translation() + velocity * self._dt)
        self._reach.set_target(target)
        self._direction.set_target(fingers)
        base = self._configuration.get_transform_frame_to_world('base_link', 'body')
        for task, point in self._others.items():
            task.set_target(mink.SE3.from_translation(base.apply(point)))
        solution = mink.solve_ik(self._configuration, self._tasks, self._dt, SOLVER, limits=self._limits)
        back = np.clip(REST_GAIN * (self._rest - self.position), -self._speed, self._speed)
        return np.where(self._idle, back, np.asarray(solution)[self._dofs])


def rest_position(robot: Embodiment, hand: str) -> FloatArray:
    """Home, with the gripper of the acting hand closed: a narrow hand touches more surely, (D,) [rad or m]."""
    rest = robot.array('home')
    closing = robot.indices(robot.groups.get(f'gripper_{hand}', robot.groups.get('gripper', ())))
    rest[closing] = robot.array('upper')[closing]
    return rest


def _frame_type(model: mujoco.MjModel, name: str) -> str:
    return 'site' if mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_SITE, name) >= 0 else 'body'
