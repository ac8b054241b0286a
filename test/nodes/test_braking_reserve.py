"""A bridge's reserve commands nothing until the bridge falls silent in motion, and then brings the robot to rest."""
import os
import subprocess
import sys
import time
from dataclasses import replace
from threading import Timer

import numpy as np
import pytest
import yaml

from vla_async import embodiment
from vla_async.bridge import FollowerConfig
from vla_async.bridge.reserve_brake import ReserveBrake
from vla_async.launcher.environment import environment
from vla_async.nodes import topics
from vla_async.nodes.commanders import other_commander
from vla_async.nodes.conversions import SetPointMessage
from vla_async.nodes.hardware_bridge import HardwareBridgeNode
from vla_async.resources import share
from vla_async.types import JointCommand

ROBOT = embodiment.load('astribot_s1')
SLOW_HZ = 20  # so slow that a busy machine makes nobody late
ARM = ROBOT.joint_names.index('left_arm_1')
SPEED = 0.5  # [rad/s]
CONFIG = FollowerConfig.from_embodiment(ROBOT)
BRAKING = CONFIG.acceleration[ARM]
PERIOD_NS = 4_000_000
RESERVE = """
import sys
import time
import rclpy
from vla_async.embodiment import load
from vla_async.nodes.braking_reserve import BrakingReserve

look, sent = BrakingReserve._tick, []


def stall(self, late):
    look(self, late)
    sent.extend([1] if self._brake is not None else [])
    if len(sent) == 3:
        time.sleep(0.2)


if sys.argv[2] == 'stalls':
    BrakingReserve._tick = stall
rclpy.init()
reserve = BrakingReserve(load(sys.argv[1]), brakes=sys.argv[2] != 'listens only', fail=print)
reserve.start()
print('it listens', flush=True)
sys.stdin.readline()
word = reserve.end()
last = word.set_point
print(last.position[int(sys.argv[3])], abs(last.velocity).max(), word.state, word.latch, flush=True)
"""


class Bridge:
    """Swings the left arm to and fro, or holds it, by set-points of the test's own; may fall silent."""

    def __init__(self, graph):
        self.speed, self.silent, self.latched, self.position = SPEED, False, False, ROBOT.array('home').copy()
        self.set_points = topics.JOINT_SET_POINT.advertise(graph.probe)
        self._message = SetPointMessage(ROBOT.dof)
        self._graph = graph
        graph.probe.create_timer(1 / SLOW_HZ, self._tick)

    def _tick(self):
        if self.silent:
            return
        now_ns, velocity = self._graph.probe.get_clock().now().nanoseconds, np.zeros(ROBOT.dof)
        velocity[ARM] = self.speed
        self.position = self.position + velocity / SLOW_HZ
        if abs(self.position[ARM] - ROBOT.array('home')[ARM]) > 0.5:
            self.speed = -self.speed
        command = JointCommand(now_ns, self.position, velocity, 0 * velocity)
        self.set_points.publish(self._message.of(command, now_ns, 0, 'following', 'because', latched=self.latched))


@pytest.fixture
def slow_robot(tmp_path):
    told = yaml.safe_load((share() / 'config/robots/astribot_s1.yaml').read_text())
    told['rates']['command_hz'] = SLOW_HZ
    slow = tmp_path / 'slow.yaml'
    slow.write_text(yaml.safe_dump(told, sort_keys=False))
    return str(slow)


class Reserve:
    """A process of its own, which says what it does into a file."""

    def __init__(self, domain, folder, *arguments):
        self._said = folder / 'said.txt'
        with self._said.open('w') as stream:
            self.process = subprocess.Popen([sys.executable, '-c', RESERVE, *arguments], text=True, stdout=stream,
                                            stdin=subprocess.PIPE, env=environment(domain, dict(os.environ)))

    @property
    def lines(self):
        return self._said.read_text().splitlines()

    def take_over(self):
        self.process.stdin.write('\n')
        self.process.stdin.flush()


@pytest.fixture
def reserve(graph, robot, slow_robot, tmp_path):
    """Starts a reserve, and waits until it knows bridge and robot."""
    started = []

    def start(how='brakes'):
        started.append(Reserve(graph.context.get_domain_id(), tmp_path, slow_robot, how, str(ARM)))
        graph.until(lambda: started[-1].lines, 'that it listens')
        return started[-1]
    yield start
    for one in started:
        one.process.kill()
        one.process.wait()


