"""The demo's node against a bridge and a simulator that answer in an order which real ones show now and then."""
import threading
import time

import numpy as np
import pytest
import rclpy
from rclpy.executors import SingleThreadedExecutor
from std_srvs.srv import Trigger
from vla_async_msgs.srv import ResetSimulation

from vla_async import embodiment
from vla_async.demo import operator as demo_operator
from vla_async.demo.operator import DemoFault, Operator
from vla_async.nodes import topics
from vla_async.nodes.conversions import SetPointMessage
from vla_async.types import JointCommand

ROBOT = embodiment.load('astribot_s1')
HOME = ROBOT.array('home')


class Robot:
    """Bridge, fuser and simulator in one; the bridge takes over where its newest joint state saw the robot, and the
    first `late` times that is from before the simulator put the robot back home."""

    def __init__(self, late):
        self.calls, self._late = [], late
        self._rests_s = float('inf')  # when the motion is over that has just begun at the hold
        self.reset_in_motion = False
        self._held = self._before = np.clip(HOME + 0.3, ROBOT.array('lower'), ROBOT.array('upper'))
        self._context = rclpy.Context()
        rclpy.init(context=self._context)
        self._node = rclpy.create_node('robot', context=self._context)
        for name in ('hardware_bridge/hold', 'chunk_fuser/reset', 'hardware_bridge/release'):
            self._node.create_service(Trigger, name, lambda _, answer, name=name: self._answer(name, answer))
        self._node.create_service(ResetSimulation, 'robot_simulator/reset',
                                  lambda _, answer: self._answer('robot_simulator/reset', answer))
        self._set_points = topics.JOINT_SET_POINT.advertise(self._node)
        self._node.create_timer(0.01, self._show)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)
        self._thread = threading.Thread(target=self._executor.spin)
        self._thread.start()

    def close(self):
        self._executor.shutdown()
        self._thread.join()
        self._node.destroy_node()
        rclpy.try_shutdown(context=self._context)

    def _answer(self, name, answer):
        self.calls.append(name.split('/')[-1])
        if self.calls == ['hold']:
            self._rests_s = time.monotonic() + 0.5
        if name == 'robot_simulator/reset':
            self.reset_in_motion = time.monotonic() < self._rests_s
        if name == 'hardware_bridge/release':
            self._held = HOME if self.calls.count('release') > self._late else self._before
        answer.success = True
        return answer

    def _show(self):
        zero = np.zeros(ROBOT.dof)
        latched = self.calls != [] and self.calls[-1] != 'release'
        state = 'following' if latched and time.monotonic() < self._rests_s else 'holding'
        command = JointCommand(1, self._held, zero, zero)
        self._set_points.publish(SetPointMessage(len(zero)).of(command, 1, 0, state, '', latched=latched))


@pytest.fixture
def begin_episode(ros_domain, monkeypatch):
    """Begins an episode with a bridge that is late so many times; returns what was called."""
    monkeypatch.setattr(demo_operator, 'SETTLE_S', 2.0)  # a busy machine
    robots = []

    def begin(late):
        robots.append(Robot(late))
        with Operator(ROBOT, lambda: None) as operator:
            operator.begin_episode('touch', 3, None)
        assert not robots[0].reset_in_motion  # the bridge first runs the motion under way to its rest
        return robots[0].calls
    yield begin
    robots[0].close()


@pytest.mark.parametrize('late', [0, 2])
def test_an_episode_begins_once_the_bridge_holds_the_robot_at_home(begin_episode, late):
    calls = begin_episode(late)
    assert calls == ['hold', 'reset', 'reset', *['release', 'hold'] * late, 'release']


def test_a_bridge_that_never_comes_home_ends_the_demo(begin_episode, monkeypatch):
    monkeypatch.setattr(demo_operator, 'RELEASES', 2)
    with pytest.raises(DemoFault, match='home'):
        begin_episode(99)
