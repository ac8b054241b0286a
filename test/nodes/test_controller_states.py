"""The bridge hears what trajectory controllers say of themselves where their message is installed.

Over DDS with the message of a distribution, or with one that is built here.
"""
from __future__ import annotations

import subprocess
import sys
import time
from types import SimpleNamespace

import numpy as np
import pytest
from built_messages import control_msgs_environment
from diagnostic_msgs.msg import DiagnosticStatus
from rclpy.node import Node
from trajectory_msgs.msg import JointTrajectoryPoint

from vla_async import embodiment
from vla_async.errors import DataError
from vla_async.nodes import topics
from vla_async.nodes.controller_conversions import controller_state_value, from_controller
from vla_async.nodes.conversions import joint_state_message, to_time, window_message
from vla_async.nodes.hardware_bridge import HardwareBridgeNode
from vla_async.sim.controllers.joint_trajectory import JointTrajectoryController
from vla_async.sim.controllers.trajectory_message import ControllerParameters
from vla_async.types import JointWindow

NAME = 'so101_ros2_control'
ROBOT = embodiment.load(NAME)
ARM = ROBOT.outputs[0]
MS = 1_000_000
REAL = pytest.mark.skipif(topics.JointTrajectoryControllerState is None, reason='control_msgs is not installed')


# -- the message ---------------------------------------------------------------------------------------------------

def said(names=ARM.joints, reference=None, error=None, **more):
    """A message, or what looks like one."""
    count = [float(i) for i in range(len(names))]
    reference, error = (JointTrajectoryPoint(positions=count if values is None else values)
                        for values in (reference, error))
    header = SimpleNamespace(stamp=to_time(10**18 + 7))
    return SimpleNamespace(header=header, joint_names=list(names), reference=reference, error=error, **more)


def test_it_is_read_in_the_order_of_the_controller():
    state = controller_state_value(ROBOT, ARM, said(ARM.joints[::-1], speed_scaling_factor=0.5))
    assert [ROBOT.joint_names[joint] for joint in state.joints] == list(ARM.joints[::-1])
    np.testing.assert_array_equal(state.reference, np.arange(5))
    assert (state.stamp_ns, state.speed) == (10**18 + 7, 0.5)


@pytest.mark.parametrize('more', [{}, {'speed_scaling_factor': 0.0}])
def test_a_speed_that_is_not_told_is_full(more):
    assert controller_state_value(ROBOT, ARM, said(**more)).speed == 1.0


@pytest.mark.parametrize(('message', 'words'), [
    (said((*ARM.joints[:4], 'nose')), 'see nose, wrist_roll'), (said(reference=[1.0, 2.0]), '2 positions and 5 errors'),
    (said(error=[]), '5 positions and 0 errors')])
def test_one_that_is_not_of_the_outputs_joints_is_refused_by_name(message, words):
    with pytest.raises(DataError, match=words):
        controller_state_value(ROBOT, ARM, message)


def test_without_the_message_there_is_nothing_to_hear(monkeypatch):
    monkeypatch.setattr(topics, 'JointTrajectoryControllerState', None)
    assert topics.controller_states(ROBOT) == {}


# -- over DDS ------------------------------------------------------------------------------------------------------

