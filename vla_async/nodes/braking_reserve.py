"""What stands by in place of a bridge: hears its set-points, and brings the robot to rest when it falls silent."""
from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from rclpy.publisher import Publisher
from rclpy.serialization import deserialize_message
from vla_async_msgs.msg import JointSetPoint

from vla_async.bridge import FollowerConfig
from vla_async.bridge.config import REST_MARGIN_S
from vla_async.bridge.handover import LastWord
from vla_async.bridge.outputs import OutputSettings, Tick, make_output, needs_bridge
from vla_async.bridge.reserve_brake import LOOK_PERIODS, ReserveBrake, StreamWatch, must_brake
from vla_async.bridge.states import DEACTIVATED, STOPPING
from vla_async.embodiment import Embodiment, Output
from vla_async.nodes import topics
from vla_async.nodes.clocks import one_instant
from vla_async.nodes.controller_conversions import to_controller
from vla_async.nodes.conversions import SetPointMessage, set_point_value
from vla_async.nodes.last_windows import LastWindows
from vla_async.nodes.membership import quiet_node
from vla_async.nodes.polling import PolledSubscription
from vla_async.nodes.threads import Ticker
from vla_async.timebase import seconds, step_ns
from vla_async.types import JointCommand

REASON = 'the bridge has fallen silent'
LONGEST_S = 10.0  # a controller that was told more than this far ahead is not waited for
LOOK_S = 0.005
MEETING_S, MEETING_LOOK_S = 10.0, 0.05
NOTICED_PERIODS = 4  # by then the silence has been noticed


class BrakingReserve:
    """Knows what the bridge sends, and takes its place until the robot rests; commands nothing at any other time."""

    def __init__(self, robot: Embodiment, *, brakes: bool, fail: Callable[[BaseException], None]) -> None:
        """`brakes` only with real-time priority: who may be late himself cannot tell who is silent.

        `fail` is told what ended its thread.
        """
        self._robot, self._config = robot, FollowerConfig.from_embodiment(robot)
        self._node = quiet_node(f'_reserve_{os.getpid()}')
        self._heard = PolledSubscription(self._node, topics.JOINT_SET_POINT, raw=True)
        self._windows = LastWindows(self._node, robot)
        self._brakes = brakes
        self._controllers: list[tuple[Output, Publisher[Any]]] = []
        if brakes:
            self._advertise()
        self._period_ns = step_ns(robot.rates.command_hz)
        self._stream = StreamWatch(self._period_ns)
        self._brake: ReserveBrake | None = None
        self._last: bytes | None = None
        self._sent: JointCommand | None = None
        self._ticker = Ticker(round(LOOK_PERIODS * self._period_ns), self._tick, fail)

    def start(self) -> None:
        """Listen, and wait until bridge and controllers know each other and this one, which takes DDS some seconds."""
        self._ticker.start()
        deadline = time.monotonic() + MEETING_S
        while not self._known and time.monotonic() < deadline:
            time.sleep(MEETING_LOOK_S)

    @property
    def _known(self) -> bool:
        publishers = [publisher for _, publisher in self._controllers]
        return self._last is not None and all(publisher.get_subscription_count() for publisher in publishers)

    def _advertise(self) -> None:
        self._set_points = topics.RESERVE_SET_POINT.advertise(self._node)
        self._set_point = SetPointMessage(self._robot.dof)
        self._controllers = [(output, topics.reserve_commands(output).advertise(self._node))
                             for output in self._robot.outputs if needs_bridge(output)]

    def end(self) -> LastWord | None:
        """Bring the robot to rest, whose bridge has ended; returns what is known of that.

        Joints of trajectory controllers are in the set-point where those rest, NaN where that is not known.
        """
        ends = self._windows.ends()
        ahead_s = min(seconds(ends.since_ns - self._now_ns()), LONGEST_S)
        deadline = time.monotonic() + max(self._config.rest_s, ahead_s) + REST_MARGIN_S
        while self._at_work(ends.since_ns) and time.monotonic() < deadline:
            time.sleep(LOOK_S)
        self._ticker.close()
        self._node.destroy_node()
        message = self._decoded()
        if message is None:
            return None
        last, latch = self._sent or set_point_value(message), message.reason if message.latched else ''
        told = None
        if last.position.shape == ends.position.shape:  # else it was told of another robot
            told = replace(last, position=np.where(self._robot.streamed, ends.position, last.position))
        return LastWord(told, message.state, '' if latch == DEACTIVATED else latch)

    def _at_work(self, until_ns: int) -> bool:
        if self._now_ns() < until_ns:
            return True
        steady_ns, brake = time.monotonic_ns(), self._brake
        if brake is not None:
            return not brake.rests(steady_ns)
        return self._stream.silent_ns(steady_ns) < NOTICED_PERIODS * self._period_ns

    def _tick(self, _late: bool) -> None:
        received, steady_ns = self._heard.take(), time.monotonic_ns()
        if received is not None:
            self._last, self._sent, self._brake = received.message, None, None
        ended = self._stream.look(steady_ns, came=received is not None)
        if self._brake is None and ended:
            self._brake = self._begun()
        if self._brake is not None and not self._brake.over(steady_ns):  # begun, it goes on however late a look comes
            self._send(self._brake.tick(steady_ns))

    def _begun(self) -> ReserveBrake | None:
        now_ns, steady_ns = one_instant(self._now_ns)
        message, silent_ns = self._decoded(), self._stream.silent_ns(steady_ns)
        last = None if message is None else set_point_value(message)
        if (last is None or not self._brakes
                or not must_brake(self._config, last, silent_ns, self._period_ns, now_ns)):
            self._stream.forget()
            return None
        settings = OutputSettings(velocity=last.velocity)
        self._outputs = [(make_output(output, self._robot, settings), output, publisher)
                         for output, publisher in self._controllers]
        return ReserveBrake(self._config, self._robot.holding, last, self._period_ns, now_ns, steady_ns)

    def _send(self, tick: Tick) -> None:
        for sender, output, publisher in self._outputs:
            payload = sender.take(tick)
            if payload is not None:
                publisher.publish(to_controller(output, payload, tick.now_ns))
        self._set_points.publish(self._set_point.of(tick.command, self._now_ns(), 0, STOPPING, REASON))
        self._sent = tick.command

    def _decoded(self) -> Any | None:
        """The bridge's last word."""
        return None if self._last is None else deserialize_message(self._last, JointSetPoint)

    def _now_ns(self) -> int:
        return int(self._node.get_clock().now().nanoseconds)
