"""Elements of a URDF as numbers."""
from __future__ import annotations

from xml.dom.minidom import Element

import numpy as np

from vla_async.types import FloatArray


def children(element: Element, name: str) -> list[Element]:
    """The element's own children of that name, in order."""
    return [child for child in element.childNodes if isinstance(child, Element) and child.tagName == name]


def numbers(text: str) -> FloatArray:
    """Numbers between blanks."""
    return np.array([float(word) for word in text.split()])


def origin(element: Element) -> FloatArray:
    """Transform (4, 4) of the child `origin`; roll, pitch, yaw about fixed axes: R = Rz Ry Rx."""
    pose = np.eye(4)
    for found in children(element, 'origin'):
        pose[:3, 3] = numbers(found.getAttribute('xyz') or '0 0 0')
        for axis, angle in zip(np.eye(3), numbers(found.getAttribute('rpy') or '0 0 0'), strict=True):
            pose[:3, :3] = turn(axis, np.array([angle]))[0] @ pose[:3, :3]
    return pose


def turn(axis: FloatArray, angles: FloatArray) -> FloatArray:
    """Rotations (N, 3, 3) by angles (N,) [rad] about a unit axis (3,); Rodrigues: R = I + sin q K + (1 - cos q) K K."""
    x, y, z = axis
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    sine, versine = np.sin(angles)[:, None, None], (1.0 - np.cos(angles))[:, None, None]
    return np.asarray(np.eye(3) + sine * cross + versine * (cross @ cross))
