"""What stands around a robot: floor, light, table, the things on it, and a spectator's camera."""
from __future__ import annotations

import math
from itertools import product

import mujoco
import numpy as np

from vla_async.sim.scene import COLOURS, SceneObject, Table

SPECTATOR = 'spectator'
SPECTATOR_SIZE = (384, 288)  # width, height [px]
TABLE_HEIGHT = 0.72  # of a table that a small robot stands on, above the floor [m]
TABLE_TOP = 0.03  # thickness [m]
TABLE_COLOUR = (0.86, 0.80, 0.71, 1.0)
LEG_COLOUR = (0.36, 0.37, 0.40, 1.0)
DENSITY = 400.0  # of the things on the table: light wood [kg/m^3]
CONE_EDGES = 24


def add_room(spec: mujoco.MjSpec, table: Table) -> None:
    """Floor, light, table, and a spectator that sees robot and table from the front right."""
    on_table = table.height == 0.0  # the robot stands on it and not before it
    _add_floor(spec, -TABLE_HEIGHT if on_table else 0.0)
    _add_light(spec)
    _set_quality(spec)
    _add_table(spec, table, table.height + TABLE_HEIGHT if on_table else table.height)
    target, scale = (np.array([0.13, 0.0, 0.09]), 0.42) if on_table else (np.array([0.22, 0.0, 0.76]), 1.0)
    position = target + scale * np.array([1.60, -1.65, 0.70])
    _add_camera_looking_at(spec, SPECTATOR, position, target, 44.0, SPECTATOR_SIZE)


def _add_camera_looking_at(spec: mujoco.MjSpec, name: str, position: np.ndarray, target: np.ndarray, fovy: float,
                           size: tuple[int, int]) -> None:
    """A fixed camera at `position`, upright, that looks at `target` (world frame [m]); `fovy` in degrees."""
    back = (position - target) / np.linalg.norm(position - target)
    right = np.cross([0.0, 0.0, 1.0], back)
    right /= np.linalg.norm(right)
    spec.worldbody.add_camera(name=name, pos=position, fovy=fovy, resolution=list(size),
                              xyaxes=[*right, *np.cross(back, right)])


def add_thing(spec: mujoco.MjSpec, thing: SceneObject) -> None:
    """One object as a free body that bears its name."""
    yaw = [math.cos(thing.yaw / 2), 0.0, 0.0, math.sin(thing.yaw / 2)]
    body = spec.worldbody.add_body(name=thing.name, pos=thing.position, quat=yaw)
    body.add_freejoint(name=thing.name)
    geom = body.add_geom(name=thing.name, rgba=[*COLOURS[thing.colour], 1.0], density=DENSITY, condim=6,
                         friction=[0.7, 0.01, 0.004], **_form(spec, thing))
    geom.priority = 1


def _form(spec: mujoco.MjSpec, thing: SceneObject) -> dict[str, object]:
    size = thing.size
    if thing.shape == 'cube':
        return {'type': mujoco.mjtGeom.mjGEOM_BOX, 'size': [size, size, size]}
    if thing.shape == 'ball':
        return {'type': mujoco.mjtGeom.mjGEOM_SPHERE, 'size': [size, 0, 0]}
    if thing.shape == 'cylinder':
        return {'type': mujoco.mjtGeom.mjGEOM_CYLINDER, 'size': [size, size, 0]}
    mesh = spec.add_mesh(name=thing.name, scale=[size, size, size])  # MuJoCo has no cone among its primitives
    mesh.make_cone(nedge=CONE_EDGES, radius=0.0)
    return {'type': mujoco.mjtGeom.mjGEOM_MESH, 'meshname': thing.name}


def _add_floor(spec: mujoco.MjSpec, height: float) -> None:
    spec.add_texture(name='floor', type=mujoco.mjtTexture.mjTEXTURE_2D, builtin=mujoco.mjtBuiltin.mjBUILTIN_CHECKER,
                     width=128, height=128, rgb1=[0.74, 0.76, 0.78], rgb2=[0.68, 0.70, 0.73])
    spec.add_texture(name='sky', type=mujoco.mjtTexture.mjTEXTURE_SKYBOX, builtin=mujoco.mjtBuiltin.mjBUILTIN_GRADIENT,
                     width=64, height=384, rgb1=[0.86, 0.90, 0.94], rgb2=[0.62, 0.68, 0.74])
    material = spec.add_material(name='floor', texrepeat=[2, 2], texuniform=True)
    material.textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = 'floor'
    spec.worldbody.add_geom(name='floor', type=mujoco.mjtGeom.mjGEOM_PLANE, size=[4, 4, 0.1], material='floor',
                            pos=[0, 0, height])


def _add_light(spec: mujoco.MjSpec) -> None:
    """One sun without shadow, and the camera's own light: more lights or shadows cost software rendering dearly."""
    spec.worldbody.add_light(name='sun', type=mujoco.mjtLightType.mjLIGHT_DIRECTIONAL, pos=[0, 0, 3],
                             dir=[-0.35, 0.30, -1.0], diffuse=[0.42, 0.42, 0.42], specular=[0.1, 0.1, 0.1],
                             castshadow=False)
    spec.visual.quality.offsamples = 0
    spec.visual.headlight.ambient = [0.45, 0.45, 0.45]
    spec.visual.headlight.diffuse = [0.22, 0.22, 0.22]
    spec.visual.headlight.specular = [0.0, 0.0, 0.0]


def _set_quality(spec: mujoco.MjSpec) -> None:
    """Pictures that a processor without a graphics card draws in 2 ms and not in 6."""
    quality = spec.visual.quality
    quality.offsamples = 0  # multisampling
    quality.numslices, quality.numstacks, quality.numquads = 16, 8, 2  # of round and flat shapes


def _add_table(spec: mujoco.MjSpec, table: Table, legs: float) -> None:
    """A top on four legs; `legs` is the height of the top above the floor [m]."""
    centre = np.array([sum(table.x) / 2, sum(table.y) / 2])
    half = np.array([table.x[1] - table.x[0], table.y[1] - table.y[0]]) / 2
    box = mujoco.mjtGeom.mjGEOM_BOX
    spec.worldbody.add_geom(name='table', type=box, size=[*half, TABLE_TOP / 2], rgba=TABLE_COLOUR,
                            pos=[*centre, table.height - TABLE_TOP / 2])
    length = legs - TABLE_TOP
    for corner in product((-1, 1), (-1, 1)):
        spec.worldbody.add_geom(type=box, size=[0.02, 0.02, length / 2], rgba=LEG_COLOUR,
                                pos=[*(centre + corner * (half - 0.04)), table.height - TABLE_TOP - length / 2])
