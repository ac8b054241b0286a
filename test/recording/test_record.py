"""`vla-async record` as people run it: a process of its own over DDS, ended by Ctrl-C, or killed."""
import json
import os
import signal
import subprocess
import sys
import time

import pytest
import rclpy
from rclpy.context import Context
from rclpy.node import Node
from rosbags.highlevel import AnyReader
from sensor_msgs.msg import JointState

from vla_async.launcher.shared_memory import all_names, owned_by, ports_of
from vla_async.nodes import topics
from vla_async.nodes.conversions import to_time
from vla_async.replay.bag import Received, messages, open_bag, stamp_of
from vla_async.replay.bag_files import bag_files
from vla_async.replay.mend import mend

S = 10**9
LIMIT_S = 60.0
MOST_LOST_S = 1.0


class Talker:
    """Says its joint states for as long as it waits for something."""

    def __init__(self, context: Context) -> None:
        self.node = Node('talker', namespace='left', context=context)
        self.publisher = topics.JOINT_STATES.advertise(self.node)

    def say(self) -> None:
        message = JointState(name=['elbow'], position=[0.5])
        message.header.stamp = to_time(time.time_ns())
        self.publisher.publish(message)

    def until(self, condition, what: str) -> None:
        deadline = time.monotonic() + LIMIT_S
        while not condition():
            assert time.monotonic() < deadline, what
            self.say()
            time.sleep(0.01)


@pytest.fixture
def talker(ros_domain):
    context = Context()
    rclpy.init(context=context, domain_id=ros_domain)
    made = Talker(context)
    yield made
    made.node.destroy_node()
    rclpy.shutdown(context=context)


@pytest.fixture
def record(ros_domain, tmp_path):
    """Starts the command; whatever is left of it at the end is killed."""
    started = []

    def begin(*words):
        command = [sys.executable, '-m', 'vla_async.cli', 'record', '--namespace', 'left', '--out',
                   str(tmp_path / 'bag'), *words]
        started.append(subprocess.Popen(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        cwd=tmp_path, env={**os.environ, 'COLUMNS': '200'}))
        return started[-1]
    yield begin
    for process in started:
        process.kill()
        process.communicate()


def flushed(folder):
    """Bytes of the bag in the file system."""
    return sum(path.stat().st_size for path in bag_files(folder))


def heard(talker, folder):
    """Wait until the recorder has written what the talker said."""
    talker.until(lambda: talker.publisher.get_subscription_count() > 0, 'a recorder')
    before = flushed(folder)
    talker.until(lambda: flushed(folder) > before, 'something recorded')


def shared_memory(pid, domain):
    """What a process holds of its own; some ports are common to all programs of a machine."""
    names = owned_by(pid) - owned_by(os.getpid())
    return {name for name in names if 'port' not in name or name in ports_of(domain)}


def joint_states(bag) -> list[Received]:
    with open_bag(bag) as reader:
        return list(messages(reader, 'joint_states'))


def test_ctrl_c_ends_the_bag_and_prints_what_it_holds_and_lacks(record, talker, ros_domain, tmp_path):
    process = record('--checkpoint', 'astribot_s1_touch')
    heard(talker, tmp_path / 'bag')
    held = shared_memory(process.pid, ros_domain)
    process.send_signal(signal.SIGINT)
    out, errors = process.communicate(timeout=LIMIT_S)
    assert (process.returncode, errors) == (0, '')
    audit = json.loads((tmp_path / 'bag/audit.json').read_text())
    assert audit['topics']['/left/joint_states']['messages'] == len(joint_states(tmp_path / 'bag')) > 0
    lines = {line.split()[0]: line.split()[1:] for line in out.splitlines() if line.startswith('/')}
    assert lines['/left/joint_states'][0] == str(audit['topics']['/left/joint_states']['messages'])
    assert lines['/left/stop_signal'] == ['silent']
    assert held
    assert not held & all_names()


def test_a_kill_loses_at_most_a_second(record, talker, tmp_path):
    process = record()
    heard(talker, tmp_path / 'bag')
    begin = time.monotonic()
    talker.until(lambda: time.monotonic() - begin > 2 * MOST_LOST_S, 'time to lose')
    killed_ns = time.time_ns()
    process.send_signal(signal.SIGKILL)
    process.wait(LIMIT_S)
    assert mend(tmp_path / 'bag')
    received = joint_states(tmp_path / 'bag')
    assert killed_ns - stamp_of(received[-1].message) < MOST_LOST_S * S
    with AnyReader([tmp_path / 'bag']) as reader:
        assert reader.topics['/left/joint_states'].msgcount == len(received)


@pytest.mark.parametrize('words, said', [
    ([], 'must name a folder without a bag; give another one, or remove what is there'),
    (['--out', 'other', '--robot', 'r2d2'], "unknown robot 'r2d2'"),
    (['--out', '/dev/null/bag'], 'cannot be written: Not a directory'),
    (['--out', 'other', '--namespace', '1'], "--namespace '1' is no name"),
    (['--split-mb', '-1'], '--split-mb must not be negative')])
def test_what_cannot_be_recorded_is_said_in_one_line(record, tmp_path, words, said):
    (tmp_path / 'bag').mkdir()
    (tmp_path / 'bag/metadata.yaml').touch()
    process = record(*words)
    _, errors = process.communicate(timeout=LIMIT_S)
    assert process.returncode == 1
    assert said in errors
    assert len(errors.splitlines()) == 1
