"""What rviz draws, for each robot in its own frame and size."""
import numpy as np
import pytest

from vla_async import embodiment
from vla_async.nodes.conversions import to_ns
from vla_async.nodes.markers import Markers
from vla_async.viz.forward_kinematics import ForwardKinematics
from vla_async.viz.paths import Line

NOW_NS = 10**18


def drawn(name, lines=(), text='following'):
    robot = embodiment.load(name)
    return Markers(ForwardKinematics(robot), robot.array('home')).drawn(lines, text, NOW_NS).markers


def line(kind):
    return Line(kind, 'arm', np.zeros((2, 3)), np.ones((2, 4)))


@pytest.mark.parametrize(('name', 'root'), [('astribot_s1', 'odom'), ('so101', 'world')])
def test_all_is_drawn_in_the_root_frame_of_the_robot(name, root):
    markers = drawn(name, [line('chunk'), line('fused')])
    assert [(m.ns, m.header.frame_id, to_ns(m.header.stamp)) for m in markers] == [
        (ns, root, NOW_NS) for ns in ('chunk arm', 'fused arm', 'status')]


def test_lines_and_text_of_a_small_robot_are_small():
    large, small = (drawn(name, [line('chunk'), line('fused')]) for name in ('astribot_s1', 'so101'))
    ratios = [few.scale.x / many.scale.x for few, many in zip(small, large, strict=True)]
    assert ratios == pytest.approx([0.42] * 3, abs=0.01)
    assert large[1].scale.x == pytest.approx(0.01, abs=0.001)  # [m]


@pytest.mark.parametrize(('name', 'highest'), [('astribot_s1', 1.41), ('so101', 0.36)])
def test_text_stands_above_the_robot(name, highest):
    (text,) = drawn(name)
    assert highest < text.pose.position.z < 1.6 * highest


def test_long_lines_are_broken_and_spaces_have_a_width_as_rviz_needs():
    (marker,) = drawn('astribot_s1', text='holding: ' + 'a reason ' * 12 + '\nlatent 0.3 s old')
    *broken, last = marker.text.splitlines()
    assert len(broken) > 1 and max(map(len, broken)) <= 48
    assert last == 'latent 0.3 s old'
    assert 0.0 < marker.scale.x < marker.scale.z
