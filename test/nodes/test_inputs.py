"""When a node acts on pictures: the first of the fastest cameras sets the pace, the others are not waited for long."""
import time

import numpy as np
import pytest
from rclpy.lifecycle import TransitionCallbackReturn

from vla_async import embodiment
from vla_async.nodes import parameters, topics
from vla_async.nodes.conversions import image_message, joint_state_message
from vla_async.nodes.inputs import InputParameters, ObservationInputs
from vla_async.nodes.lifecycle import PipelineNode

ROBOT = embodiment.load('astribot_s1')
MS = 10**6
LONG_S, BRIEF_S = 60.0, 0.05


class Onlooker(PipelineNode):
    """Has inputs and does nothing with them."""

    PARAMETERS = InputParameters

    def __init__(self, **options):
        super().__init__('onlooker', **options)

    def configure(self):
        self.inputs = ObservationInputs(self, parameters.read(self, InputParameters))


@pytest.fixture
def inputs(graph):
    node = graph.start(Onlooker, max_age_s=10.0)  # the machine may be busy
    assert node.trigger_configure() == TransitionCallbackReturn.SUCCESS, node.problems
    return node.inputs


@pytest.fixture
def show(graph, inputs):
    """Publishes pictures of cameras with one stamp."""
    publishers = {camera.name: topics.camera(camera).advertise(graph.probe) for camera in ROBOT.cameras}
    graph.until(lambda: all(one.get_subscription_count() for one in publishers.values()), 'the listener')

    def publish(stamp_ns, *names):
        for camera in ROBOT.cameras:
            if camera.name in names:
                pixels = np.zeros((camera.height, camera.width, 3), np.uint8)
                publishers[camera.name].publish(image_message(stamp_ns, camera.name, pixels))
    return publish


def stamps(inputs):
    return tuple(inputs.buffer.observe(time.time_ns()).pictures_ns)


@pytest.fixture
def begun(graph, inputs, show):
    """Stamp [ns] of a first complete set of pictures, which has come, and of a joint state."""
    now_ns = time.time_ns()
    joints = topics.JOINT_STATES.advertise(graph.probe)
    graph.until(joints.get_subscription_count, 'the listener')
    joints.publish(joint_state_message(now_ns, ROBOT.joint_names, ROBOT.array('home'), np.zeros(ROBOT.dof)))
    show(now_ns, 'head', 'left_wrist', 'right_wrist')
    assert inputs.wait(LONG_S, LONG_S)
    graph.until(lambda: inputs.observe(time.time_ns()) is not None, 'the joint state')
    return now_ns


def test_pictures_of_one_instant_are_waited_for(inputs, show, begun):
    assert stamps(inputs) == (begun,) * 3
    show(begun + 33 * MS, 'left_wrist', 'right_wrist', 'head')
    assert inputs.wait(LONG_S, LONG_S)
    assert stamps(inputs) == (begun + 33 * MS,) * 3


def test_other_cameras_than_the_leading_one_are_no_occasion_to_act(inputs, show, begun):
    show(begun + 33 * MS, 'left_wrist', 'right_wrist')
    assert not inputs.wait(BRIEF_S, BRIEF_S)


def test_a_camera_that_is_late_is_not_waited_for_long_and_used_with_the_next(inputs, show, begun):
    show(begun + 33 * MS, 'head')
    assert inputs.wait(LONG_S, BRIEF_S)
    assert stamps(inputs) == (begun + 33 * MS, begun, begun)
    show(begun + 33 * MS, 'left_wrist', 'right_wrist')
    assert not inputs.wait(BRIEF_S, BRIEF_S)
    show(begun + 66 * MS, 'head', 'left_wrist', 'right_wrist')
    assert inputs.wait(LONG_S, LONG_S)
    assert stamps(inputs) == (begun + 66 * MS,) * 3
