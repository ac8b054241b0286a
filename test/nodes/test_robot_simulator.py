"""The simulator over DDS: what controllers send, what comes back, new episodes."""
import numpy as np
import pytest
from std_msgs.msg import Float64MultiArray
from vla_async_msgs.srv import ResetSimulation

from vla_async import embodiment
from vla_async.nodes import topics
from vla_async.nodes.conversions import controller_message
from vla_async.nodes.robot_simulator import RobotSimulator
from vla_async.picture import pixels
from vla_async.urdf import expand

ROBOT = embodiment.load('astribot_s1')
HOME = ROBOT.array('home')


@pytest.fixture
def simulator(graph):
    return graph.add(RobotSimulator(context=graph.context))


@pytest.fixture
def command(graph, simulator):
    """Publish set-points for the whole body."""
    return graph.say(topics.controller(ROBOT.outputs[0]))


def reset(graph, **fields):
    client = graph.probe.create_client(ResetSimulation, 'robot_simulator/reset')
    graph.until(client.service_is_ready, 'the reset service')
    future = client.call_async(ResetSimulation.Request(**fields))
    graph.until(future.done, 'the answer of reset')
    return future.result()


def test_joint_states_and_pictures_of_every_camera_arrive(graph, simulator):
    states = graph.hear(topics.JOINT_STATES)
    pictures = {camera.name: graph.hear(topics.camera(camera)) for camera in ROBOT.cameras}
    spectator = graph.hear(topics.SPECTATOR)
    graph.until(lambda: len(states) > 5 and all(pictures.values()) and spectator, 'states and pictures')
    assert tuple(states[-1].name) == ROBOT.joint_names
    np.testing.assert_allclose(states[-1].position, HOME, atol=0.1)
    for camera in ROBOT.cameras:
        picture = pixels(pictures[camera.name][-1])
        assert picture.shape == (camera.height, camera.width, 3)
        assert np.ptp(picture) > 50  # something is to be seen


def test_it_brings_its_description_as_robots_do(graph, simulator):
    told = graph.hear(topics.ROBOT_DESCRIPTION)
    graph.until(lambda: told, 'the description')
    assert told[0].data == expand(ROBOT).toxml()


def test_the_robot_follows_set_points_that_continue_from_home(graph, simulator, command):
    states, joint = graph.hear(topics.JOINT_STATES), ROBOT.joint_names.index('left_arm_7')

    def has_turned():
        set_point = HOME.copy()
        set_point[joint] = min((states[-1].position[joint] if states else HOME[joint]) + 0.04, HOME[joint] + 0.3)
        command(controller_message(set_point))
        return states and states[-1].position[joint] > HOME[joint] + 0.25
    graph.until(has_turned, 'the wrist has turned')
    others = np.arange(ROBOT.dof) != joint
    np.testing.assert_allclose(np.array(states[-1].position)[others], HOME[others], atol=0.1)


def test_bad_set_points_move_nothing_and_are_named(graph, simulator, command):
    states = graph.hear(topics.JOINT_STATES)
    command(Float64MultiArray(data=[0.5] * 3))
    graph.until_diagnosed('robot_simulator', 'whole_body_controller/commands', '3 set-points for 25 joints')
    bad = HOME.copy()
    bad[ROBOT.joint_names.index('torso_2')] = np.nan
    command(controller_message(bad))
    graph.until_diagnosed('robot_simulator', 'torso_2 is not finite')
    np.testing.assert_allclose(states[-1].position, HOME, atol=0.1)


def test_a_reset_draws_the_scene_of_its_seed_and_judges_its_instruction(graph, simulator):
    status = graph.hear(topics.SIMULATION_STATUS)
    first = reset(graph, task='touch', seed=5)
    again = reset(graph, task='touch', seed=5)
    assert first.success
    assert first.instruction == again.instruction != ''
    assert again.episode == first.episode + 1
    graph.until(lambda: status and status[-1].episode == again.episode, 'status of the new episode')
    assert (status[-1].seed, status[-1].instruction) == (5, first.instruction)
    assert not status[-1].success


@pytest.mark.parametrize(('fields', 'words'), [
    ({'task': 'juggle', 'seed': 1}, 'juggle'),
    ({'task': 'touch', 'seed': 1, 'instruction': 'sing a song'}, 'sing a song'),
])
def test_a_reset_that_cannot_be_is_refused_with_the_reason(graph, simulator, fields, words):
    answer = reset(graph, **fields)
    assert not answer.success
    assert words in answer.message
