"""The topic system_status: one line on what the robot is doing and why, made of what all nodes say of themselves."""
from __future__ import annotations

import time

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.node import Node
from vla_async_msgs.msg import SystemStatus

from vla_async.graph import NAMES
from vla_async.launcher.system_line import Saying, system_level, system_line
from vla_async.nodes import topics
from vla_async.nodes.clocks import STEADY
from vla_async.nodes.diagnostics import sayings

PERIOD_S = 1.0


class SystemStatusPublisher:
    """Publishes at every change and once a second."""

    def __init__(self, node: Node) -> None:
        self._node, self._said, self._text = node, dict[str, Saying](), ''
        self._publisher = topics.SYSTEM_STATUS.advertise(node)
        topics.DIAGNOSTICS.subscribe(node, self._hear)
        node.create_timer(PERIOD_S, lambda: self._publish(*system_line(self._said, time.monotonic())), clock=STEADY)

    def _hear(self, message: DiagnosticArray) -> None:
        now_s = time.monotonic()
        for name, health in sayings(message, NAMES):
            self._said[name] = Saying(_number(health.level), health.message, now_s, health.values)
        state, text = system_line(self._said, now_s)
        if text != self._text:
            self._publish(state, text)

    def _publish(self, state: str, text: str) -> None:
        self._text = text
        message = SystemStatus(level=bytes([system_level(self._said, time.monotonic())]), state=state, text=text)
        message.header.stamp = self._node.get_clock().now().to_msg()
        self._publisher.publish(message)


def _number(level: bytes | int) -> int:
    return level if isinstance(level, int) else level[0]  # rclpy gives a `byte` as bytes of length 1
