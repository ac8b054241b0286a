"""The node behind the browser's page, with a page that only notes what it is shown."""
import time
from contextlib import nullcontext

import numpy as np
import pytest
from rclpy.parameter import Parameter
from vla_async_msgs.msg import Latent

from vla_async import embodiment
from vla_async.nodes import topics
from vla_async.nodes.conversions import to_time, window_message
from vla_async.types import JointWindow
from vla_async.view.viewer import Viewer
from vla_async.viz.forward_kinematics import ForwardKinematics

ROBOT = embodiment.load('astribot_s1')


class NotedPage:
    def __init__(self):
        self.kinematics, self.watched = ForwardKinematics(ROBOT), True
        self.pictures, self.position, self.caption, self.ghosts = set(), None, None, []

    def at_once(self):
        return nullcontext()

    def show_robot(self, position):
        self.position = position

    def show_ghost(self, position):
        self.ghosts.append(position)

    def show_lines(self, lines):
        self.lines = lines

    def show_caption(self, caption):
        self.caption = caption

    def show_picture(self, camera, picture):
        self.pictures.add((camera, picture.shape))


@pytest.fixture
def page():
    return NotedPage()


def test_joints_and_all_cameras_are_shown(graph, robot, page):
    graph.add(Viewer(ROBOT, page, context=graph.context))
    robot.position = ROBOT.array('home') + 0.1
    graph.until(lambda: len(page.pictures) == 3 and np.array_equal(page.position, robot.position), 'all')
    assert page.pictures == {(camera.name, (camera.height, camera.width, 3)) for camera in ROBOT.cameras}


def test_it_listens_while_somebody_looks_and_only_then(graph, robot, page):
    listeners = robot.create_publisher(topics.JOINT_STATES.message, topics.JOINT_STATES.name, topics.JOINT_STATES.qos)
    page.watched = False
    graph.add(Viewer(ROBOT, page, context=graph.context))
    for watched in (True, False, True):
        page.watched = watched
        graph.until(lambda watched=watched: listeners.get_subscription_count() == int(watched), f'watched: {watched}')


def test_the_ghost_is_at_the_end_of_a_motion_until_it_is_over_and_before_and_after_where_the_robot_is(graph, page):
    graph.add(Viewer(ROBOT, page, context=graph.context))
    graph.until(lambda: page.ghosts, 'a look')
    assert page.ghosts == [None] * len(page.ghosts)
    rows = np.tile(ROBOT.array('home'), (6, 1)) + np.linspace(0.0, 0.1, 6)[:, None]
    window = JointWindow(time.time_ns(), 10**9, rows, 0 * rows, 0 * rows)
    graph.say(topics.TRAJECTORY)(window_message(window, ROBOT.joint_names))
    graph.until(lambda: page.ghosts[-1] is not None, 'a ghost')
    np.testing.assert_allclose(page.ghosts[-1], rows[-1])
    graph.until(lambda: page.ghosts[-1] is None, 'the end of the motion')
    assert time.time_ns() > window.stamp_ns + 5 * window.step_ns


def test_ages_are_those_of_simulated_time_where_the_node_follows_it(graph, clock, page):
    graph.add(Viewer(ROBOT, page, context=graph.context, parameter_overrides=[Parameter('use_sim_time', value=True)]))
    latent, publish = Latent(), graph.say(topics.LATENT)
    latent.header.stamp = to_time(clock.now_ns())
    publish(latent)
    graph.until(lambda: page.caption and 'latent 0.' in page.caption.ages, 'an age, which grows slowly')
