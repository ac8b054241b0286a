"""Cameras and joint states of a robot, subscribed to by a node and gathered into one observation buffer."""
from __future__ import annotations

from collections.abc import Callable, Iterable
from threading import Event
from typing import Any

from vla_async.joint_order import JointOrder, JointReading
from vla_async.nodes import topics
from vla_async.nodes.conversions import image_value, joint_state_value, to_ns
from vla_async.nodes.lifecycle import PipelineNode
from vla_async.observation import ObservationBuffer


class Joints:
    """Joint states in the embodiment's order, handed to `receive`; faulty ones become a problem of the node."""

    def __init__(self, node: PipelineNode, receive: Callable[[JointReading], None]) -> None:
        self._node, self._receive = node, receive
        self._order = JointOrder(node.robot.joint_names)
        node.listen(topics.JOINT_STATES, self._take)

    def _take(self, message: Any) -> None:
        self._receive(self._order.arrange(*joint_state_value(message)))
        if self._order.unknown:
            self._node.report('unknown joints', f'joint state has joints that {self._node.robot.name} lacks, '
                              f'they are ignored: {", ".join(self._order.unknown)}')
        else:
            self._node.settle('unknown joints')


class ObservationInputs:
    """Fills `buffer` with what arrives and sets `arrived` at each picture."""

    def __init__(self, node: PipelineNode, cameras: Iterable[str] | None = None, max_age_s: float = 0.5) -> None:
        self.buffer = ObservationBuffer(node.robot, cameras, max_age_s)
        self.arrived = Event()
        self._node = node
        self.joints = Joints(node, self.buffer.add_joints)
        for spec in node.robot.cameras:
            if cameras is None or spec.name in cameras:
                node.listen(topics.camera(spec), self._receiver(spec.name))

    def report_missing(self, now_ns: int) -> bool:
        """Name missing streams in the node's diagnostics; True when there are any."""
        missing = self.buffer.missing(now_ns)
        if missing:
            self._node.report('missing streams', ', '.join(missing))
        else:
            self._node.settle('missing streams')
        return bool(missing)

    def _receiver(self, name: str) -> Callable[[Any], None]:
        def receive(message: Any) -> None:
            self.buffer.add_picture(name, to_ns(message.header.stamp), image_value(message))
            self.arrived.set()
        return receive
