"""Lines and text as rviz's markers, in sizes of the robot: a table arm is looked at from nearer than a humanoid."""
from __future__ import annotations

import textwrap
from collections.abc import Sequence

import numpy as np
from geometry_msgs.msg import Point
from std_msgs.msg import ColorRGBA
from visualization_msgs.msg import Marker, MarkerArray

from vla_async.nodes.conversions import to_duration, to_time
from vla_async.timebase import NS_PER_S
from vla_async.types import FloatArray
from vla_async.viz.forward_kinematics import ForwardKinematics
from vla_async.viz.paths import Line, segments

LIFETIME_NS = NS_PER_S  # what is not renewed vanishes
# in sizes of the robot, which are 1.6 m for a humanoid and 0.7 m for a table arm with a camera on a stand
WIDTHS = {'chunk': 0.0025, 'fused': 0.006, 'base': 0.0095}
TEXT_HEIGHT, TEXT_ABOVE = 0.032, 0.25  # of a capital letter, and above the highest link at home
SPACE_WIDTH = 0.5 * TEXT_HEIGHT  # rviz makes a space 1 m wide where a marker names no width
TEXT_COLUMNS = 48  # a longer line is broken: the robot's view is narrower than a reason of the bridge


class Markers:
    """Draws for one robot, in its root frame."""

    def __init__(self, kinematics: ForwardKinematics, home: FloatArray) -> None:
        """`home`: joint positions (D,) whose links say how large the robot is."""
        places = np.stack([frame[:3, 3] for frame in kinematics.frames(home).values()])
        self._frame, self._size = kinematics.root, float(np.linalg.norm(np.ptp(places, axis=0)))  # [m]
        self._text_place = [*places[:, :2].mean(axis=0), places[:, 2].max() + TEXT_ABOVE * self._size]

    def drawn(self, lines: Sequence[Line], text: str, now_ns: int) -> MarkerArray:
        """A strip for each path; of a hand's chunks one list of pieces, as rviz draws few markers quickly; and text."""
        fans = {line.name: [fan for fan in lines if (fan.kind, fan.name) == ('chunk', line.name)]
                for line in lines if line.kind == 'chunk'}
        markers = [*(self._line(Marker.LINE_LIST, 'chunk', name, *segments(fan)) for name, fan in fans.items()),
                   *(self._line(Marker.LINE_STRIP, line.kind, line.name, line.points, line.colours)
                     for line in lines if line.kind != 'chunk'), self._text(text)]
        for marker in markers:
            marker.header.frame_id, marker.header.stamp = self._frame, to_time(now_ns)
        return MarkerArray(markers=markers)

    def _text(self, text: str) -> Marker:
        """Text above the robot, which faces whoever looks."""
        message = _marker(Marker.TEXT_VIEW_FACING, 'status')
        message.text = '\n'.join(textwrap.fill(line, TEXT_COLUMNS) for line in text.splitlines())
        message.scale.x, message.scale.z = SPACE_WIDTH * self._size, TEXT_HEIGHT * self._size
        message.pose.position = Point(**dict(zip('xyz', map(float, self._text_place), strict=True)))
        message.color = ColorRGBA(r=1.0, g=1.0, b=1.0, a=1.0)
        return message

    def _line(self, kind: int, what: str, name: str, points: FloatArray, colours: FloatArray) -> Marker:
        """Points (..., 3) [m] with a colour (..., 4) each."""
        message = _marker(kind, f'{what} {name}')
        message.scale.x = WIDTHS[what] * self._size
        message.points = [Point(x=x, y=y, z=z) for x, y, z in points.reshape(-1, 3).tolist()]
        message.colors = [ColorRGBA(r=r, g=g, b=b, a=a) for r, g, b, a in colours.reshape(-1, 4).tolist()]
        return message


def _marker(kind: int, namespace: str) -> Marker:
    """A marker that replaces the one before of the same namespace."""
    message = Marker(ns=namespace, type=kind, action=Marker.ADD, lifetime=to_duration(LIFETIME_NS))
    message.pose.orientation.w = 1.0
    return message
