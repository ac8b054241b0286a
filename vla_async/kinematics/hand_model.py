"""Where a robot's hands are and how they move with its joints, by MuJoCo on the robot's URDF.

Letters: D joints of the embodiment, P hands. Poses are those of the hands' links in the frame of the URDF's root.
"""
from __future__ import annotations

import mujoco
import numpy as np

from vla_async.embodiment import Embodiment
from vla_async.errors import unknown
from vla_async.kinematics.robot_model import build_spec, joint_map
from vla_async.types import FloatArray


class HandModel:
    """Some of a robot's hands, in the order asked for. Holds a posture, so it is made for one thread."""

    def __init__(self, robot: Embodiment, hands: tuple[str, ...]) -> None:
        """Raises ConfigError for a hand that the robot does not have, and like `build_spec`."""
        for hand in hands:
            if hand not in robot.hands:
                raise unknown(f'hand of {robot.name}', hand, robot.hands)
        self._model = build_spec(robot).compile()
        self._data = mujoco.MjData(self._model)
        self._from_joints, self._offset = joint_map(self._model, robot)
        self._bodies = np.array([self._model.body(robot.hands[hand]).id for hand in hands])
        self._rows = np.zeros((len(hands), 2, 3, self._model.nv))
        self._wanted, self._turn = np.zeros(4), np.zeros(3)

    def place(self, position: FloatArray) -> None:
        """Take the posture `position` (D,) [rad or m], of which the others speak."""
        self._data.qpos[:] = self._from_joints @ position + self._offset
        mujoco.mj_kinematics(self._model, self._data)
        mujoco.mj_comPos(self._model, self._data)  # Jacobians are read from what it leaves

    def poses(self) -> tuple[FloatArray, FloatArray]:
        """Positions (P, 3) [m] and rotation matrices (P, 3, 3) of the hands."""
        return self._data.xpos[self._bodies], self._data.xmat[self._bodies].reshape(-1, 3, 3)

    def error(self, positions: FloatArray, rotations: FloatArray) -> FloatArray:
        """From the hands to poses (P, 3) [m], (P, 3, 3): ways [m] and rotation vectors [rad], (P, 2, 3)."""
        error = np.empty((len(self._bodies), 2, 3))
        error[:, 0] = positions - self._data.xpos[self._bodies]
        for hand, body in enumerate(self._bodies):
            mujoco.mju_mat2Quat(self._wanted, rotations[hand].ravel())
            mujoco.mju_subQuat(self._turn, self._wanted, self._data.xquat[body])  # in the hand's frame
            mujoco.mju_rotVecQuat(error[hand, 1], self._turn, self._data.xquat[body])
        return error

    def jacobian(self) -> FloatArray:
        """Velocities and angular velocities of the hands per velocity of the joints, (P, 2, 3, D)."""
        for rows, body in zip(self._rows, self._bodies, strict=True):
            mujoco.mj_jacBody(self._model, self._data, rows[0], rows[1], body)
        jacobian: FloatArray = self._rows @ self._from_joints  # hinges and slides only: qpos and qvel have one order
        return jacobian
