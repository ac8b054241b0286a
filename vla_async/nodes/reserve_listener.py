"""What a bridge that stood still hears from its reserve: where that has brought the robot meanwhile."""
from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from vla_async.bridge.outputs import Tick
from vla_async.nodes import qos, topics
from vla_async.nodes.conversions import set_point_value
from vla_async.nodes.lifecycle import PipelineNode
from vla_async.timebase import NS_PER_MS, nanoseconds, step_ns
from vla_async.types import JointCommand

BRAKED_NS, BRAKED_PERIODS = 20 * NS_PER_MS, 3  # until then braking shows nowhere: what was under way may go on
FRESH_NS = 20 * NS_PER_MS  # a reserve at work speaks more often: an older word that is not of rest is not its last
DEPTH = 32  # words that are held, so that bad ones do not hide the good ones that came before
# as long as it takes to hear a reserve that is at work; a process that stood still has much else to read first
PATIENCE_NS, LONG_PATIENCE_NS = 8 * NS_PER_MS, 100 * NS_PER_MS
LOOK_S = 0.002


class ReserveListener:
    """Polls for the thread that commands the robot, when that comes late."""

    def __init__(self, node: PipelineNode, gap_s: float) -> None:
        """`gap_s`: after this long without set-points the robot has stopped, and nothing is hurried any more."""
        self._node, self._gap_ns = node, nanoseconds(gap_s)
        self._braked_ns = max(BRAKED_NS, BRAKED_PERIODS * step_ns(node.robot.rates.command_hz))
        # unreliably: nothing new shall wait until what was lost is sent again
        self._heard = node.poll(replace(topics.RESERVE_SET_POINT, qos=qos.SIGNAL), depth=DEPTH)

    def may_have_braked(self, last: Tick) -> bool:
        """Whether the bridge's last tick was so long ago."""
        return time.monotonic_ns() - last.steady_ns > self._braked_ns

    def pass_over(self) -> None:
        """What was said until now is not meant for a bridge that is on time."""
        self._heard.drain()

    def since(self, last: Tick, believes: Callable[[JointCommand, int], bool]) -> JointCommand | None:
        """The reserve's newest set-point since the bridge's last tick; None when there is none.

        What is not believed, by a steady clock's time [ns], is passed over: a reserve at work will speak again. It will
        after an older word of motion, too, unless it has seen the bridge come back.
        """
        if not self._node.count_publishers(topics.RESERVE_SET_POINT.name):
            return None
        begun_ns, newest = time.monotonic_ns(), None
        short = begun_ns - last.steady_ns < self._gap_ns
        while True:
            for received in self._heard.drain():
                said = set_point_value(received.message)
                if (said.stamp_ns > (last.now_ns if newest is None else newest.stamp_ns)
                        and believes(said, time.monotonic_ns())):
                    newest = said
            patience_ns = LONG_PATIENCE_NS if newest is None and not short else PATIENCE_NS
            if time.monotonic_ns() - begun_ns > patience_ns or (newest is not None and self._is_last(newest)):
                return newest
            time.sleep(LOOK_S)

    def _is_last(self, said: JointCommand) -> bool:
        return self._node.now_ns() - said.stamp_ns <= FRESH_NS or not said.velocity.any()
