"""Real nodes over real DDS in one process: an own domain, an executor that is driven step by step, a robot of wax."""
from __future__ import annotations

import gc
import os
import sys
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rclpy
from own_domain import own_domain
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.node import Node
from rclpy.parameter import Parameter
from rosgraph_msgs.msg import Clock

from vla_async import embodiment
from vla_async.launcher.environment import environment
from vla_async.nodes import topics
from vla_async.nodes.conversions import (
    SetPointMessage,
    chunk_message,
    image_message,
    joint_state_message,
    task_message,
    to_ns,
    to_time,
)
from vla_async.nodes.topics import Topic
from vla_async.types import ActionChunk, JointCommand, Task

SAME_TIME_NS = 50_000_000  # set-points come oftener
LIMIT_S = 180.0  # far more than needed: a machine may be busy with other things
ROBOT = embodiment.load('astribot_s1')


class Graph:
    """Nodes of one test on one domain; nothing runs but inside `until` and `during`."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.executor = SingleThreadedExecutor(context=context)
        self.probe = self.add(Node('probe', context=context))
        self.received: dict[str, list[Any]] = {}
        self._task = self._publisher = None
        self.diagnoses: dict[str, Any] = {}
        topics.DIAGNOSTICS.subscribe(self.probe, self._learn)

    def add(self, node: Node) -> Any:
        self.executor.add_node(node)
        return node

    def start(self, make: Callable[..., Node], **values: object) -> Any:
        """A lifecycle node with these parameters."""
        overrides = [Parameter(name, value=value) for name, value in values.items()]
        return self.add(make(context=self.context, parameter_overrides=overrides))

    def bring_up(self, make: Callable[..., Node], **values: object) -> Any:
        """The same, configured and active."""
        node = self.start(make, **values)
        assert node.trigger_configure() == TransitionCallbackReturn.SUCCESS, node.problems
        self.until(lambda: node.trigger_activate() == TransitionCallbackReturn.SUCCESS, 'activation')
        return node

    def hear(self, topic: Topic) -> list[Any]:
        """Messages of the topic, from now on."""
        if topic.name not in self.received:
            self.received[topic.name] = []
            topic.subscribe(self.probe, self.received[topic.name].append)
        return self.received[topic.name]

    def say(self, topic: Topic) -> Callable[[Any], None]:
        """Publish on the topic, once somebody listens."""
        publisher = topic.advertise(self.probe)
        self.until(lambda: publisher.get_subscription_count() > 0, f'a listener of {topic.name}')
        return publisher.publish

    def give_task(self, instruction: str, number: int = 1) -> None:
        if self._task is None:
            self._task = topics.TASK.advertise(self.probe)
        self._task.publish(task_message(Task(number, time.time_ns(), instruction)))

    def until(self, condition: Callable[[], Any], what: str, limit_s: float = LIMIT_S) -> None:
        """Run everything until the condition holds; fails, naming `what`, when it does not come true in time."""
        deadline = time.monotonic() + limit_s
        while not condition():
            assert time.monotonic() < deadline, f'{what}: not within {limit_s} s; {self.messages()}'
            self.executor.spin_once(timeout_sec=0.01)

    def during(self, seconds: float) -> None:
        """Run everything for a while; for showing that something does not happen."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.executor.spin_once(timeout_sec=0.01)

    def diagnosis(self, node: str) -> str:
        """Last diagnostic message of the node."""
        return next((s.message for name, s in self.diagnoses.items() if name.startswith(node)), '')

    def messages(self) -> dict[str, str]:
        return {name: status.message for name, status in self.diagnoses.items()}

    def until_diagnosed(self, node: str, *words: str) -> None:
        """Wait until the node's diagnostic holds all these words."""
        self.until(lambda: all(word in self.diagnosis(node) for word in words), f'{node} says {words}')

    def status(self, node: str) -> Any:
        """Last diagnostic status of the node, None before the first."""
        return next((s for name, s in self.diagnoses.items() if name.startswith(f'{node}: ')), None)

    def close(self) -> None:
        for node in self.executor.get_nodes():
            if hasattr(node, 'close'):
                node.close()
            self.executor.remove_node(node)
            node.destroy_node()
        self.executor.shutdown()

    def _learn(self, message: Any) -> None:
        self.diagnoses.update({status.name: status for status in message.status})


