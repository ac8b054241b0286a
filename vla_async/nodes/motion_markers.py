"""Raw chunks, fused motion and where it ends, ages and status, for rviz; works only while somebody looks."""
from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from geometry_msgs.msg import Point
from rclpy.node import Node
from std_msgs.msg import ColorRGBA
from visualization_msgs.msg import Marker, MarkerArray

from vla_async.embodiment import load
from vla_async.errors import DataError
from vla_async.nodes import parameters, topics, view_topics
from vla_async.nodes.clocks import STEADY
from vla_async.nodes.conversions import joint_state_message, to_duration, to_time
from vla_async.nodes.diagnostics import OK, WARN, Diagnosis, DiagnosticsPublisher
from vla_async.nodes.motion_feed import MotionFeed
from vla_async.nodes.parameters import RobotParameters, parameter
from vla_async.nodes.polling import PolledSubscription
from vla_async.nodes.process import run
from vla_async.timebase import NS_PER_S
from vla_async.types import FloatArray
from vla_async.viz.forward_kinematics import ForwardKinematics
from vla_async.viz.paths import Line, segments

WIDTHS = {'chunk': 0.004, 'fused': 0.010, 'base': 0.015}  # [m]
LIFETIME_NS = NS_PER_S  # what is not renewed vanishes
TEXT_HEIGHT, TEXT_ABOVE = 0.05, 0.40  # of a capital letter, and above the highest link at home [m]
SPACE_WIDTH = 0.5 * TEXT_HEIGHT  # rviz makes a space 1 m wide where a marker names no width [m]
TEXT_COLUMNS = 48  # a longer line is broken: the robot's view is narrower than a reason of the bridge


@dataclass(frozen=True)
class Parameters(RobotParameters):
    """Parameters of motion_markers."""

    rate_hz: float = parameter(12.0, 'markers a second, while somebody looks at them [Hz]', low=0.1, high=30.0)
    chunks: int = parameter(8, 'how many raw chunks are shown, fading with age', low=1, high=30)


class MotionMarkers(Node):
    """Shell around MotionPaths."""

    def __init__(self, **options: Any) -> None:
        super().__init__('motion_markers', **options)
        parameters.declare(self, Parameters)
        values = parameters.read(self, Parameters)
        self._robot = load(values.robot)
        kinematics = ForwardKinematics(self._robot)
        self._frame = kinematics.root
        self._text_place = text_place(kinematics, self._robot.array('home'))
        self._feed = MotionFeed(self, self._robot, kinematics, values.chunks)
        self._markers = view_topics.MARKERS.advertise(self)
        self._ghost = view_topics.GHOST.advertise(self)
        self._joints = PolledSubscription(self, topics.JOINT_STATES)
        self._problem = ''
        self._diagnostics = DiagnosticsPublisher(self, 'draws motion', values.robot, self._diagnose)
        self.create_timer(1.0 / values.rate_hz, self._draw, clock=STEADY)

    def _draw(self) -> None:
        if self._markers.get_subscription_count() == 0:
            return
        try:
            self._feed.look()
            self._problem = ''
        except DataError as error:
            self._problem = str(error)
        now_ns = self.get_clock().now().nanoseconds
        drawn = [*line_markers(self._feed.paths.lines(now_ns)),
                 text_marker(self._feed.caption(now_ns).text, self._text_place)]
        for marker in drawn:
            marker.header.frame_id, marker.header.stamp = self._frame, to_time(now_ns)
        self._markers.publish(MarkerArray(markers=drawn))
        self._show_ghost(now_ns)

    def _show_ghost(self, now_ns: int) -> None:
        """The robot at the end of its motion; while there is none the robot where it is: without frames of a ghost rviz
        reports an error and heaps its links at the origin.

        Both are stamped now: a robot_state_publisher drops what is older than what it said last.
        """
        joints, end = self._joints.newest(), self._feed.paths.horizon_end(now_ns)
        if end is not None:
            self._ghost.publish(joint_state_message(now_ns, self._robot.joint_names, end, np.zeros_like(end)))
        elif joints is not None:
            joints.header.stamp = to_time(now_ns)
            self._ghost.publish(joints)

    def _diagnose(self) -> Diagnosis:
        watched = self._markers.get_subscription_count()
        if self._problem:
            return Diagnosis(WARN, self._problem, {'watchers': watched})
        return Diagnosis(OK, 'drawing' if watched else 'nobody looks', {'watchers': watched})


def line_markers(lines: Sequence[Line]) -> list[Marker]:
    """A strip for each path; of a hand's chunks one list of pieces, for rviz draws few markers quickly."""
    fans = {line.name: [fan for fan in lines if (fan.kind, fan.name) == ('chunk', line.name)]
            for line in lines if line.kind == 'chunk'}
    return [*(_line_marker(Marker.LINE_LIST, 'chunk', name, *segments(fan)) for name, fan in fans.items()),
            *(_line_marker(Marker.LINE_STRIP, line.kind, line.name, line.points, line.colours)
              for line in lines if line.kind != 'chunk')]


def text_marker(text: str, place: FloatArray) -> Marker:
    """Text at `place` (3,) [m], which faces whoever looks."""
    message = _marker(Marker.TEXT_VIEW_FACING, 'status')
    message.text = '\n'.join(textwrap.fill(line, TEXT_COLUMNS) for line in text.splitlines())
    message.scale.x, message.scale.z = SPACE_WIDTH, TEXT_HEIGHT
    message.pose.position = Point(**dict(zip('xyz', place.tolist(), strict=True)))
    message.color = ColorRGBA(r=1.0, g=1.0, b=1.0, a=1.0)
    return message


def text_place(kinematics: ForwardKinematics, home: FloatArray) -> FloatArray:
    """Where text stands (3,) [m]: above the robot at home (D,)."""
    places = np.stack([frame[:3, 3] for frame in kinematics.frames(home).values()])
    return np.array([*places[:, :2].mean(axis=0), places[:, 2].max() + TEXT_ABOVE])


def _line_marker(kind: int, what: str, name: str, points: FloatArray, colours: FloatArray) -> Marker:
    """Points (..., 3) [m] with a colour (..., 4) each."""
    message = _marker(kind, f'{what} {name}')
    message.scale.x = WIDTHS[what]
    message.points = [Point(x=x, y=y, z=z) for x, y, z in points.reshape(-1, 3).tolist()]
    message.colors = [ColorRGBA(r=r, g=g, b=b, a=a) for r, g, b, a in colours.reshape(-1, 4).tolist()]
    return message


def _marker(kind: int, namespace: str) -> Marker:
    """A marker that replaces the one before of the same namespace."""
    message = Marker(ns=namespace, type=kind, action=Marker.ADD, lifetime=to_duration(LIFETIME_NS))
    message.pose.orientation.w = 1.0
    return message


def main() -> int:
    """Console entry point."""
    return run(MotionMarkers)
