import time

import numpy as np
import yaml
from visualization_msgs.msg import MarkerArray

from vla_async import embodiment
from vla_async.nodes import topics
from vla_async.nodes.conversions import chunk_message, window_message
from vla_async.nodes.motion_markers import TOPIC, MotionMarkers
from vla_async.resources import share
from vla_async.types import ActionChunk, JointWindow

ROBOT = embodiment.load('astribot_s1')
HOME = np.tile(ROBOT.array('home'), (6, 1))


def test_chunks_and_fused_motion_become_lines_once_somebody_looks(graph):
    graph.add(MotionMarkers(context=graph.context))
    chunks, windows, seen = graph.say(topics.ACTION_CHUNK), graph.say(topics.TRAJECTORY), []
    graph.until_diagnosed('motion_markers', 'nobody looks')
    graph.probe.create_subscription(MarkerArray, TOPIC, seen.append, 1)
    now_ns = time.time_ns()
    chunks(chunk_message(ActionChunk(now_ns, 33_000_000, HOME), ROBOT.joint_names))
    windows(window_message(JointWindow(now_ns, 20_000_000, HOME, 0 * HOME, 0 * HOME), ROBOT.joint_names))
    graph.until(lambda: seen and len(seen[-1].markers) == 4, 'two kinds of lines for two hands')
    assert {marker.ns for marker in seen[-1].markers} == {
        'chunk left', 'chunk right', 'fused left', 'fused right'}
    assert all(len(marker.points) == 6 for marker in seen[-1].markers)
    assert len({marker.id for marker in seen[-1].markers}) == 4


def test_a_chunk_for_another_robot_is_told_and_not_drawn(graph):
    graph.add(MotionMarkers(context=graph.context))
    seen = []
    graph.probe.create_subscription(MarkerArray, TOPIC, seen.append, 1)
    chunks = graph.say(topics.ACTION_CHUNK)
    names = ('elbow', *ROBOT.joint_names[1:])
    graph.probe.create_timer(0.1, lambda: chunks(chunk_message(ActionChunk(0, 33_000_000, HOME), names)))
    graph.until_diagnosed('motion_markers', 'elbow')
    graph.until(lambda: seen, 'an answer of the display')
    assert not any(message.markers for message in seen)


def test_rviz_shows_what_is_published_with_displays_that_exist():
    rviz = yaml.safe_load((share() / 'config/rviz/vla_async.rviz').read_text())['Visualization Manager']
    displays = {display['Name']: display for display in rviz['Displays']}
    assert displays['Motion']['Topic']['Value'] == TOPIC
    assert displays['Head camera']['Topic']['Value'] == ROBOT.cameras[0].topic
    assert rviz['Global Options']['Fixed Frame'] == 'odom'
    assert {display['Class'] for display in rviz['Displays']} <= {
        f'rviz_default_plugins/{kind}' for kind in ('Grid', 'RobotModel', 'MarkerArray', 'Image')}
