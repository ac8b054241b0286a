"""The robot's body: where its hands are, and how near its links come to each other, from its URDF's geometry.

MuJoCo computes it: it is here already and builds its model from the one URDF that the simulation and the inverse
kinematics use, and does kinematics and exact distances of convex shapes in C. Pinocchio with coal would weigh 380 MB.
Its contacts are not used for this: those of two boxes that do not touch yet are off by up to 9 mm, or missing, where
`mj_geomDistance` is exact.
"""
from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np

from vla_async.embodiment import Embodiment
from vla_async.kinematics.collision_pairs import watched_pairs
from vla_async.kinematics.robot_model import build_spec, home_position, joint_map
from vla_async.kinematics.tree import levers
from vla_async.types import FloatArray

BASE = 'base_link'  # REP 105


@dataclass(frozen=True, slots=True)
class Postures:
    """The body at N joint positions; K pairs of shapes are watched, P hands known."""

    hands: FloatArray  # (N, P, 3) in the frame of the URDF's root [m]
    hands_in_base: FloatArray  # (N, P, 3) in that of base_link, or of the root where there is none [m]
    distance: FloatArray  # (N, K) of each pair [m], cut at what was asked for; negative: how deep


class Body:
    """Geometry of one robot; not to be used from two threads at once.

    For 25 joints and 167 pairs, on a busy machine: 0.2 s to build, 28 us a posture near home, 31 us a random one.
    """

    def __init__(self, robot: Embodiment) -> None:
        """From the robot's URDF; raises ConfigError that names what is missing in it."""
        self._model, self._data = home_position(build_spec(robot), robot)
        self._from_joints, self._fixed = joint_map(self._model, robot)
        self._geoms = watched_pairs(self._model, self._data, robot)  # (K, 2)
        self._radii = self._model.geom_rbound[self._geoms].sum(axis=1)
        self._hands = np.array([self._model.body(link).id for link in robot.hands.values()], dtype=np.intp)
        self._base = max(mujoco.mj_name2id(self._model, mujoco.mjtObj.mjOBJ_BODY, BASE), 0)
        self._levers = (self._pair_levers() @ np.abs(self._from_joints)).T  # (D, K)

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Names of the links of each watched pair, in the order of `Postures.distance`."""
        links = self._model.geom_bodyid[self._geoms]
        return tuple((self._model.body(a).name, self._model.body(b).name) for a, b in links)

    def look(self, path: FloatArray, reach: FloatArray | float) -> Postures:
        """The body at joint positions (N, D) [rad or m]; distances are cut at `reach`, for each (N, K) or all [m]."""
        data = self._data
        centres, turns = (np.empty((len(path), *a.shape)) for a in (data.geom_xpos, data.geom_xmat))
        links, base = np.empty((len(path), *data.xpos.shape)), np.empty((len(path), 9))
        for row, position in enumerate(path @ self._from_joints.T + self._fixed):
            data.qpos[:] = position
            mujoco.mj_kinematics(self._model, data)
            centres[row], turns[row], links[row], base[row] = (
                data.geom_xpos, data.geom_xmat, data.xpos, data.xmat[self._base])
        hands = links[:, self._hands]
        in_base = (hands - links[:, None, self._base]) @ base.reshape(-1, 3, 3)
        reach = np.broadcast_to(reach, (len(path), len(self._geoms)))
        return Postures(hands, in_base, self._distances(centres, turns, reach))

    def travel(self, path: FloatArray) -> FloatArray:
        """Bound (N - 1, K) [m] on how far each pair moves against each other from each of N rows (D,) to the next.

        It adds up what each joint can do at most, and so needs no kinematics.
        """
        bound: FloatArray = np.abs(np.diff(path, axis=0)) @ self._levers
        return bound

    def _distances(self, centres: FloatArray, turns: FloatArray, reach: FloatArray) -> FloatArray:
        """(N, K), computed for pairs whose bounding spheres are within reach; of shapes (N, G, 3) and (N, G, 9)."""
        apart = centres[:, self._geoms[:, 0]] - centres[:, self._geoms[:, 1]]
        rows, pairs = np.nonzero(np.einsum('nki,nki->nk', apart, apart) < (self._radii + reach) ** 2)
        found, geoms, placed = reach.copy(), self._geoms.tolist(), -1
        for row, pair in zip(rows.tolist(), pairs.tolist(), strict=True):
            if row != placed:  # all that distances need of kinematics
                self._data.geom_xpos[:], self._data.geom_xmat[:], placed = centres[row], turns[row], row
            found[row, pair] = mujoco.mj_geomDistance(self._model, self._data, *geoms[pair], reach[row, pair], None)
        return found

    def _pair_levers(self) -> FloatArray:
        """How far each joint of the model moves pairs against each other, (K, nv) [m/rad or m/m]."""
        model = self._model
        of_geom = {int(geom): levers(model, model.geom_bodyid[geom], model.geom_pos[geom], model.geom_rbound[geom])
                   for geom in np.unique(self._geoms)}
        one, other = (np.array([of_geom[int(geom)] for geom in geoms]).reshape(-1, model.nv) for geoms in self._geoms.T)
        return np.where((one > 0) & (other > 0), 0.0, one + other)  # what moves both moves them as one
