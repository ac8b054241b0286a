"""The campaign's own ROS node: keeps the robot moving, and records what the simulated robot did."""
from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from threading import get_native_id
from types import TracebackType
from typing import Any

import numpy as np
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.task import Future
from std_msgs.msg import Header
from vla_async_msgs.action import RunTask
from vla_async_msgs.msg import SimulationStatus, StopSignal

from vla_async.bench.faults.judge import HELD, SILENT_S, Trace
from vla_async.demo.operator import ANSWER_PATIENCE_S, Operator
from vla_async.embodiment import Embodiment
from vla_async.nodes import topics
from vla_async.nodes.conversions import to_duration, to_time
from vla_async.nodes.polling import PolledSubscription
from vla_async.nodes.threads import ask_for_realtime, threads_of_process
from vla_async.nodes.topics import Topic
from vla_async.sim import tasks
from vla_async.timebase import NS_PER_MS, NS_PER_S, nanoseconds

TASK = 'touch'
ASK_PERIOD_S = 2.2  # a hand has almost arrived by then
IDLE_PERIOD_S = 1.0  # of a robot that rests: what it was asked for is done, or lost with who was asked
TASK_LIMIT_S = 30.0  # a driver that falls silent leaves nothing moving for ever
SPEED_PERIOD_NS = 10 * NS_PER_MS
KEPT = 12_000  # speeds, two minutes of them
STATUS_DEPTH = 200
MOVING = 0.05  # share of a velocity limit
STALLED_S = 4.0  # two tasks
MOVING_PATIENCE_S = 30.0


@dataclass
class Mark:
    """Where a run begins: when, and what had been counted by then."""

    made_ns: int
    begin_ns: int  # of the fault
    status: Any  # SimulationStatus


class Recording:
    """What the simulated robot says of its own motion; times are those of arrival, by this process' clock."""

    def __init__(self, node: Node) -> None:
        self._subscription = PolledSubscription(node, topics.SIMULATION_STATUS, depth=STATUS_DEPTH)
        self._speeds: deque[tuple[int, float, float]] = deque(maxlen=KEPT)  # time [ns], set-points, joints
        self.newest: Any = None

    def look(self) -> None:
        """Take what has come."""
        for received in self._subscription.drain():
            self.newest = message = received.message
            first_ns = received.received_ns - SPEED_PERIOD_NS * (len(message.joint_speeds) - 1)
            for i, (held, joint) in enumerate(zip(message.set_point_speeds, message.joint_speeds, strict=True)):
                self._speeds.append((first_ns + i * SPEED_PERIOD_NS, float(held), float(joint)))

    @property
    def silent_s(self) -> float:
        """Since when nothing was heard of the robot [s]."""
        return (time.time_ns() - self._speeds[-1][0]) / NS_PER_S if self._speeds else math.inf

    @property
    def moving(self) -> bool:
        """Whether the robot is well on its way now."""
        return self.silent_s < SILENT_S and min(self._speeds[-1][1:]) > MOVING

    @property
    def held(self) -> bool:
        """Whether the controllers hold the robot still now."""
        return bool(self._speeds) and self._speeds[-1][1] <= HELD

    def mark(self) -> Mark:
        """A run begins now."""
        now_ns = time.time_ns()
        return Mark(now_ns, now_ns, self.newest)

    def trace(self, mark: Mark, end_ns: int, before_s: float = 0.0) -> Trace:
        """What came since the mark, or from `before_s` before it on; also what came while this process had to wait."""
        self.look()
        times = np.array([(ns - mark.begin_ns) / NS_PER_S for ns, _, _ in self._speeds])
        shown = times >= -before_s
        rows = np.array([row[1:] for row in self._speeds]).reshape(-1, 2)[shown]
        now, was = self.newest, mark.status
        if now.steps_judged + now.steps_unjudged < was.steps_judged + was.steps_unjudged:
            was = SimulationStatus()  # a simulation that was started anew counts from nothing
        violations = now.limit_violations - was.limit_violations
        step_s = now.elapsed / max(now.steps_judged + now.steps_unjudged, 1)
        return Trace(times[shown], rows[:, 0], rows[:, 1], max((end_ns - mark.begin_ns) / NS_PER_S, 0.0), violations,
                     tuple(now.violated) if violations else (), (now.steps_unjudged - was.steps_unjudged) * step_s,
                     self.silent_s)


