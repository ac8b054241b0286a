"""Subscriptions read when their reader has time, past the executor.

An executor wakes up, builds its wait set and makes a coroutine for every message, which for a recorder of 600
messages a second or a display that looks four times a second costs far more than the messages are worth.
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rclpy.callback_groups import CallbackGroup
from rclpy.impl.implementation_singleton import rclpy_implementation as _rclpy
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy

from vla_async.nodes.topics import Topic
from vla_async.timebase import nanoseconds


class _NeverExecuted(CallbackGroup):
    """Keeps its subscriptions out of every executor's wait set."""

    def can_execute(self, entity: object) -> bool:
        return False

    def beginning_execution(self, entity: object) -> bool:
        return False

    def ending_execution(self, entity: object) -> None:
        raise RuntimeError('an executor ran a polled subscription')


@dataclass(frozen=True, slots=True)
class Received:
    """A message, serialised or not, and when it was sent and received (system time) [ns]."""

    message: Any
    sent_ns: int
    received_ns: int


class PolledSubscription:
    """Holds up to `depth` messages of a topic until they are taken. For one thread at a time.

    Who holds only the newest of a stream asks for nothing again that was lost: the next one comes sooner, and to
    acknowledge each message wakes two processes. What is latched must arrive.
    """

    def __init__(self, node: Node, topic: Topic, *, depth: int = 1, raw: bool = False) -> None:
        self.topic, self._node = topic, node
        self._group = _NeverExecuted()  # the node keeps weak references only
        self._subscription = node.create_subscription(
            topic.message, topic.name, _unused, _reading(topic.qos, depth), callback_group=self._group, raw=raw)

    @property
    def handle(self) -> Any:
        """What rclpy's wait sets know it by."""
        return self._subscription.handle

    def destroy(self) -> None:
        """Unsubscribe."""
        self._node.destroy_subscription(self._subscription)

    def take(self) -> Received | None:
        """The oldest message held, or None."""
        handle = self._subscription.handle
        with handle:
            taken = handle.take_message(self._subscription.msg_type, self._subscription.raw)
        if taken is None:
            return None
        message, info = taken
        return Received(message, info['source_timestamp'], info['received_timestamp'])

    def drain(self) -> list[Received]:
        """All messages held, oldest first."""
        held = []
        while (received := self.take()) is not None:
            held.append(received)
        return held

    def newest(self) -> Any | None:
        """The newest message held, or None; older ones are dropped."""
        held = self.drain()
        return held[-1].message if held else None


class Arrival:
    """Waits for messages of polled subscriptions, in the thread that will take them: one wake-up instead of three."""

    def __init__(self, node: Node, subscriptions: Sequence[PolledSubscription]) -> None:
        self._subscriptions = subscriptions
        self._wait_set = _rclpy.WaitSet(len(subscriptions), 0, 0, 0, 0, 0, node.context.handle)

    def wait(self, timeout_s: float) -> bool:
        """Whether any of them holds a message, now or within `timeout_s` [s]."""
        self._wait_set.clear_entities()
        for subscription in self._subscriptions:
            self._wait_set.add_subscription(subscription.handle)
        self._wait_set.wait(nanoseconds(max(timeout_s, 0.0)))
        return bool(self._wait_set.get_ready_entities('subscription'))


def _reading(profile: QoSProfile, depth: int) -> QoSProfile:
    stream = depth == 1 and profile.durability == DurabilityPolicy.VOLATILE
    return QoSProfile(depth=depth, history=profile.history, durability=profile.durability, lifespan=profile.lifespan,
                      reliability=ReliabilityPolicy.BEST_EFFORT if stream else profile.reliability)


def _unused(_message: object) -> None:
    raise RuntimeError('a polled subscription has no callback')
