"""Only one commander: whoever else publishes counts, except the dead whose place this process was called to take."""
import os
import signal
import subprocess
import sys

import pytest
from rclpy.node import Node
from std_msgs.msg import Float64MultiArray

from vla_async.launcher.environment import environment
from vla_async.nodes import membership
from vla_async.nodes.commanders import other_commander

TOPIC = 'controller/commands'
OTHER = f"""
import rclpy, sys
from rclpy.node import Node
from std_msgs.msg import Float64MultiArray
rclpy.init()
node = Node(sys.argv[1])
publisher = node.create_publisher(Float64MultiArray, '{TOPIC}', 1)
rclpy.spin(node)
"""


def names(node):
    return sorted(publisher.node_name for publisher in node.get_publishers_info_by_topic(TOPIC))


@pytest.fixture
def bridge(graph):
    """A node that commands."""
    node = graph.add(Node('bridge', context=graph.context))
    node.create_publisher(Float64MultiArray, TOPIC, 1)
    return node


@pytest.fixture
def other(graph, bridge):
    """Starts a process with a node of a given name, which commands, too, and waits until it is known."""
    started = []

    def start(name='bridge'):
        known = names(bridge)
        started.append(subprocess.Popen([sys.executable, '-c', OTHER, name],
                                        env=environment(graph.context.get_domain_id(), dict(os.environ))))
        graph.until(lambda: names(bridge) == sorted([*known, name]), f'{name} commands')
        return started[-1]
    yield start
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture
def succeed(monkeypatch):
    """Lets this process be the successor of another."""
    monkeypatch.setattr(membership, '_predecessors', [])
    return lambda process: membership.succeed(process.pid)


def killed(process):
    process.send_signal(signal.SIGKILL)
    process.wait()
    return process


def test_alone_it_may_command(bridge):
    assert other_commander(bridge, [TOPIC]) == ''


def test_another_bridge_and_a_stranger_are_named(bridge, other):
    other()
    assert other_commander(bridge, [TOPIC]).startswith('another bridge also commands /controller/commands')
    other('joystick')
    assert other_commander(bridge, [TOPIC]).startswith('joystick also commands')


def test_one_that_was_killed_counts_as_long_as_dds_remembers_it(bridge, other):
    killed(other())
    assert other_commander(bridge, [TOPIC])


def test_the_dead_predecessor_does_not_count(bridge, other, succeed):
    succeed(killed(other()))
    assert names(bridge) == ['bridge', 'bridge']
    assert other_commander(bridge, [TOPIC]) == ''


def test_another_beside_the_dead_predecessor_does(bridge, other, succeed):
    succeed(killed(other()))
    other()
    assert other_commander(bridge, [TOPIC]).startswith('another bridge')


def test_a_stranger_in_the_predecessors_process_does(bridge, other, succeed):
    succeed(killed(other('joystick')))
    assert other_commander(bridge, [TOPIC]).startswith('joystick')
