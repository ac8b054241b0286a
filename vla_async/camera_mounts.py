"""Which joints move which camera: what a camera on an arm sees changes with that arm, not with the other one."""
from __future__ import annotations

from collections.abc import Mapping
from xml.dom.minidom import Document, Element

import numpy as np
from numpy.typing import NDArray

from vla_async.embodiment import Embodiment
from vla_async.urdf import expand


def carriers(robot: Embodiment, urdf: Document | None = None) -> Mapping[str, NDArray[np.intp]]:
    """By camera the indices, in the robot's order, of the joints between its root and link `<camera>_camera_optical`.

    All joints for a camera that none of them carries or that is not in the URDF: it stands by and watches the robot.
    Reads the robot's URDF unless one is given.
    """
    parents = _parents(urdf or expand(robot))
    order = {name: i for i, name in enumerate(robot.joint_names)}
    found = {camera.name: _way_up(parents, f'{camera.name}_camera_optical', order) for camera in robot.cameras}
    return {name: np.array(joints or range(robot.dof), dtype=np.intp) for name, joints in found.items()}


def _parents(urdf: Document) -> dict[str, tuple[str, str]]:
    """Link to the joint that carries it and the link that this joint is on."""
    return {_link(joint, 'child'): (joint.getAttribute('name'), _link(joint, 'parent'))
            for joint in urdf.getElementsByTagName('joint') if joint.getElementsByTagName('child')}


def _link(joint: Element, role: str) -> str:
    return str(joint.getElementsByTagName(role)[0].getAttribute('link'))


def _way_up(parents: Mapping[str, tuple[str, str]], link: str, order: Mapping[str, int]) -> list[int]:
    way = []
    while link in parents:
        joint, link = parents[link]
        if joint in order:
            way.append(order[joint])
    return way
