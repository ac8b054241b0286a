"""Which parts of a robot can come near each other without being meant to."""
from __future__ import annotations

from itertools import combinations

import mujoco
import numpy as np
from numpy.typing import NDArray

from vla_async.embodiment import Embodiment
from vla_async.errors import ConfigError
from vla_async.kinematics.tree import between

FAR = 10.0  # beyond this nobody asks for a distance [m]


def watched_pairs(model: mujoco.MjModel, home: mujoco.MjData, robot: Embodiment) -> NDArray[np.intp]:
    """Pairs of solid shapes, (K, 2) geoms, all but those of links that are meant to be near each other.

    Left out: links without a joint between them, neighbours (no solid link lies between them), pairs within the
    margin at home, and those that the robot file ignores. Raises ConfigError for an ignored link that is not there.
    """
    ignored = {frozenset(_body(model, robot, link) for link in pair) for pair in robot.collision.ignore}
    solid = [geom for geom in range(model.ngeom) if model.geom_contype[geom]]
    parts = {int(model.body_weldid[model.geom_bodyid[geom]]) for geom in solid}
    pairs = [(a, b) for a, b in combinations(solid, 2)
             if frozenset(map(int, model.geom_bodyid[[a, b]])) not in ignored and not _neighbours(model, a, b, parts)
             and mujoco.mj_geomDistance(model, home, a, b, FAR, None) >= robot.collision.margin]
    return np.array(pairs, dtype=np.intp).reshape(-1, 2)


def _neighbours(model: mujoco.MjModel, a: int, b: int, parts: set[int]) -> bool:
    """Whether the shapes are of one rigid part, or no other solid part lies between theirs."""
    one, other = (int(body) for body in model.geom_bodyid[[a, b]])
    ends = {int(part) for part in model.body_weldid[[one, other]]}
    way = {int(model.body_weldid[body]) for body in between(model, one, other)}
    return len(ends) == 1 or not (way & parts) - ends


def _body(model: mujoco.MjModel, robot: Embodiment, link: str) -> int:
    body = mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_BODY, link)
    if body < 0:
        raise ConfigError(f'{robot.name}: collision: ignore names the link {link!r}, which is not in {robot.urdf}')
    return int(body)
