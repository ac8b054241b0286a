"""What robots get wrong about themselves: the stream or joint is named, and the robot stays calm."""
import time

import numpy as np
import pytest
from rclpy.lifecycle import TransitionCallbackReturn

from vla_async.acting.policy import load_policy
from vla_async.embodiment import load
from vla_async.nodes import topics
from vla_async.nodes.action_generator import ActionGeneratorNode
from vla_async.nodes.hardware_bridge import HardwareBridgeNode
from vla_async.nodes.latent_conversions import latent_message
from vla_async.types import Task

ROBOT = load('astribot_s1')
TASK = 'touch the red cube with your left hand'


@pytest.fixture
def generator(graph, robot, checkpoint):
    """An active generator with a latent at hand, which counts for long; its task is given."""
    node = graph.bring_up(ActionGeneratorNode, checkpoint=checkpoint, fresh_s=300.0, absent_s=300.0)
    graph.give_task(TASK)
    say = graph.say(topics.LATENT)
    policy = load_policy(checkpoint, ROBOT)
    now_ns = time.time_ns()
    say(latent_message(policy.reasoner.instruction_latent(Task(1, now_ns, TASK), now_ns, 1)))
    return node


def test_a_missing_camera_is_named_and_no_chunk_is_made(graph, robot, generator):
    del robot.cameras['left_wrist']
    graph.until_diagnosed('action_generator', 'missing streams', 'camera left_wrist')
    chunks = graph.hear(topics.ACTION_CHUNK)
    graph.during(0.3)
    assert not chunks
    assert generator.failure is None


def test_the_camera_that_comes_back_is_used_again(graph, robot, generator):
    chunks = graph.hear(topics.ACTION_CHUNK)
    graph.until(lambda: chunks, 'chunks')
    camera = robot.cameras.pop('right_wrist')
    graph.until_diagnosed('action_generator', 'camera right_wrist is', 's old')  # not that it had yet to come
    chunks.clear()
    robot.cameras['right_wrist'] = camera
    graph.until(lambda: chunks and 'missing streams' not in generator.problems, 'chunks again')
    assert generator.failure is None


def test_missing_joints_are_named_and_the_bridge_does_not_take_over(graph, robot):
    robot.measured = lambda position: position[:20]
    bridge = graph.start(HardwareBridgeNode)
    assert bridge.trigger_configure() == TransitionCallbackReturn.SUCCESS
    graph.until(lambda: 'joint_states' in bridge.problems, 'a problem')
    assert bridge.trigger_activate() == TransitionCallbackReturn.FAILURE
    graph.until_diagnosed('hardware_bridge', 'joint state lacks', 'right_arm_6', 'head_2')
    assert not robot.commands


def test_unknown_joints_are_named_and_ignored(graph, robot):
    robot.names = (*ROBOT.joint_names, 'tail')
    robot.measured = lambda position: np.append(position, 0.0)
    graph.bring_up(HardwareBridgeNode)
    graph.until(lambda: robot.commands, 'commands')
    graph.until_diagnosed('hardware_bridge', 'unknown joints', 'tail')
    robot.assert_calm()


@pytest.mark.parametrize('value', [np.nan, np.inf])
def test_a_joint_state_that_is_not_finite_brings_the_robot_to_rest(graph, moving, value):
    elbow = ROBOT.joint_names.index('left_arm_4')
    moving.measured = lambda position: np.where(np.arange(ROBOT.dof) == elbow, value, position)
    graph.until_diagnosed('hardware_bridge', 'joint state is not finite: left_arm_4')
    graph.until(lambda: moving.still_since(50), 'rest')
    moving.assert_calm()


def test_joint_states_that_end_bring_the_robot_to_rest_and_their_return_lets_it_go_on(graph, moving):
    def nothing(position):
        return position[:0]
    moving.measured = nothing
    graph.until_diagnosed('hardware_bridge', 's old')
    graph.until(lambda: moving.still_since(50), 'rest')
    moving.measured = lambda position: position
    graph.until(lambda: not moving.still_since(10), 'motion again')
    moving.assert_calm()
