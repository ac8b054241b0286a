"""Raw chunks and fused motion as paths of the hands, for rviz; works only while somebody looks."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from geometry_msgs.msg import Point
from rclpy.node import Node
from rclpy.qos import QoSProfile
from std_msgs.msg import ColorRGBA
from visualization_msgs.msg import Marker, MarkerArray

from vla_async.embodiment import load
from vla_async.errors import DataError
from vla_async.nodes import parameters, topics
from vla_async.nodes.clocks import STEADY
from vla_async.nodes.conversions import chunk_value, to_duration, window_value
from vla_async.nodes.diagnostics import OK, WARN, Diagnosis, DiagnosticsPublisher
from vla_async.nodes.parameters import RobotParameters, parameter
from vla_async.nodes.polling import PolledSubscription
from vla_async.nodes.process import run
from vla_async.timebase import NS_PER_S
from vla_async.viz.forward_kinematics import ForwardKinematics
from vla_async.viz.paths import HandPath, HandPaths

TOPIC = 'motion_markers'
WIDTHS = {'chunk': 0.004, 'fused': 0.010}  # [m]
COLOURS = {'chunk': (1.0, 0.55, 0.0), 'fused': (0.0, 0.75, 0.25)}  # RGB
LIFETIME_NS = NS_PER_S  # a path that is not renewed vanishes


@dataclass(frozen=True)
class Parameters(RobotParameters):
    """Parameters of motion_markers."""

    rate_hz: float = parameter(10.0, 'markers a second, while somebody looks at them [Hz]', low=0.1, high=30.0)
    chunks: int = parameter(5, 'how many raw chunks are shown, the newest brightest', low=1, high=30)


class MotionMarkers(Node):
    """Shell around HandPaths."""

    def __init__(self, **options: Any) -> None:
        super().__init__('motion_markers', **options)
        parameters.declare(self, Parameters)
        values = parameters.read(self, Parameters)
        self._robot = load(values.robot)
        kinematics = ForwardKinematics(self._robot)
        led = tuple(hand.name for hand in self._robot.action.hands)
        self._frame, self._paths = kinematics.root, HandPaths(kinematics, values.chunks, led)
        self._chunks = PolledSubscription(self, topics.ACTION_CHUNK, depth=values.chunks)
        self._windows = PolledSubscription(self, topics.TRAJECTORY)
        self._markers = self.create_publisher(MarkerArray, TOPIC, QoSProfile(depth=1))
        self._problem = ''
        self._diagnostics = DiagnosticsPublisher(self, 'draws motion', values.robot, self._diagnose)
        self.create_timer(1.0 / values.rate_hz, self._draw, clock=STEADY)

    def _draw(self) -> None:
        if self._markers.get_subscription_count() == 0:
            return
        try:
            self._take()
            self._problem = ''
        except DataError as error:
            self._problem = str(error)
        now = self.get_clock().now().to_msg()
        self._markers.publish(MarkerArray(markers=[
            marker(line, number, self._frame, now) for number, line in enumerate(self._paths.lines())]))

    def _take(self) -> None:
        for received in self._chunks.drain():
            self._paths.add_chunk(chunk_value(received.message, self._robot.chunk_columns).positions)
        if (window := self._windows.newest()) is not None:
            self._paths.set_window(window_value(window, self._robot.joint_names).position)

    def _diagnose(self) -> Diagnosis:
        watched = self._markers.get_subscription_count()
        if self._problem:
            return Diagnosis(WARN, self._problem, {'watchers': watched})
        return Diagnosis(OK, 'drawing' if watched else 'nobody looks', {'watchers': watched})


def marker(line: HandPath, number: int, frame: str, stamp: Any) -> Marker:
    """One path as a line; the fresher, the more opaque."""
    red, green, blue = COLOURS[line.kind]
    message = Marker(
        ns=f'{line.kind} {line.hand}', id=number, type=Marker.LINE_STRIP, action=Marker.ADD,
        points=[Point(x=x, y=y, z=z) for x, y, z in line.points.tolist()],
        color=ColorRGBA(r=red, g=green, b=blue, a=0.2 + 0.8 * line.freshness), lifetime=to_duration(LIFETIME_NS))
    message.header.frame_id, message.header.stamp = frame, stamp
    message.scale.x, message.pose.orientation.w = WIDTHS[line.kind], 1.0
    return message


def main() -> int:
    """Console entry point."""
    return run(MotionMarkers)
