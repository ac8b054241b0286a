"""Where a robot's links are, from its URDF: chains of joints multiplied out, for many positions at once."""
from __future__ import annotations

from dataclasses import dataclass
from xml.dom.minidom import Document, Element

import numpy as np

from vla_async.embodiment import Embodiment
from vla_async.errors import ConfigError
from vla_async.types import FloatArray
from vla_async.urdf import expand
from vla_async.viz.urdf_elements import children, numbers, origin, turn

BASE = 'base_link'  # REP 105


@dataclass(frozen=True)
class _Joint:
    """A joint between two links; it stands at `slope * q[index] + offset`, index None: it does not move."""

    parent: str
    child: str
    origin: FloatArray  # (4, 4) from the child's frame at position 0 to the parent's
    axis: FloatArray  # (3,) unit vector in the joint's frame
    prismatic: bool
    index: int | None  # in the embodiment's order
    slope: float = 1.0
    offset: float = 0.0

    def poses(self, positions: FloatArray) -> FloatArray:
        """Transforms (N, 4, 4) from the child's frame to the parent's for joint positions (N, D)."""
        if self.index is None:
            return self.origin[None]
        values = self.slope * positions[:, self.index] + self.offset
        motion = np.tile(np.eye(4), (len(values), 1, 1))
        if self.prismatic:
            motion[:, :3, 3] = values[:, None] * self.axis
        else:
            motion[:, :3, :3] = turn(self.axis, values)
        return self.origin @ motion


class ForwardKinematics:
    """Links of one robot in its root frame."""

    def __init__(self, robot: Embodiment, urdf: Document | None = None) -> None:
        """Reads the robot's URDF unless one is given; raises ConfigError naming a hand's link that is not in it."""
        self._joints = {joint.child: joint for joint in _joints(urdf or expand(robot), robot)}
        for hand, link in robot.hands.items():
            if link not in self._joints:
                raise ConfigError(f'{robot.name}: the hand {hand} names the link {link!r}, which is not in its URDF')
        self._hands = robot.hands
        self._chains = {link: self._chain(link) for link in self._joints}
        self.root = next(joint.parent for joint in self._joints.values() if joint.parent not in self._joints)
        self._downwards = sorted(self._joints.values(), key=lambda joint: len(self._chains[joint.child]))

    @property
    def hands(self) -> tuple[str, ...]:
        return tuple(self._hands)

    @property
    def has_base(self) -> bool:
        """Whether the robot drives about."""
        return any(joint.index is not None for joint in self._chains.get(BASE, ()))

    def hand_path(self, hand: str, positions: FloatArray) -> FloatArray:
        """Positions (N, 3) [m] of a hand in the root frame for joint positions (N, D) [rad or m]."""
        return self.link_path(self._hands[hand], positions)

    def link_path(self, link: str, positions: FloatArray) -> FloatArray:
        """The same of any link but the root."""
        positions = np.atleast_2d(positions)
        pose = np.broadcast_to(np.eye(4), (len(positions), 4, 4))
        for joint in self._chains[link]:
            pose = pose @ joint.poses(positions)
        return pose[:, :3, 3]

    def frames(self, position: FloatArray) -> dict[str, FloatArray]:
        """Transforms (4, 4) from every link's frame to the root's for joint positions (D,) [rad or m]."""
        found = {self.root: np.eye(4)}
        for joint in self._downwards:
            found[joint.child] = found[joint.parent] @ joint.poses(position[None])[0]
        return found

    def steps(self, positions: FloatArray, *, moving: bool) -> dict[tuple[str, str], FloatArray]:
        """Transforms (N, 4, 4) by (parent, child) from each child's frame to its parent's for positions (N, D).

        Those of joints that move, or those of all others, which are (1, 4, 4); parents come before their children.
        """
        return {(joint.parent, joint.child): joint.poses(positions)
                for joint in self._downwards if (joint.index is not None) == moving}

    def _chain(self, link: str) -> list[_Joint]:
        """The joints from the root to `link`."""
        chain: list[_Joint] = []
        while link in self._joints:
            chain.append(self._joints[link])
            link = chain[-1].parent
        return chain[::-1]


def _joints(urdf: Document, robot: Embodiment) -> list[_Joint]:
    """Every joint between two links (transmissions name joints, too)."""
    order = {name: i for i, name in enumerate(robot.joint_names)}
    return [_joint(element, order) for element in urdf.getElementsByTagName('joint') if children(element, 'child')]


def _joint(element: Element, order: dict[str, int]) -> _Joint:
    leader, slope, offset = element.getAttribute('name'), 1.0, 0.0
    for mimic in children(element, 'mimic'):
        leader = mimic.getAttribute('joint')
        slope, offset = float(mimic.getAttribute('multiplier') or 1), float(mimic.getAttribute('offset') or 0)
    parent, child = (children(element, name)[0].getAttribute('link') for name in ('parent', 'child'))
    return _Joint(parent, child, origin(element), _axis(element), element.getAttribute('type') == 'prismatic',
                  order.get(leader), slope, offset)


def _axis(joint: Element) -> FloatArray:
    axes = children(joint, 'axis')
    axis = numbers(axes[0].getAttribute('xyz')) if axes else np.array([1.0, 0.0, 0.0])
    return np.asarray(axis / np.linalg.norm(axis))
