"""Publishes bad messages beside the real publisher."""
from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from rclpy.node import Node

from vla_async.bench.faults.driver import Driver
from vla_async.bench.faults.spoil import spoilt
from vla_async.nodes.topics import Topic

MEMORY = 5  # good messages that are remembered
LISTENING_S = 0.3
PATIENCE_S = 10.0  # with a topic on which little is said


class Injector:
    """Learns what good messages are, and then says on a topic what should not be said."""

    def __init__(self, driver: Driver, topic: Topic, rng: np.random.Generator) -> None:
        self._driver, self._topic, self._rng = driver, topic, rng
        self._good: deque[tuple[int, Any]] = deque(maxlen=MEMORY)

    def learn(self, message: Any) -> None:
        """Remember a good message."""
        self._good.append((time.monotonic_ns(), message))

    def listen(self, count: int = 1, topic: Topic | None = None) -> None:
        """Remember what is said on a topic, by default the one that is to be spoken on, `count` messages at least."""
        node, topic = self._driver.node, topic or self._topic
        subscription = topic.subscribe(node, self.learn)
        try:
            self._driver.wait(LISTENING_S)
            self._driver.wait_until(lambda: len(self._good) >= count, f'a message on {topic.name}', PATIENCE_S)
        finally:
            node.destroy_subscription(subscription)

    @contextmanager
    def speaking(self, kind: str, period_s: float) -> Iterator[None]:
        """Messages of this kind, one after the other, as long as the block waits with the driver."""
        node: Node = self._driver.node
        publisher = self._topic.advertise(node)
        times, good = zip(*self._good, strict=True)

        def say() -> None:
            for message in spoilt(kind, good, [time.monotonic_ns() - t for t in times], self._rng):
                publisher.publish(message)
        self._driver.wait_until(lambda: publisher.get_subscription_count() > 0, f'a listener of {self._topic.name}',
                                PATIENCE_S)
        timer = node.create_timer(period_s, say)
        try:
            yield
        finally:
            node.destroy_timer(timer)
            node.destroy_publisher(publisher)
