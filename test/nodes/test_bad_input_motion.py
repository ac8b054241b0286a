"""Malformed chunks and windows, and a second commander: refused by name, the robot stays on its last safe motion."""
import time

import numpy as np
import pytest
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.node import Node
from std_srvs.srv import Trigger

from vla_async.embodiment import load
from vla_async.nodes import topics
from vla_async.nodes.chunk_fuser import ChunkFuserNode
from vla_async.nodes.conversions import chunk_message, controller_message, window_message
from vla_async.nodes.hardware_bridge import HardwareBridgeNode
from vla_async.types import ActionChunk, JointWindow

ROBOT = load('astribot_s1')
HOME = ROBOT.array('home')
MS = 1_000_000


@pytest.fixture
def motion(graph, robot):
    """Fuser and bridge, both active, and the robot that obeys them."""
    graph.bring_up(ChunkFuserNode)
    graph.bring_up(HardwareBridgeNode)
    graph.until(lambda: len(robot.commands) > 10, 'commands')  # enough to tell rest from motion
    return robot


def chunk(sequence, reach=0.1, **changes):
    """A chunk that takes the left arm `reach` away within a second."""
    positions = np.tile(HOME, (32, 1))
    positions[:, ROBOT.joint_names.index('left_arm_1')] += reach * np.linspace(0, 1, 32)
    values = {'stamp_ns': time.time_ns(), 'step_ns': 33_333_333, 'positions': positions, 'sequence': sequence}
    return ActionChunk(**{**values, **changes})


def test_a_good_chunk_moves_the_robot_and_ends_at_rest(graph, motion):
    say, status = graph.say(topics.ACTION_CHUNK), graph.hear(topics.FUSION_STATUS)
    say(chunk_message(chunk(1), ROBOT.joint_names))
    graph.until(lambda: status, 'a fusion status')
    assert status[0].accepted
    graph.until(lambda: not motion.still_since(10), 'motion')
    graph.until(lambda: motion.still_since(100), 'rest')
    motion.assert_calm()


@pytest.mark.parametrize(('spoil', 'words'), [
    (lambda m: setattr(m, 'positions', m.positions[:-1]), ('799 numbers are not rows of 25 columns',)),
    (lambda m: setattr(m, 'joint_names', [*m.joint_names[:-1], 'tail']), ('columns do not fit the robot', 'tail')),
    (lambda m: m.positions.__setitem__(30, np.nan), ('refused chunk', 'finite')),
], ids=['wrong shape', 'wrong joints', 'NaN'])
def test_a_malformed_chunk_is_named_and_the_robot_holds_still(graph, motion, spoil, words):
    say = graph.say(topics.ACTION_CHUNK)
    message = chunk_message(chunk(1), ROBOT.joint_names)
    spoil(message)
    say(message)
    graph.until_diagnosed('chunk_fuser', *words)
    assert motion.still_since(len(motion.commands))


@pytest.mark.parametrize(('spoil', 'words'), [
    (lambda m: m.points[3].positions.__setitem__(0, np.nan), ('position of base_x is not finite',)),
    (lambda m: m.points[3].velocities.__setitem__(1, 9.0), ('velocity of base_y is 9.000',)),
    (lambda m: setattr(m.points[5], 'positions', m.points[5].positions[:3]), ('point 5 has 3 positions',)),
    (lambda m: setattr(m, 'points', m.points[:1]), ('at least two points',)),
], ids=['NaN', 'too fast', 'too short a row', 'too few points'])
def test_a_malformed_window_is_named_and_the_robot_holds_still(graph, robot, spoil, words):
    graph.bring_up(HardwareBridgeNode)
    rows = np.tile(HOME, (30, 1))
    message = window_message(JointWindow(time.time_ns() - 20 * MS, 20 * MS, rows, 0 * rows, 0 * rows),
                             ROBOT.joint_names)
    spoil(message)
    graph.say(topics.TRAJECTORY)(message)
    graph.until_diagnosed('hardware_bridge', *words)
    graph.until(lambda: len(robot.commands) > 20, 'commands')
    assert robot.still_since(len(robot.commands))


class TestTwoCommanders:
    """The second one publishes on a controller's topic."""

    @pytest.fixture
    def intrude(self, graph):
        (output,) = ROBOT.outputs

        def begin():
            node = graph.add(Node('joystick', context=graph.context))
            publisher = topics.controller(output).advertise(node)
            publisher.publish(controller_message(HOME))
        return begin

    def test_the_bridge_does_not_take_over_a_robot_that_is_commanded(self, graph, robot, intrude):
        intrude()
        bridge = graph.start(HardwareBridgeNode)
        assert bridge.trigger_configure() == TransitionCallbackReturn.SUCCESS
        graph.until(lambda: 'second commander' in bridge.problems, 'the second commander')
        assert bridge.trigger_activate() == TransitionCallbackReturn.FAILURE
        graph.until_diagnosed('hardware_bridge', 'joystick', 'whole_body_controller/commands', 'only one commander')

    def test_it_comes_to_rest_when_one_appears_and_is_not_released_while_it_is_there(self, graph, motion, intrude):
        say = graph.say(topics.ACTION_CHUNK)
        say(chunk_message(chunk(1), ROBOT.joint_names))
        graph.until(lambda: not motion.still_since(10), 'motion')
        intrude()
        graph.until_diagnosed('hardware_bridge', 'joystick', 'whole_body_controller/commands')
        graph.until(lambda: motion.still_since(60), 'rest')
        motion.assert_calm()
        client = graph.probe.create_client(Trigger, 'hardware_bridge/release')
        graph.until(client.service_is_ready, 'the service')
        answer = client.call_async(Trigger.Request())
        graph.until(answer.done, 'an answer')
        assert not answer.result().success
        assert 'joystick' in answer.result().message
