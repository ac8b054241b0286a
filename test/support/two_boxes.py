"""A robot of two boxes that move freely, so that anybody can compute how far they are apart; and paths for it."""
from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np

from vla_async.embodiment import Box, Collision, Embodiment, parse
from vla_async.types import FloatArray, JointWindow

S = 1_000_000_000
NOW = 1_700_000_000 * S
STEP = 20_000_000
RED, BLUE = np.array([0.10, 0.06, 0.04]), np.array([0.05, 0.12, 0.08])  # half extents [m]
HAND = np.array([0.0, 0.0, 0.1])  # in the frame of the blue box [m]
HOME = np.array([-0.5, 0.5, 0.0, 0.0, 0.0, 0.0, 0.0])
JOINTS = (('red_x', 'red', 'prismatic', '1 0 0'), ('blue_x', 'a', 'prismatic', '1 0 0'),
          ('blue_y', 'b', 'prismatic', '0 1 0'), ('blue_z', 'c', 'prismatic', '0 0 1'),
          ('blue_yaw', 'd', 'revolute', '0 0 1'), ('blue_pitch', 'e', 'revolute', '0 1 0'),
          ('blue_roll', 'blue', 'revolute', '1 0 0'))
PARENTS = ('base_link', 'base_link', 'a', 'b', 'c', 'd', 'e')
ROUND = {'kind': 'revolute', 'lower': -3.0, 'upper': 3.0, 'velocity': 20.0, 'acceleration': 80.0, 'jerk': 1e4}
ALONG = {**ROUND, 'kind': 'prismatic'}


def two_boxes(folder: Path, workspace: Box | None = None, margin: float = 0.01) -> Embodiment:
    """The robot, its URDF in `folder`. Its joints are those of JOINTS; the one hand is above the blue box."""
    urdf = folder / 'two_boxes.urdf'
    urdf.write_text(_urdf())
    joints = {name: {**(ALONG if kind == 'prismatic' else ROUND), 'home': float(home)}
              for (name, _, kind, _), home in zip(JOINTS, HOME, strict=True)}
    robot = parse({
        'name': 'two_boxes', 'urdf': str(urdf), 'joints': joints, 'groups': {}, 'cameras': {},
        'hands': {'blue': 'hand'},
        'outputs': {'all': {'kind': 'forward_position', 'topic': 'all', 'joints': list(joints)}},
        'rates': {'chunk_hz': 30, 'trajectory_hz': 50, 'command_hz': 250, 'joint_state_hz': 100}}, 'two_boxes.yaml')
    return dataclasses.replace(robot, workspace={'blue': workspace} if workspace else {}, collision=Collision(margin))


def moving(start: FloatArray, goal: FloatArray, duration_s: float = 1.0) -> JointWindow:
    """A window of the motion that goes straight from one position (D,) to another and rests there."""
    u = np.linspace(0, 1, round(duration_s * S / STEP) + 1)[:, None]
    way = goal - start
    rows = (10 * u**3 - 15 * u**4 + 6 * u**5, (30 * u**2 - 60 * u**3 + 30 * u**4) / duration_s,
            (60 * u - 180 * u**2 + 120 * u**3) / duration_s**2)
    return JointWindow(NOW, STEP, start + rows[0] * way, rows[1] * way, rows[2] * way)


def _urdf() -> str:
    links = [_link('base_link', np.full(3, 0.01), -5.0), *(f'<link name="{name}">{INERTIA}</link>' for name in 'abcde'),
             _link('red', RED), _link('blue', BLUE), '<link name="hand"/>',
             f'<joint name="grip" type="fixed"><parent link="blue"/><child link="hand"/>{_origin(HAND)}</joint>']
    links += [f'<joint name="{name}" type="{kind}"><parent link="{parent}"/><child link="{child}"/><axis xyz="{axis}"/>'
              '<limit lower="-3" upper="3" velocity="20" effort="100"/></joint>'
              for (name, child, kind, axis), parent in zip(JOINTS, PARENTS, strict=True)]
    return f'<robot name="two_boxes">{"".join(links)}</robot>'


INERTIA = ('<inertial><mass value="1"/><inertia ixx="0.01" iyy="0.01" izz="0.01" ixy="0" ixz="0" iyz="0"/></inertial>')


def _link(name: str, half: FloatArray, height: float = 0.0) -> str:
    return (f'<link name="{name}">{INERTIA}<collision>{_origin(np.array([0.0, 0.0, height]))}<geometry>'
            f'<box size="{" ".join(map(str, 2 * half))}"/></geometry></collision></link>')


def _origin(point: FloatArray) -> str:
    return f'<origin xyz="{" ".join(map(str, point))}"/>'