class Arm(Node):
    """The real robot's stand-in: an arm with the model of its controller, which says what it does, and a gripper."""

    def __init__(self, graph):
        super().__init__('arm', context=graph.context)
        self.controller = JointTrajectoryController(ControllerParameters.of(
            'kilted', ARM.joints, 100.0, interpolate_from_desired_state=True))
        self.controller.home(ROBOT.array('home')[ROBOT.indices(ARM.joints)])
        self.heeds = self.talks = True
        self._joint_states = topics.JOINT_STATES.advertise(self)
        (topic,) = topics.controller_states(ROBOT).values()
        self._states = topic.advertise(self)
        topics.controller(ARM).subscribe(self, self._obey)
        self.create_timer(0.01, self._update)

    def _obey(self, message):
        if self.heeds:
            self.controller.receive(*from_controller(ARM, message), time.time_ns())

    def _update(self):
        now_ns, position = time.time_ns(), ROBOT.array('home')
        position[ROBOT.indices(ARM.joints)] = self.controller.reference(now_ns)
        self._joint_states.publish(joint_state_message(now_ns, ROBOT.joint_names, position, np.zeros(ROBOT.dof)))
        if self.talks:
            self._states.publish(self._state(now_ns))

    def _state(self, now_ns):
        message = topics.JointTrajectoryControllerState(joint_names=list(ARM.joints), speed_scaling_factor=1.0)
        message.header.stamp = to_time(now_ns)
        message.reference.positions = self.controller.desired[0].tolist()
        message.error.positions = self.controller.error.tolist()
        return message


@pytest.fixture
def arm(graph):
    return graph.add(Arm(graph))


@pytest.fixture
def bridge(graph, arm):
    return graph.bring_up(HardwareBridgeNode, robot=NAME, joint_state_age_s=5.0, gap_s=1.0)  # the machine may be busy


def swing(graph):
    """Swing the first joint to and fro by 0.3 rad within 4 s, from where it is held on."""
    sent, say = graph.hear(topics.JOINT_SET_POINT), graph.say(topics.TRAJECTORY)
    graph.until(lambda: sent and sent[-1].state == 'holding', 'a held robot')
    u = np.linspace(0.0, 1.0, 201)[:, None] * np.ones(ROBOT.dof) * (np.arange(ROBOT.dof) == 0)
    rows = ROBOT.array('home') + 0.3 * (64 * (u - u**2) ** 3)
    first, second = (np.gradient(rows, 0.02, axis=0), np.gradient(np.gradient(rows, 0.02, axis=0), 0.02, axis=0))
    first[-1] = second[-1] = 0.0
    say(window_message(JointWindow(time.time_ns(), 20 * MS, rows, first, second), ROBOT.joint_names))
    graph.until(lambda: sent[-1].state == 'following', 'motion')
    return sent


@REAL
def test_a_controller_that_follows_is_trusted_and_one_that_falls_silent_is_told_of(graph, arm, bridge):
    sent = swing(graph)
    graph.until(lambda: sent[-1].state != 'following', 'the end')
    assert sent[-1].reason == 'no new motion came'
    assert np.ptp([message.position[0] for message in sent]) > 0.25
    values = {value.key: float(value.value) for value in graph.status('hardware_bridge').values
              if value.key == f'error of controller {ARM.name}'}
    assert len(values) == 1
    arm.talks = False
    graph.until_diagnosed('hardware_bridge', f'controller {ARM.name} says nothing of now any more')
    assert graph.status('hardware_bridge').level == DiagnosticStatus.WARN
    arm.talks = True
    graph.until(lambda: 'says nothing' not in graph.diagnosis('hardware_bridge'), 'its voice')


@REAL
def test_a_controller_that_does_not_follow_is_named_and_the_robot_held(graph, arm, bridge):
    arm.heeds = False
    sent = swing(graph)
    graph.until_diagnosed('hardware_bridge', f'controller {ARM.name} aims', 'away from what it was sent',
                          ROBOT.joint_names[0])
    assert graph.status('hardware_bridge').level == DiagnosticStatus.ERROR
    graph.until(lambda: sent[-1].state == 'holding', 'rest')
    assert f'controller {ARM.name} aims' in sent[-1].reason


@pytest.mark.slow
@pytest.mark.skipif(topics.JointTrajectoryControllerState is not None, reason='it is installed, and so was tested')
def test_all_this_holds_with_the_message_built(tmp_path):
    command = [sys.executable, '-m', 'pytest', '-q', '-p', 'no:cacheprovider', __file__, '-m', 'not slow']
    run = subprocess.run(command, env=control_msgs_environment(tmp_path), capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    assert 'skipped' not in run.stdout
