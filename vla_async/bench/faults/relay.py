"""A process that some topics pass through: where hosts are connected in a real system, and where links break.

`python -m vla_async.bench.faults.relay`: what is published on `relayed/<topic>` goes on to `<topic>`, as the String on
`relay/treatment` says: '<treatment> <topic> <topic> ...'; all other topics pass.
"""
from __future__ import annotations

import time
from functools import partial
from typing import Any

from rclpy.node import Node
from rclpy.publisher import Publisher
from std_msgs.msg import String

from vla_async import embodiment
from vla_async.bench.faults.treatment import PASS, Link
from vla_async.embodiment import Embodiment
from vla_async.nodes import parameters, qos, topics
from vla_async.nodes.parameters import RobotParameters
from vla_async.nodes.process import run
from vla_async.nodes.topics import Topic

NAME = 'relay'
TREATMENT = Topic('relay/treatment', String, qos.LATCHED)
PREFIX = 'relayed'
LATE_S = 0.005  # how late a delayed message may be passed on


def relayed(robot: Embodiment) -> tuple[Topic, ...]:
    """The topics that pass through the relay."""
    return (topics.ACTION_CHUNK, topics.LATENT, topics.TRAJECTORY, topics.JOINT_STATES,
            *(topics.camera(camera) for camera in robot.cameras))


class Relay(Node):
    """Forwards serialised messages in the executor's thread."""

    def __init__(self, **options: Any) -> None:
        super().__init__(NAME, **options)
        parameters.declare(self, RobotParameters)
        robot = embodiment.load(parameters.read(self, RobotParameters).robot)
        self._links = {topic.name: Link(seed) for seed, topic in enumerate(relayed(robot))}
        self._onward = {topic.name: self._connect(topic) for topic in relayed(robot)}
        TREATMENT.subscribe(self, self._treat)
        self.create_timer(LATE_S, self._send_delayed)

    def _connect(self, topic: Topic) -> Publisher[Any]:
        def receive(message: bytes) -> None:
            self._links[topic.name].put(message, time.monotonic())
            self._send(topic.name)
        self.create_subscription(topic.message, f'{PREFIX}/{topic.name}', receive, topic.qos, raw=True)
        return topic.advertise(self)

    def _send_delayed(self) -> None:
        for name in self._links:
            self._send(name)

    def _send(self, name: str) -> None:
        for message in self._links[name].due(time.monotonic()):
            self._onward[name].publish(message)

    def _treat(self, message: Any) -> None:
        treatment, *names = message.data.split()
        for name, link in self._links.items():
            link.treat(treatment if name in names else PASS)


main = partial(run, Relay)
