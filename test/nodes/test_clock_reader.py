"""A node that follows /clock is told the time past its executor, and of jumps inside it."""
import threading

import pytest
from rclpy.clock import JumpThreshold
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.parameter import Parameter
from rosgraph_msgs.msg import Clock

from vla_async.nodes.clock_reader import ClockReader
from vla_async.nodes.conversions import to_time

S = 10**9


@pytest.fixture
def tell(graph):
    publisher = graph.probe.create_publisher(Clock, '/clock', 10)

    def publish(now_ns):
        publisher.publish(Clock(clock=to_time(now_ns)))
    return publish


@pytest.fixture
def follow(graph):
    """A node with its reader; the reader is closed at the end."""
    readers, faults = [], []

    def make(simulated):
        node = graph.add(Node('follower', context=graph.context,
                              parameter_overrides=[Parameter('use_sim_time', value=simulated)]))
        readers.append(ClockReader(node, faults.append))
        return node
    yield make
    for reader in readers:
        reader.close()
    assert not faults


def test_time_goes_on_without_the_executor_and_jumps_are_told_by_it(graph, follow, tell):
    node, jumps = follow(True), []
    clock = node.get_clock()
    threshold = JumpThreshold(min_forward=None, min_backward=Duration(seconds=-1))
    handle = clock.create_jump_callback(threshold, post_callback=lambda _: jumps.append(threading.current_thread()))

    def shows(now_ns, spin=True):
        def told():
            tell(now_ns)
            return clock.now().nanoseconds == now_ns
        return graph.until(told, f'{now_ns} ns') if spin else wait_for(told)
    shows(1000 * S)
    shows(1001 * S, spin=False)
    shows(900 * S)
    assert jumps == [threading.main_thread()]
    shows(901 * S, spin=False)
    handle.unregister()


def wait_for(condition):
    waiting = threading.Event()
    for _ in range(6000):
        if condition():
            return
        waiting.wait(0.01)
    pytest.fail('not within a minute')


def test_a_node_on_the_machines_time_hears_nothing(graph, follow, tell):
    node = follow(False)
    assert not node.get_clock().ros_time_is_active
    assert not [s for s in node.subscriptions if s.topic_name == '/clock']
