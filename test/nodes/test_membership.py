"""A process that stands by is known to all others before its node is there, and says good-bye when it is not needed."""
import os
import socket
import subprocess
import sys
import time

import numpy as np
import pytest
from lifecycle_msgs.srv import GetState

from vla_async import embodiment
from vla_async.launcher.environment import environment
from vla_async.launcher.node_command import MEMBERSHIP
from vla_async.nodes import topics
from vla_async.nodes.conversions import SetPointMessage
from vla_async.types import JointCommand

DOF = embodiment.load('astribot_s1').dof
LEASE_S = 20.0  # for so long DDS remembers one that went without a word
STANDS_BY = """
import sys
from vla_async.nodes.bridge_membership import forget_set_point, forget_word, join, last_word, leave, succeed

join()
print(last_word(), flush=True)
sys.stdin.readline()
succeed(1)
word = last_word()
print(word.set_point.stamp_ns, word.set_point.position[-1], word.state, word.latch, flush=True)
forget_set_point()
print(last_word().set_point, last_word().latch, flush=True)
forget_word()
print(last_word(), flush=True)
leave()
"""
START_S = 300.0  # it prepares with the least priority, beside whatever keeps the machine busy


class Reserve:
    """A latent buffer that stands by on the domain of the test."""

    def __init__(self, domain):
        self.line, theirs = socket.socketpair()
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, '-m', 'vla_async.launcher.child', str(os.getpid()), f'stand-by:{MEMBERSHIP}',
                 'vla_async.nodes.latent_buffer', '--ros-args', '--remap', '__node:=latent_buffer'], stdin=theirs,
                env=environment(domain, dict(os.environ)))


@pytest.fixture
def reserve(graph):
    one = Reserve(graph.context.get_domain_id())
    yield one
    one.process.kill()
    one.process.wait()
    one.line.close()


def hidden(graph):
    return [name for name in graph.probe.get_node_names() if name.startswith('_standing_by_')]


def test_it_waits_under_a_hidden_name_and_offers_nothing(graph, reserve):
    graph.until(lambda: hidden(graph) == [f'_standing_by_{reserve.process.pid}'], 'its hidden name', START_S)
    assert 'latent_buffer' not in graph.probe.get_node_names()
    assert graph.probe.get_service_names_and_types_by_node(*hidden(graph), '/') == []


def test_called_up_it_becomes_its_node(graph, reserve):
    graph.until(lambda: hidden(graph), 'its hidden name', START_S)
    # first: a service that has not yet discovered its client drops the answer
    client = graph.probe.create_client(GetState, 'latent_buffer/get_state')
    reserve.line.sendall(b'4711\n')
    graph.until(client.service_is_ready, 'its service')
    answer = client.call_async(GetState.Request())
    graph.until(answer.done, 'its answer')
    assert answer.result().current_state.label == 'unconfigured'
    graph.until(lambda: not hidden(graph), 'the end of its hidden name')


def test_one_that_waited_in_vain_says_good_bye(graph, reserve):
    graph.until(lambda: hidden(graph), 'its hidden name', START_S)
    reserve.line.close()
    graph.until(lambda: reserve.process.poll() is not None, 'its end')
    ended_s = time.monotonic()
    graph.until(lambda: not hidden(graph), 'the end of its hidden name')
    assert time.monotonic() - ended_s < LEASE_S / 2
    assert reserve.process.returncode == 0


def test_who_stands_by_for_a_bridge_knows_what_that_one_sent_last_until_that_is_of_no_use(graph):
    with subprocess.Popen([sys.executable, '-c', STANDS_BY], text=True, stdout=subprocess.PIPE, stdin=subprocess.PIPE,
                          env=environment(graph.context.get_domain_id(), dict(os.environ))) as successor:
        assert successor.stdout.readline() == 'None\n'
        say = graph.say(topics.JOINT_SET_POINT)
        message, rest = SetPointMessage(DOF), np.zeros(DOF)
        for _ in range(50):
            say(message.of(JointCommand(7, rest + 3.0, rest, rest), 7, 0, 'stopped', 'button', latched=True))
            graph.during(0.01)
        successor.stdin.write('\n')
        successor.stdin.flush()
        assert successor.stdout.readline() == '7 3.0 stopped button\n'
        assert successor.stdout.readline() == 'None button\n'
        assert successor.stdout.readline() == 'None\n'