class WaxRobot(Node):
    """Stays where its controllers put it; a test may bend what it says about itself."""

    def __init__(self, context: Context) -> None:
        super().__init__('wax_robot', context=context)
        self.position = ROBOT.array('home')
        self.names = ROBOT.joint_names
        self.cameras = {camera.name: camera for camera in ROBOT.cameras}
        self.commands: list[np.ndarray] = []
        self.measured: Callable[[np.ndarray], np.ndarray] = lambda position: position
        self.effort = np.array([])  # (D,) [N or Nm], if it is measured
        self.now_ns: Callable[[], int] = time.time_ns
        self.frozen: set[str] = set()  # cameras that go on sending one picture
        self._seen = 0
        self._joint_states = topics.JOINT_STATES.advertise(self)
        self._pictures = {name: topics.camera(camera).advertise(self) for name, camera in self.cameras.items()}
        (output,) = ROBOT.outputs
        topics.controller(output).subscribe(self, self._obey)
        self._set_points: list[tuple[int, np.ndarray]] = []  # stamp and position
        topics.JOINT_SET_POINT.subscribe(self, self._note)
        self.create_timer(0.01, self._feel)
        self.create_timer(0.05, self._see)

    def _obey(self, message: Any) -> None:
        self.position = np.array(message.data)
        self.commands.append(self.position)

    def _note(self, message: Any) -> None:
        self._set_points.append((to_ns(message.header.stamp), np.array(message.position)))

    def _feel(self) -> None:
        position = self.measured(self.position)
        names = self.names[:len(position)]
        self._joint_states.publish(
            joint_state_message(self.now_ns(), names, position, np.zeros(len(position)), self.effort))

    def _see(self) -> None:
        stamp_ns, self._seen = self.now_ns(), self._seen + 1
        for name, camera in self.cameras.items():
            picture = np.full((camera.height, camera.width, 3), 90, np.uint8)
            # no two pictures of a camera are alike, also to a node that takes every second one
            picture[0, 0] += 0 if name in self.frozen else self._seen % 7
            self._pictures[name].publish(image_message(stamp_ns, name, picture))

    def assert_calm(self) -> None:
        """All commands so far are finite, inside the limits, and close to one another."""
        commands = np.array(self.commands)
        assert np.isfinite(commands).all()
        assert (commands >= ROBOT.array('lower') - 1e-6).all()
        assert (commands <= ROBOT.array('upper') + 1e-6).all()
        for (one_ns, one), (other_ns, other) in pairwise(self._set_points):
            if 0 < other_ns - one_ns < SAME_TIME_NS:  # a clock may be set
                farthest = 1.1 * ROBOT.array('velocity') * (other_ns - one_ns) / 1e9 + 1e-6
                assert (np.abs(other - one) <= farthest).all(), 'a jump'

    def still_since(self, count: int) -> bool:
        """Whether the last `count` commands are the same, but for rounding."""
        return len(self.commands) >= count and bool(np.ptp(np.array(self.commands[-count:]), axis=0).max() < 1e-9)


class SimulatedClock:
    """Publishes /clock, which goes on at a tenth of the pace, so that a busy machine makes nothing old; may be set."""

    def __init__(self, graph: Graph) -> None:
        self._offset_ns = 10**15
        self._publisher = graph.probe.create_publisher(Clock, '/clock', 1)
        graph.probe.create_timer(0.02, lambda: self._publisher.publish(Clock(clock=to_time(self.now_ns()))))

    def now_ns(self) -> int:
        return time.monotonic_ns() // 10 + self._offset_ns

    def set_by(self, seconds: float) -> None:
        self._offset_ns += round(seconds * 1e9)


