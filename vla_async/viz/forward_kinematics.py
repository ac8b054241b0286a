"""Where a robot's hands are, from its URDF: chains of joints multiplied out, for many positions at once."""
from __future__ import annotations

from dataclasses import dataclass
from xml.dom.minidom import Document, Element

import numpy as np

from vla_async.embodiment import Embodiment
from vla_async.errors import ConfigError
from vla_async.types import FloatArray
from vla_async.urdf import expand


@dataclass(frozen=True)
class _Link:
    """One joint on the way from the root to a hand; `index` in the embodiment's order, None: it does not move."""

    origin: FloatArray  # (4, 4) from the child's frame at position 0 to the parent's
    axis: FloatArray  # (3,) unit vector in the joint's frame
    prismatic: bool
    index: int | None


class ForwardKinematics:
    """Hand positions of one robot in its root frame."""

    def __init__(self, robot: Embodiment, urdf: Document | None = None) -> None:
        """Reads the robot's URDF unless one is given; raises ConfigError naming a hand's link that is not in it."""
        joints = {_child(joint): joint for joint in (urdf or expand(robot)).getElementsByTagName('joint')
                  if joint.getElementsByTagName('child')}
        order = {name: i for i, name in enumerate(robot.joint_names)}
        self._chains: dict[str, list[_Link]] = {}
        for hand, link in robot.hands.items():
            if link not in joints:
                raise ConfigError(f'{robot.name}: the hand {hand} names the link {link!r}, which is not in its URDF')
            self.root, self._chains[hand] = _chain(joints, link, order)

    @property
    def hands(self) -> tuple[str, ...]:
        return tuple(self._chains)

    def hand_path(self, hand: str, positions: FloatArray) -> FloatArray:
        """Positions (N, 3) [m] of a hand in the root frame for joint positions (N, D) [rad or m]."""
        positions = np.atleast_2d(positions)
        pose = np.broadcast_to(np.eye(4), (len(positions), 4, 4))
        for link in self._chains[hand]:
            pose = pose @ link.origin
            if link.index is not None:
                pose = pose @ _motion(link, positions[:, link.index])
        return pose[:, :3, 3]


def _chain(joints: dict[str, Element], link: str, order: dict[str, int]) -> tuple[str, list[_Link]]:
    """Name of the root link, and the joints from there to `link`."""
    chain: list[_Link] = []
    while link in joints:
        joint = joints[link]
        chain.append(_Link(_origin(joint), _axis(joint), joint.getAttribute('type') == 'prismatic',
                           order.get(joint.getAttribute('name'))))
        link = joint.getElementsByTagName('parent')[0].getAttribute('link')
    return link, chain[::-1]


def _motion(link: _Link, values: FloatArray) -> FloatArray:
    """Transforms (N, 4, 4) of a joint at `values` (N,); Rodrigues: R = I + sin q K + (1 - cos q) K K."""
    motion = np.tile(np.eye(4), (len(values), 1, 1))
    if link.prismatic:
        motion[:, :3, 3] = values[:, None] * link.axis
        return motion
    x, y, z = link.axis
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    sine, versine = np.sin(values)[:, None, None], (1.0 - np.cos(values))[:, None, None]
    motion[:, :3, :3] += sine * cross + versine * (cross @ cross)
    return motion


def _child(joint: Element) -> str:
    children = joint.getElementsByTagName('child')
    return str(children[0].getAttribute('link')) if children else ''


def _axis(joint: Element) -> FloatArray:
    axes = joint.getElementsByTagName('axis')
    axis = _numbers(axes[0].getAttribute('xyz')) if axes else np.array([1.0, 0.0, 0.0])
    return np.asarray(axis / np.linalg.norm(axis))


def _origin(joint: Element) -> FloatArray:
    """Transform (4, 4); roll, pitch, yaw about fixed axes: R = Rz Ry Rx."""
    pose = np.eye(4)
    origins = joint.getElementsByTagName('origin')
    if not origins:
        return pose
    pose[:3, 3] = _numbers(origins[0].getAttribute('xyz') or '0 0 0')
    for axis, angle in zip(np.eye(3), _numbers(origins[0].getAttribute('rpy') or '0 0 0'), strict=True):
        turn = _motion(_Link(np.eye(4), axis, False, 0), np.array([angle]))[0]
        pose[:3, :3] = turn[:3, :3] @ pose[:3, :3]
    return pose


def _numbers(text: str) -> FloatArray:
    return np.array([float(word) for word in text.split()])
