"""Robots whose policies lead hands, and what such policies want: circles, in the frame of the URDF's root."""
from __future__ import annotations

from typing import Any

import numpy as np
import yaml

from vla_async import embodiment
from vla_async.embodiment import Embodiment
from vla_async.fusion.poses import rotation
from vla_async.kinematics.hand_tracker import HandTracker
from vla_async.resources import share
from vla_async.types import FloatArray

HAND = {'lower': [-1.5, -1.5, 0.0], 'upper': [1.5, 1.5, 2.0], 'velocity': 0.8, 'acceleration': 4.0, 'jerk': 60.0,
        'angular_velocity': 2.5, 'angular_acceleration': 12.0}


def action(*hands: str, grippers: tuple[str, ...] = ()) -> dict[str, Any]:
    """The entry `action` of a robot file."""
    return {'representation': 'poses', 'hands': dict.fromkeys(hands, HAND), 'grippers': list(grippers)}


def led_robot(name: str, *hands: str, grippers: tuple[str, ...] = ()) -> Embodiment:
    """A robot of this suite, its policies speaking poses of these hands."""
    data = yaml.safe_load((share() / f'config/robots/{name}.yaml').read_text())
    return embodiment.parse({**data, 'action': action(*hands, grippers=grippers)}, 'led.yaml')


def poses_of(robot: Embodiment, joints: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Positions (N, P, 3) and rotations (N, P, 3, 3) of the led hands for joints (N, D)."""
    tracker = HandTracker(robot, tuple(hand.name for hand in robot.action.hands))
    poses = [tracker.poses(row) for row in joints]
    return np.array([places for places, _ in poses]), np.array([matrices for _, matrices in poses])


def rows(places: FloatArray, matrices: FloatArray) -> FloatArray:
    """Rows (N, 9 P) of a chunk."""
    return np.concatenate([places, rotation.to_6d(matrices)], axis=-1).reshape(len(places), -1)


class Circle:
    """All hands on a circle about x below where they are at home, which grows within 3 s, turning on the way."""

    def __init__(self, robot: Embodiment, radius: float, period_s: float, turn: float) -> None:
        home = poses_of(robot, robot.array('home')[None])
        self._place, self._matrix = home[0][0], home[1][0]
        self._radius, self._speed, self._turn = radius, 2 * np.pi / period_s, turn

    def poses(self, times_s: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Positions (N, P, 3), rotations (N, P, 3, 3)."""
        grown = np.clip(times_s / 3.0, 0.0, 1.0)
        grown, phase = grown**3 * (10 - 15 * grown + 6 * grown**2), self._speed * times_s
        ways = self._radius * grown[:, None] * np.stack([0 * phase, np.sin(phase), np.cos(phase) - 1], axis=-1)
        turns = self._turn * grown[:, None] * np.stack([np.sin(phase), 0.5 * np.sin(phase + 1), 0 * phase], axis=-1)
        return self._place + ways[:, None], rotation.to_matrix(rotation.exp(turns))[:, None] @ self._matrix

    def rows(self, times_s: FloatArray) -> FloatArray:
        """Rows (N, 9 P) of a chunk."""
        return rows(*self.poses(np.maximum(times_s, 0.0)))


def misses(robot: Embodiment, joints: FloatArray, poses: tuple[FloatArray, FloatArray]
           ) -> tuple[FloatArray, FloatArray]:
    """How far the led hands at joints (N, D) are from poses, (N, P) [m] and (N, P) [rad]."""
    places, matrices = poses_of(robot, joints)
    angles = rotation.difference(rotation.from_matrix(matrices), rotation.from_matrix(poses[1]))
    return np.linalg.norm(places - poses[0], axis=-1), np.linalg.norm(angles, axis=-1)