def test_a_bridge_that_falls_silent_in_motion_has_its_robot_brought_to_rest(graph, robot, reserve):
    bridge, said, spoken = Bridge(graph), graph.hear(topics.RESERVE_SET_POINT), graph.hear(topics.JOINT_SET_POINT)
    reserve()
    graph.during(1.0)
    assert not said
    assert not robot.commands
    bridge.silent = True
    graph.until(lambda: len(robot.commands) > 6 and robot.still_since(5), 'rest')
    robot.assert_calm()
    way_s = abs(robot.commands[-1][ARM] - bridge.position[ARM]) / SPEED
    assert SPEED / BRAKING / 2 < way_s < SPEED / BRAKING + 0.1
    assert {(message.state, message.reason) for message in said} == {('stopping', 'the bridge has fallen silent')}
    bridge.silent = False
    count = len(spoken)
    graph.until(lambda: len(spoken) > count + 3, 'the bridge')
    count = len(said)
    graph.during(1.0)
    assert len(said) == count


def test_one_that_takes_over_rests_first_and_knows_where(graph, robot, reserve):
    bridge, one = Bridge(graph), reserve()
    graph.during(1.0)
    bridge.silent = True
    one.take_over()
    graph.until(lambda: len(one.lines) > 1, 'that it rests')
    position, speed = map(float, one.lines[1].split()[:2])
    assert speed == 0.0
    assert position == pytest.approx(robot.commands[-1][ARM], abs=1e-12)


@pytest.mark.parametrize(('how', 'speed'), [('brakes', 0.0), ('listens only', SPEED)])
def test_a_robot_at_rest_and_one_on_a_machine_without_real_time_are_left_alone(graph, robot, reserve, how, speed):
    bridge, said = Bridge(graph), graph.hear(topics.RESERVE_SET_POINT)
    bridge.speed = speed
    one = reserve(how)
    graph.during(1.0)
    bridge.silent = True
    graph.during(1.0)
    assert not said
    assert not robot.commands
    one.take_over()
    graph.until(lambda: len(one.lines) > 1, 'what it has heard')
    assert float(one.lines[1].split()[0]) == pytest.approx(bridge.position[ARM], abs=1e-12)


def test_one_that_comes_late_while_it_brakes_goes_on_braking_from_where_it_is(graph, robot, reserve):
    bridge = Bridge(graph)
    reserve('stalls')
    graph.during(1.0)
    bridge.silent = True
    graph.until(lambda: len(robot.commands) > 4, 'braking')
    way = np.array(robot.commands)[:, ARM] * np.sign(bridge.speed)
    assert (np.diff(way) >= -1e-9).all(), 'back to where it began'


def test_a_stop_is_handed_on_to_who_takes_over(graph, robot, reserve):
    bridge, one = Bridge(graph), reserve()
    bridge.speed, bridge.latched = 0.0, True
    graph.during(1.0)
    bridge.silent = True
    one.take_over()
    graph.until(lambda: len(one.lines) > 1, 'its word')
    assert one.lines[1].split()[2:] == ['following', 'because']


def test_a_reserve_does_not_count_as_another_commander(graph, robot, reserve):
    bridge = graph.bring_up(HardwareBridgeNode)
    (output,) = ROBOT.outputs
    reserve()
    graph.until(lambda: len(bridge.get_publishers_info_by_topic(output.topic)) == 2, 'both')
    assert other_commander(bridge, [output.topic]) == ''


def test_a_bridge_that_stood_still_goes_on_from_where_its_reserve_has_brought_the_robot(graph, moving):
    bridge = next(node for node in graph.executor.get_nodes() if node.get_name() == 'hardware_bridge')
    say, spoken = graph.say(topics.RESERVE_SET_POINT), graph.hear(topics.JOINT_SET_POINT)
    look, rest = bridge._measure, []

    def stand_still():
        bridge._measure = look
        last = bridge._ticked
        brake = ReserveBrake(CONFIG, np.ones(ROBOT.dof, dtype=bool), last.command, PERIOD_NS,
                             last.now_ns + 2 * PERIOD_NS, last.steady_ns)
        time.sleep(0.3)
        command = replace(brake.tick(last.steady_ns + 2 * 10**9).command, stamp_ns=time.time_ns())
        rest.append(command.position)
        say(SetPointMessage(ROBOT.dof).of(replace(command, position=command.position + np.nan), 0, 0, 'stopping', ''))
        # as one that is at work, it speaks again
        Timer(0.01, lambda: say(SetPointMessage(ROBOT.dof).of(command, 0, 0, 'stopping', ''))).start()
    bridge._measure = stand_still
    graph.until(lambda: any('the reserve has braked' in message.reason for message in spoken), 'that it knows')
    first = next(message for message in spoken if 'the reserve has braked' in message.reason)
    np.testing.assert_allclose(first.position, rest[0], atol=1e-9)
    graph.until(lambda: spoken[-1].state == 'following', 'motion')
    moving.assert_calm()
