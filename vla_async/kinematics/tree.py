"""The tree of a MuJoCo model's bodies: what lies between two of them, and how far joints can move a point."""
from __future__ import annotations

import mujoco
import numpy as np

from vla_async.types import FloatArray


def ancestors(model: mujoco.MjModel, body: int) -> list[int]:
    """The body, its parent, and so on to the world."""
    chain = [body]
    while chain[-1] != 0:
        chain.append(int(model.body_parentid[chain[-1]]))
    return chain


def between(model: mujoco.MjModel, one: int, other: int) -> set[int]:
    """The bodies on the way from one to the other along the tree, both ends included."""
    up, down = ancestors(model, one), ancestors(model, other)
    meeting = next(body for body in up if body in down)
    return (set(up) ^ set(down)) | {meeting}


def levers(model: mujoco.MjModel, body: int, point: FloatArray, radius: float) -> FloatArray:
    """How far each joint can move anything within `radius` [m] of a point, (nv,) [m/rad or m/m]; 0: not at all.

    The point (3,) is given in the body's frame. A joint moves it by no more than its distance from the joint, and that
    is never more than the links between them laid out in a line, slides pulled out to their ends.
    """
    found, reach = np.zeros(model.nv), float(np.linalg.norm(point)) + radius
    for link in ancestors(model, body)[:-1]:
        for joint in range(model.body_jntadr[link], model.body_jntadr[link] + model.body_jntnum[link]):
            slides = model.jnt_type[joint] == mujoco.mjtJoint.mjJNT_SLIDE
            found[model.jnt_dofadr[joint]] = 1.0 if slides else reach
            reach += float(np.abs(model.jnt_range[joint]).max()) if slides else 0.0
        reach += float(np.linalg.norm(model.body_pos[link]))
    return found
