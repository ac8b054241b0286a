"""Raw chunks, fused motion and where it ends, ages and status, for rviz; works only while somebody looks."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from rclpy.node import Node

from vla_async.embodiment import load
from vla_async.errors import DataError
from vla_async.nodes import parameters, topics, view_topics
from vla_async.nodes.clocks import STEADY
from vla_async.nodes.conversions import joint_state_message, to_time
from vla_async.nodes.diagnostics import OK, WARN, Diagnosis, DiagnosticsPublisher
from vla_async.nodes.markers import Markers
from vla_async.nodes.motion_feed import MotionFeed
from vla_async.nodes.parameters import RobotParameters, parameter
from vla_async.nodes.polling import PolledSubscription
from vla_async.nodes.process import run
from vla_async.viz.forward_kinematics import ForwardKinematics


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
        self._pen = Markers(kinematics, self._robot.array('home'))
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
        self._markers.publish(self._pen.drawn(
            self._feed.paths.lines(now_ns), self._feed.caption(now_ns).text, now_ns))
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


def main() -> int:
    """Console entry point."""
    return run(MotionMarkers)
