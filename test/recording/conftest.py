"""A talker whose words are recorded, and recorders as processes of their own."""
import os
import subprocess
import sys
import time

import numpy as np
import pytest
import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from sensor_msgs.msg import JointState

from vla_async.nodes import topics
from vla_async.nodes.conversions import to_time
from vla_async.replay.bag_files import bag_files

LIMIT_S = 60.0


class Talker:
    """Says its joint states for as long as it waits for something, and hears the diagnostics."""

    def __init__(self, context: Context) -> None:
        self.node = Node('talker', namespace='left', context=context)
        self.publisher = topics.JOINT_STATES.advertise(self.node)
        self.joints = 1
        self.diagnoses = []  # of the recorder
        self._generator = np.random.default_rng(0)
        topics.DIAGNOSTICS.subscribe(self.node, self._hear)
        self._executor = SingleThreadedExecutor(context=context)
        self._executor.add_node(self.node)

    def _hear(self, message) -> None:
        self.diagnoses += [status for status in message.status if status.name == 'recorder: bag']

    def say(self) -> None:
        message = JointState(name=['elbow'], position=self._generator.random(self.joints).tolist())
        message.header.stamp = to_time(time.time_ns())
        self.publisher.publish(message)

    def until(self, condition, what: str) -> None:
        deadline = time.monotonic() + LIMIT_S
        while not condition():
            assert time.monotonic() < deadline, what
            self.say()
            self._executor.spin_once(timeout_sec=0.01)

    def until_recorded(self, folder) -> None:
        """Wait until a recorder has written what was said."""
        self.until(lambda: self.publisher.get_subscription_count() > 0, 'a recorder')
        for _ in range(2):  # at first it may be the words of others only
            before = flushed(folder)
            self.until(lambda before=before: flushed(folder) > before, 'something recorded')

    def close(self) -> None:
        self._executor.shutdown()
        self.node.destroy_node()


def flushed(folder) -> int:
    """Bytes of the bag in the file system."""
    return sum(path.stat().st_size for path in bag_files(folder))


@pytest.fixture
def talker(ros_domain):
    context = Context()
    rclpy.init(context=context, domain_id=ros_domain)
    made = Talker(context)
    yield made
    made.close()
    rclpy.shutdown(context=context)


@pytest.fixture
def start(ros_domain, tmp_path):
    """Starts a Python with these arguments; whatever is left of it at the end is killed."""
    started = []

    def begin(*command):
        started.append(subprocess.Popen([sys.executable, *command], text=True, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, cwd=tmp_path, env={**os.environ, 'COLUMNS': '200'}))
        return started[-1]
    yield begin
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def record(start, tmp_path):
    """Starts the command `record`; its bag is tmp_path/bag unless the words say otherwise."""
    return lambda *words: start('-m', 'vla_async.cli', 'record', '--namespace', 'left', '--out',
                                str(tmp_path / 'bag'), *words)
