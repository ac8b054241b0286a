"""/clock read past the executor.

A bag or a simulation tells its time a thousand times a second. rclpy hands each of these messages to the executor,
which costs every process a third of a processor core; a thread that looks for the newest one costs a quarter of that.
"""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rclpy.node import Node
from rclpy.task import Future
from rosgraph_msgs.msg import Clock

from vla_async.nodes import qos
from vla_async.nodes.clocks import SIMULATED_FORWARD_S
from vla_async.nodes.conversions import to_ns
from vla_async.nodes.polling import PolledSubscription
from vla_async.nodes.threads import Ticker
from vla_async.nodes.topics import Topic
from vla_async.timebase import NS_PER_MS, nanoseconds

PERIOD_NS = 2 * NS_PER_MS  # half the period of the fastest loop
JUMP_NS = nanoseconds(SIMULATED_FORWARD_S)


class ClockReader:
    """Tells a node the time in the place of rclpy's subscription. Does nothing unless the node has `use_sim_time`, nor
    where rclpy calls the parts of it otherwise: the time is the same then, and costs more."""

    def __init__(self, node: Node, fail: Callable[[BaseException], None]) -> None:
        """To be made when the node has its executor; `fail` is told when the thread dies."""
        source: Any = getattr(node, '_time_source', None)  # rclpy has no public way to it
        self._node, self._tell = node, getattr(source, 'clock_callback', _nobody)
        self._told_ns = 0
        self._jump: Future[Any] | None = None
        self._ticker: Ticker | None = None
        if self._tell is not _nobody and getattr(source, '_clock_sub', None) is not None:
            node.destroy_subscription(source._clock_sub)
            source._clock_sub = None
            self._subscription = PolledSubscription(node, Topic('/clock', Clock, qos.SENSOR))
            self._ticker = Ticker(PERIOD_NS, self._look, fail)
            self._ticker.start()

    def close(self) -> None:
        """No longer tell the time."""
        if self._ticker is not None:
            self._ticker.close()

    def _look(self, _late: bool) -> None:
        if self._jump is not None and not self._jump.done():
            return
        message = self._subscription.newest()
        if message is None:
            return
        step_ns = to_ns(message.clock) - self._told_ns
        self._told_ns += step_ns
        if 0 <= step_ns < JUMP_NS:
            self._tell(message)
        else:  # what a jump sets off in the node belongs into its executor's thread
            self._jump = self._node.executor.create_task(self._tell, message)


def _nobody(_message: Clock) -> None:
    """Where rclpy has nobody who takes the time."""
