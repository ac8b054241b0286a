"""What robots get wrong about themselves: the stream or joint is named, and the robot stays calm."""
import numpy as np
import pytest
from rclpy.lifecycle import TransitionCallbackReturn

from vla_async.embodiment import load
from vla_async.nodes import topics
from vla_async.nodes.action_generator import ActionGeneratorNode
from vla_async.nodes.chunk_fuser import ChunkFuserNode
from vla_async.nodes.hardware_bridge import HardwareBridgeNode
from vla_async.nodes.latent_buffer import LatentBufferNode
from vla_async.nodes.vlm_reasoner import VlmReasonerNode

ROBOT = load('astribot_s1')
TASK = 'touch the red cube with your left hand'


def bring_up_motion(graph):
    graph.bring_up(ChunkFuserNode)
    return graph.bring_up(HardwareBridgeNode)


def bring_up_policy(graph, checkpoint):
    graph.bring_up(VlmReasonerNode, checkpoint=checkpoint)
    graph.bring_up(LatentBufferNode)
    return graph.bring_up(ActionGeneratorNode, checkpoint=checkpoint)


def test_a_missing_camera_is_named_and_no_chunk_is_made(graph, robot, checkpoint):
    del robot.cameras['left_wrist']
    chunks = graph.hear(topics.ACTION_CHUNK)
    bring_up_policy(graph, checkpoint)
    graph.give_task(TASK)
    graph.until_diagnosed('action_generator', 'missing streams', 'camera left_wrist (never came)')
    assert not chunks


def test_a_camera_that_dies_brings_the_robot_to_rest(graph, robot, checkpoint):
    bring_up_motion(graph)
    bring_up_policy(graph, checkpoint)
    graph.give_task(TASK)
    graph.until(lambda: len(robot.commands) > 20 and not robot.still_since(10), 'motion')
    del robot.cameras['right_wrist']
    graph.until_diagnosed('action_generator', 'camera right_wrist')
    graph.until(lambda: robot.still_since(50), 'rest')
    robot.assert_calm()


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
    bring_up_motion(graph)
    graph.until(lambda: robot.commands, 'commands')
    graph.until_diagnosed('hardware_bridge', 'unknown joints', 'tail')


@pytest.mark.parametrize('value', [np.nan, np.inf])
def test_a_joint_state_that_is_not_finite_brings_the_robot_to_rest(graph, robot, checkpoint, value):
    bring_up_motion(graph)
    bring_up_policy(graph, checkpoint)
    graph.give_task(TASK)
    graph.until(lambda: len(robot.commands) > 20 and not robot.still_since(10), 'motion')
    elbow = ROBOT.joint_names.index('left_arm_4')
    robot.measured = lambda position: np.where(np.arange(ROBOT.dof) == elbow, value, position)
    graph.until_diagnosed('hardware_bridge', 'joint state is not finite: left_arm_4')
    graph.until(lambda: robot.still_since(50), 'rest')
    robot.assert_calm()
