"""What displays show of a running suite: read from its topics when somebody looks."""
from __future__ import annotations

import time
from typing import Any

from rclpy.node import Node

from vla_async.embodiment import Embodiment
from vla_async.launcher.system_line import SILENT_S
from vla_async.nodes import topics
from vla_async.nodes.conversions import chunk_value, to_ns, window_value
from vla_async.nodes.polling import PolledSubscription, Received
from vla_async.timebase import nanoseconds
from vla_async.viz.caption import Caption
from vla_async.viz.forward_kinematics import ForwardKinematics
from vla_async.viz.paths import MotionPaths

SILENT = 'lifecycle_manager says nothing'


class MotionFeed:
    """Subscriptions of a node to motion, latent and status, and what they last said."""

    def __init__(self, node: Node, robot: Embodiment, kinematics: ForwardKinematics, chunks: int) -> None:
        self._robot = robot
        led = tuple(hand.name for hand in robot.action.hands)
        self.paths = MotionPaths(kinematics, chunks, led)
        self._latent_ns: int | None = None
        self._chunk_ns: int | None = None
        self._status: Received | None = None
        self._chunks, self._windows, self._latents, self._statuses = self._sources = tuple(
            PolledSubscription(node, topic)
            for topic in (topics.ACTION_CHUNK, topics.TRAJECTORY, topics.LATENT, topics.SYSTEM_STATUS))

    def destroy(self) -> None:
        """Unsubscribe."""
        for source in self._sources:
            source.destroy()

    def look(self) -> None:
        """Take what is new; raises DataError for a chunk or motion that does not fit the robot."""
        if (latent := self._latents.newest()) is not None:
            self._latent_ns = to_ns(latent.header.stamp)
        self._status = [self._status, *self._statuses.drain()][-1]
        if (window := self._windows.newest()) is not None:
            self.paths.set_window(window_value(window, self._robot.joint_names))
        if (chunk := self._chunks.newest()) is not None:
            self._add(chunk)

    def caption(self, now_ns: int) -> Caption:
        """Ages and status at `now_ns` (ROS time)."""
        return Caption(self._status_line(), now_ns, self._latent_ns, self._chunk_ns)

    def _add(self, message: Any) -> None:
        chunk = chunk_value(message, self._robot.chunk_columns)
        self._chunk_ns = chunk.observation_ns or chunk.stamp_ns
        self.paths.add_chunk(chunk)

    def _status_line(self) -> str:
        """The suite's own line while it is repeated, as it is every second."""
        if self._status is None or time.time_ns() - self._status.received_ns > nanoseconds(SILENT_S):
            return SILENT
        return str(self._status.message.text)