class Driver(Operator):
    """An operator who asks for something else again and again, so that the robot is always on its way."""

    def __init__(self, robot: Embodiment, tick: Callable[[], None], seed: int) -> None:
        super().__init__(robot, self._each_tick)
        self._robot, self._each, self._rng = robot, tick, np.random.default_rng(seed)
        self.recording = Recording(self._node)
        self.asking = False
        self._asked_s = float('-inf')
        self._said: dict[str, Publisher[Any]] = {}
        self._see(seed, None)
        for thread in threads_of_process():
            if thread != get_native_id():  # its processes would inherit it
                ask_for_realtime(thread)  # who judges the robot hears of it in time on a full machine, too

    def __enter__(self) -> Driver:
        return self

    @property
    def node(self) -> Node:
        """The node, for a fault's own publishers and subscriptions."""
        return self._node

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.asking = False
        super().__exit__(kind, error, trace)

    def begin_anew(self, seed: int) -> None:
        """A fresh scene, robot at home, stop button out; the robot is set going again by `get_moving`."""
        self.asking = False
        if topics.STOP_SIGNAL.name in self._said:
            self.say(topics.STOP_SIGNAL, StopSignal(header=Header(stamp=to_time(time.time_ns()))))
        self._see(seed, None)
        self.begin_episode(TASK, seed, None)

    def get_moving(self) -> None:
        """Ask for one thing after the other until the robot moves; in a fresh scene if it does not set out.

        A policy that has learnt to set out from home may not know what to do amid interrupted tasks.
        """
        self.asking = True
        if not self.comes_true(lambda: self.recording.moving, STALLED_S):
            self.begin_anew(int(self._rng.integers(2**31)))
            self.asking = True
        self.wait_until(lambda: self.recording.moving, 'the robot setting out', MOVING_PATIENCE_S)

    def wait(self, seconds: float) -> None:
        """Go on with everything for so long."""
        self._comes_true(lambda: False, seconds)

    def comes_true(self, condition: Callable[[], bool], patience_s: float) -> bool:
        """Whether the condition holds within `patience_s`."""
        return self._comes_true(condition, patience_s)

    def say(self, topic: Topic, message: Any) -> None:
        """Publish on a latched topic; what is said last holds."""
        if topic.name not in self._said:
            self._said[topic.name] = topic.advertise(self._node)
            self.wait_until(lambda: self._said[topic.name].get_subscription_count() > 0, f'a listener of {topic.name}',
                            ANSWER_PATIENCE_S)
        self._said[topic.name].publish(message)

    def ask(self, instruction: str) -> None:
        """Give a task and do not wait for its end; nothing happens while task_server is not there."""
        self._asked_s = time.monotonic()
        if self._run_task.server_is_ready():
            self.send_goal(RunTask.Goal(instruction=instruction, time_limit=to_duration(nanoseconds(TASK_LIMIT_S))))

    def send_goal(self, goal: Any) -> Future[Any]:
        """To run_task; returns what will hold the answer."""
        return self._run_task.send_goal_async(goal)

    def another(self) -> str:
        """An instruction for something else on the table than what was asked for before."""
        instruction = tasks.make(TASK).ask_otherwise(self._scene, self._rng, self._robot.name)
        self._see(self._scene.seed, instruction)
        return instruction

    def _see(self, seed: int, instruction: str | None) -> None:
        self._scene = tasks.make(TASK).draw(np.random.default_rng(seed), seed, instruction, self._robot.name)

    def _each_tick(self) -> None:
        self.recording.look()
        self._each()
        period_s = IDLE_PERIOD_S if self.recording.held else ASK_PERIOD_S
        if self.asking and time.monotonic() - self._asked_s >= period_s:
            self.ask(self.another())
