import time

import numpy as np
import pytest
from visualization_msgs.msg import Marker
from vla_async_msgs.msg import Latent, SystemStatus

from vla_async import embodiment
from vla_async.nodes import topics, view_topics
from vla_async.nodes.conversions import chunk_message, to_ns, to_time, window_message
from vla_async.nodes.motion_markers import MotionMarkers
from vla_async.types import ActionChunk, JointWindow

ROBOT = embodiment.load('astribot_s1')
HOME = np.tile(ROBOT.array('home'), (6, 1))
STEP_NS, LONG_STEP_NS = 33_000_000, 10**10


def moving(stamp_ns, step_ns=LONG_STEP_NS):
    """The base drives along x while all else rests; six points, for which a test has all the time that it wants."""
    position = HOME + np.linspace(0.0, 0.5, 6)[:, None] * np.eye(ROBOT.dof)[0]
    return JointWindow(stamp_ns, step_ns, position, 0 * HOME, 0 * HOME)


@pytest.fixture
def seen(graph):
    """Every answer of the display, by namespace."""
    return graph.hear(view_topics.MARKERS)


def newest(seen):
    return {marker.ns: marker for marker in seen[-1].markers} if seen else {}


def test_nothing_is_drawn_until_somebody_looks(graph):
    graph.add(MotionMarkers(context=graph.context))
    graph.until_diagnosed('motion_markers', 'nobody looks')
    assert 'drawing' not in graph.diagnosis('motion_markers')
    seen = graph.hear(view_topics.MARKERS)
    graph.until(lambda: seen, 'markers')
    graph.until_diagnosed('motion_markers', 'drawing')


def test_chunks_are_fans_and_fused_motion_is_a_strip_for_each_hand_and_the_base(graph, seen):
    graph.add(MotionMarkers(context=graph.context))
    chunks, windows = graph.say(topics.ACTION_CHUNK), graph.say(topics.TRAJECTORY)
    windows(window_message(moving(time.time_ns()), ROBOT.joint_names))
    graph.probe.create_timer(0.1, lambda: chunks(
        chunk_message(ActionChunk(time.time_ns(), STEP_NS, HOME), ROBOT.joint_names)))
    graph.until(lambda: {'chunk left', 'chunk right', 'fused left', 'fused right', 'base base_link', 'status'}
                == set(newest(seen)), 'all markers')
    drawn = newest(seen)
    assert {drawn[f'fused {hand}'].type for hand in ROBOT.hands} == {Marker.LINE_STRIP}
    assert {drawn[f'chunk {hand}'].type for hand in ROBOT.hands} == {Marker.LINE_LIST}
    assert len(drawn['fused left'].points) == len(drawn['fused left'].colors) == 6
    assert len(drawn['chunk left'].points) == len(drawn['chunk left'].colors)
    assert drawn['base base_link'].points[-1].x - drawn['base base_link'].points[0].x == pytest.approx(0.5)
    assert {marker.header.frame_id for marker in drawn.values()} == {'odom'}


def test_the_ghost_stands_where_the_fused_motion_ends(graph, seen):
    graph.add(MotionMarkers(context=graph.context))
    ghosts, window = graph.hear(view_topics.GHOST), moving(time.time_ns())
    graph.say(topics.TRAJECTORY)(window_message(window, ROBOT.joint_names))
    graph.until(lambda: ghosts, 'the ghost')
    assert tuple(ghosts[-1].name) == ROBOT.joint_names
    np.testing.assert_allclose(ghosts[-1].position, window.position[-1])


def test_before_there_is_a_motion_the_ghost_stands_where_the_robot_is(graph, robot, seen):
    robot.now_ns = lambda: time.time_ns() - 10**11  # of another machine
    graph.add(MotionMarkers(context=graph.context))
    ghosts = graph.hear(view_topics.GHOST)
    graph.until(lambda: ghosts, 'the ghost')
    assert tuple(ghosts[-1].name) == ROBOT.joint_names
    np.testing.assert_allclose(ghosts[-1].position, robot.position)
    assert abs(to_ns(ghosts[-1].header.stamp) - time.time_ns()) < 10**10


def test_once_the_motion_is_over_the_ghost_goes_to_the_robot_and_along_with_it(graph, robot, seen):
    graph.add(MotionMarkers(context=graph.context))
    ghosts, window = graph.hear(view_topics.GHOST), moving(time.time_ns(), step_ns=10**9)
    graph.say(topics.TRAJECTORY)(window_message(window, ROBOT.joint_names))
    graph.until(lambda: ghosts and np.allclose(ghosts[-1].position, window.position[-1]), 'the end of the motion')
    graph.until(lambda: np.allclose(ghosts[-1].position, robot.position), 'the robot')
    assert time.time_ns() > window.stamp_ns + 5 * window.step_ns
    robot.position = ROBOT.array('home') + 0.1  # by hand
    graph.until(lambda: np.allclose(ghosts[-1].position, robot.position), 'the robot where it was put')


def test_text_tells_the_ages_and_what_the_robot_does_and_why(graph, seen):
    graph.add(MotionMarkers(context=graph.context))
    graph.until(lambda: newest(seen).get('status'), 'text')
    assert newest(seen)['status'].text == (
        'lifecycle_manager says nothing\nlatent of unknown age, chunk of unknown age')
    latents, statuses = graph.say(topics.LATENT), graph.say(topics.SYSTEM_STATUS)

    def speak():
        latent = Latent()
        latent.header.stamp = to_time(time.time_ns() - 3_000_000_000)
        latents(latent)
        statuses(SystemStatus(state='holding', text='holding: no motion arrives'))

    graph.probe.create_timer(0.2, speak)
    graph.until(lambda: 'holding: no motion arrives' in newest(seen)['status'].text
                and 'latent 3.' in newest(seen)['status'].text, 'latent and status')


def test_topics_are_relative_and_stamps_are_those_of_simulated_time(graph, clock, robot):
    from rclpy.parameter import Parameter
    from visualization_msgs.msg import MarkerArray
    graph.add(MotionMarkers(context=graph.context, namespace='/left',
                            parameter_overrides=[Parameter('use_sim_time', value=True)]))
    seen = []
    graph.probe.create_subscription(MarkerArray, '/left/motion_markers', seen.append, 1)
    graph.until(lambda: seen and seen[-1].markers[-1].header.stamp.sec >= 10**6, 'markers in simulated time')
    assert '/motion_markers' not in dict(graph.probe.get_topic_names_and_types())


def test_a_chunk_for_another_robot_is_told_and_not_drawn(graph, seen):
    graph.add(MotionMarkers(context=graph.context))
    chunks = graph.say(topics.ACTION_CHUNK)
    names = ('elbow', *ROBOT.joint_names[1:])
    graph.probe.create_timer(0.1, lambda: chunks(chunk_message(ActionChunk(0, STEP_NS, HOME), names)))
    graph.until_diagnosed('motion_markers', 'elbow')
    graph.until(lambda: seen, 'an answer of the display')
    assert not any(marker.points for message in seen for marker in message.markers)