class Feeder(Node):
    """Acts like an action generator: chunks at 20 Hz that swing the left arm, from pictures to chunks in no time."""

    def __init__(self, context: Context) -> None:
        super().__init__('feeder', context=context)
        self._chunks = topics.ACTION_CHUNK.advertise(self)
        self._begin_ns, self._sequence = time.time_ns(), 0
        self.create_timer(0.05, self._feed)

    def _feed(self) -> None:
        self._sequence += 1
        now_ns, step_ns = time.time_ns(), 33_333_333
        t = (now_ns - self._begin_ns + step_ns * np.arange(32)) / 1e9
        positions = np.tile(ROBOT.array('home'), (32, 1))
        positions[:, ROBOT.joint_names.index('left_arm_1')] += 0.3 * (1 - np.cos(t))
        chunk = ActionChunk(now_ns, step_ns, positions, sequence=self._sequence, observation_ns=now_ns)
        self._chunks.publish(chunk_message(chunk, ROBOT.joint_names))


@pytest.fixture(scope='session')
def ros_environment() -> None:
    """What the process starter sets for each process, here for this one."""
    os.environ.update(environment(0, dict(os.environ), pictures=True))


@pytest.fixture
def graph(ros_environment: None) -> Iterator[Graph]:
    claim, interval = own_domain(), sys.getswitchinterval()
    context = Context()
    rclpy.init(context=context, domain_id=claim.id)
    made = Graph(context)
    yield made
    made.close()
    rclpy.shutdown(context=context)
    del made
    gc.collect()  # lifecycle nodes are in cycles; until they go, so does not their participant, nor its shared memory
    claim.release()
    sys.setswitchinterval(interval)


@pytest.fixture
def robot(graph: Graph) -> WaxRobot:
    return graph.add(WaxRobot(graph.context))


@pytest.fixture
def clock(graph: Graph, robot: WaxRobot) -> SimulatedClock:
    """Simulated time, which the robot stamps its messages with."""
    made = SimulatedClock(graph)
    robot.now_ns = made.now_ns
    return made


@pytest.fixture
def resting_bridge(graph: Graph, robot: WaxRobot) -> Any:
    """A bridge's set-points, 50 times a second; `state` may be changed."""
    class Bridge:
        state, reason = 'following', ''
    publisher = topics.JOINT_SET_POINT.advertise(graph.probe)
    still = JointCommand(0, robot.position, 0 * robot.position, 0 * robot.position)

    def tick() -> None:
        now_ns = graph.probe.get_clock().now().nanoseconds
        publisher.publish(SetPointMessage(len(still.position)).of(still, now_ns, 0, Bridge.state, Bridge.reason))
    graph.probe.create_timer(0.02, tick)
    return Bridge


@pytest.fixture
def feed(graph: Graph) -> Callable[[], Node]:
    """Starts the feeder."""
    return lambda: graph.add(Feeder(graph.context))


@pytest.fixture
def moving(graph: Graph, robot: WaxRobot, feed: Callable[[], Node]) -> WaxRobot:
    """The robot under way, with the feeder, the fuser and the bridge."""
    from vla_async.nodes.chunk_fuser import ChunkFuserNode
    from vla_async.nodes.hardware_bridge import HardwareBridgeNode
    graph.bring_up(ChunkFuserNode)
    graph.bring_up(HardwareBridgeNode)
    feed()
    graph.until(lambda: len(robot.commands) > 20 and not robot.still_since(10), 'motion')
    return robot


@pytest.fixture(scope='session')
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> str:
    """An untrained policy for the robot."""
    from vla_async.training.initialise import initialise
    return str(initialise(tmp_path_factory.mktemp('policy') / 'tiny', ROBOT, 'tiny', seed=0))


@pytest.fixture
def broken_robot_file(tmp_path: Path) -> str:
    """The robot's file with a word where a number belongs."""
    from vla_async.resources import share
    text = (share() / 'config/robots/astribot_s1.yaml').read_text()
    path = tmp_path / 'broken.yaml'
    path.write_text(text.replace('velocity: 0.5', 'velocity: fast', 1))
    return str(path)
