"""Rates and ages of a running graph, for people to watch; the report takes its figures from the bag."""
from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from rclpy.node import Node
from rclpy.serialization import deserialize_message

from vla_async.graph import NAMES
from vla_async.nodes import qos, topics
from vla_async.nodes.conversions import to_ns
from vla_async.nodes.diagnostics import NodeHealth, RateMeter, sayings
from vla_async.nodes.polling import PolledSubscription
from vla_async.nodes.topics import Topic
from vla_async.timebase import NS_PER_MS
from vla_async.types import FloatArray

COUNTED = {'reasoner': topics.LATENT_UPDATE, 'chunks': topics.ACTION_CHUNK, 'set-points': topics.JOINT_SET_POINT}
MANAGER = 'lifecycle_manager'
AT = 0.05  # a set-point this near to a position is at it [rad or m]


@dataclass
class Figures:
    """One look; None: not known (yet)."""

    rates_hz: dict[str, float] = field(default_factory=dict)
    latent_age_ms: float | None = None
    chunk_age_ms: float | None = None
    bridge: str = ''
    status: Any = None  # newest SimulationStatus
    health: dict[str, NodeHealth] = field(default_factory=dict)  # by node name


class _Counted:
    """Counts a topic without decoding it, except for its newest message."""

    def __init__(self, node: Node, topic: Topic) -> None:
        self._topic = topic
        self._subscription = PolledSubscription(node, replace(topic, qos=qos.SENSOR), depth=100, raw=True)
        self._meter = RateMeter()
        self.newest: Any = None

    def look(self, now_ns: int) -> float:
        """Rate [Hz] over the last seconds."""
        held = self._subscription.drain()
        for received in held:
            self._meter.tick(received.received_ns)
        if held:
            self.newest = deserialize_message(held[-1].message, self._topic.message)
        return self._meter.rate_hz(now_ns)


class Watch:
    """Looks at the graph a few times a second."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._counted = {name: _Counted(node, topic) for name, topic in COUNTED.items()}
        self._latent = PolledSubscription(node, topics.LATENT)
        self._status = PolledSubscription(node, topics.SIMULATION_STATUS)
        self._diagnostics = PolledSubscription(node, topics.DIAGNOSTICS, depth=100)
        self._latent_ns: int | None = None
        self.figures = Figures()

    def look(self) -> Figures:
        """The present figures."""
        now_ns = int(self._node.get_clock().now().nanoseconds)
        figures = self.figures
        figures.rates_hz = {name: counted.look(now_ns) for name, counted in self._counted.items()}
        if (chunk := self._counted['chunks'].newest) is not None:
            figures.chunk_age_ms = (now_ns - to_ns(chunk.observation)) / NS_PER_MS
        if (latent := self._latent.newest()) is not None:
            self._latent_ns = to_ns(latent.header.stamp)
        if self._latent_ns is not None:
            figures.latent_age_ms = (now_ns - self._latent_ns) / NS_PER_MS
        if (set_point := self._counted['set-points'].newest) is not None:
            figures.bridge = f'{set_point.state}: {set_point.reason}' if set_point.reason else set_point.state
        figures.status = self._status.newest() or figures.status
        self._listen_to_health()
        return figures

    @property
    def is_held(self) -> bool:
        """Whether the bridge's newest set-point says that the robot stands, and does until a release."""
        newest = self._counted['set-points'].newest
        return newest is not None and newest.latched and newest.state in ('holding', 'stopped')

    def is_held_at(self, position: FloatArray) -> bool:
        """Whether the bridge's newest set-point holds the robot at `position` (D,) [rad or m]."""
        newest = self._counted['set-points'].newest
        return newest is not None and bool(np.allclose(newest.position, position, rtol=0.0, atol=AT))

    def _listen_to_health(self) -> None:
        for received in self._diagnostics.drain():
            self.figures.health.update(sayings(received.message, NAMES))
