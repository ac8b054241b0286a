"""Speaks in the policy's place for a while, and watches the joint and the bridge."""
from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node

from vla_async.bridge.states import FOLLOWING
from vla_async.embodiment import Embodiment
from vla_async.errors import EnvironmentFault
from vla_async.joint_order import JointOrder
from vla_async.nodes import topics
from vla_async.nodes.conversions import chunk_message, joint_state_value
from vla_async.nudge.way import Way
from vla_async.timebase import nanoseconds, step_ns
from vla_async.types import FloatArray

PATIENCE_S = 5.0
REST_S = 10.0  # after the way back the motion runs out to its rest, which takes two seconds or so


@dataclass(frozen=True, slots=True)
class Result:
    """What became of it."""

    moved: float  # farthest that the joint was measured from where it began [rad or m]
    behind: float  # farthest that it was measured from its set-point [rad or m]
    left: float  # how far from where it began it rests [rad or m]
    bridge: str  # last state of the bridge, with its reason


class Nudge:
    """One nudge by a node and the executor that runs it."""

    def __init__(self, node: Node, executor: SingleThreadedExecutor, robot: Embodiment, way: Way) -> None:
        self._node, self._executor, self._robot, self._way = node, executor, robot, way
        self._order = JointOrder(robot.joint_names)
        self._measured = np.full(robot.dof, np.nan)
        self._set_point: Any = None
        self._behind = 0.0
        self._chunks = topics.ACTION_CHUNK.advertise(node)
        topics.JOINT_STATES.subscribe(node, self._measure)
        topics.JOINT_SET_POINT.subscribe(node, self._see)

    def run(self) -> Result:
        """There and back; raises EnvironmentFault when the robot or the suite is not there."""
        self._wait()
        start, joint, moved = self._measured, self._way.joint, 0.0
        self._behind = 0.0
        for _ in self._speaking(start):
            away = float(self._measured[joint] - start[joint])
            moved = max(moved, away, key=abs)
        bridge = f'{self._set_point.state}: {self._set_point.reason}'.removesuffix(': ')
        return Result(moved, self._behind, abs(float(self._measured[joint] - start[joint])), bridge)

    def _speaking(self, start: FloatArray) -> Iterator[None]:
        """Chunks at their rate until the joint is back, then silence until the bridge holds; yields now and then."""
        begin_ns = due_ns = self._now_ns()
        end_ns, sequence = begin_ns + self._way.takes_ns, 0
        while (now_ns := self._now_ns()) < end_ns or (
                self._set_point.state == FOLLOWING and now_ns < end_ns + nanoseconds(REST_S)):
            if due_ns <= now_ns < end_ns:
                sequence, due_ns = sequence + 1, now_ns + step_ns(self._robot.rates.chunk_hz)
                chunk = self._way.chunk(self._robot, start, begin_ns, now_ns, sequence)
                self._chunks.publish(chunk_message(chunk, self._robot.chunk_columns))
            self._executor.spin_once(timeout_sec=0.005)
            yield

    def _wait(self) -> None:
        """Until everybody is there."""
        self._until(lambda: np.isfinite(self._measured).all(), f'no {topics.JOINT_STATES.name} come: is '
                    'joint_state_broadcaster active, and the ROS domain the same?')
        self._until(lambda: self._set_point is not None, 'hardware_bridge sends no set-points: is it active?')
        self._until(lambda: self._chunks.get_subscription_count() > 0,
                    'nobody takes action chunks: is chunk_fuser active?')
        if self._node.count_publishers(topics.ACTION_CHUNK.name) > 1:
            raise EnvironmentFault('another node sends action chunks; stop action_generator first')

    def _until(self, condition: Callable[[], Any], fault: str) -> None:
        deadline_s = time.monotonic() + PATIENCE_S
        while not condition():
            if time.monotonic() > deadline_s:
                raise EnvironmentFault(fault)
            self._executor.spin_once(timeout_sec=0.05)

    def _now_ns(self) -> int:
        return int(self._node.get_clock().now().nanoseconds)

    def _measure(self, message: Any) -> None:
        self._measured = self._order.arrange(*joint_state_value(message)).position

    def _see(self, message: Any) -> None:
        self._set_point = message
        apart = float(message.position[self._way.joint] - self._measured[self._way.joint])
        self._behind = max(self._behind, abs(apart))  # not a number at first, then max keeps what it has
