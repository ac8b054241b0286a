"""A fused motion begins where the robot is held or measured, and never anew while it is followed."""
import numpy as np
import pytest

from vla_async.bridge.anchoring import SetPoint, find_anchor
from vla_async.joint_order import JointReading

NOW = 10**18
S = 1_000_000_000
HELD, ELSEWHERE = np.array([1.0, 2.0]), np.array([1.0, 2.5])


def set_point(state='holding', age_s=0.0, position=HELD):
    return SetPoint(NOW - round(age_s * S), state, position)


def anchor(fused=None, bridge=None, measured=None):
    return find_anchor(fused, bridge, measured, NOW, tolerance=0.02)


def test_a_new_motion_begins_where_the_bridge_holds_the_robot():
    np.testing.assert_array_equal(anchor(bridge=set_point()).position, HELD)


def test_without_a_bridge_it_begins_where_the_robot_was_measured():
    measured = JointReading(NOW, ELSEWHERE, np.zeros(2))
    np.testing.assert_array_equal(anchor(bridge=set_point(age_s=5.0), measured=measured).position, ELSEWHERE)


def test_what_was_stamped_before_the_clock_was_set_back_does_not_count():
    measured = JointReading(NOW, ELSEWHERE, np.zeros(2))
    np.testing.assert_array_equal(anchor(bridge=set_point('following', -10.0), measured=measured).position, ELSEWHERE)
    assert 'neither' in anchor(measured=JointReading(NOW + S, HELD, np.zeros(2))).reason


def test_with_neither_it_cannot_begin():
    assert 'neither' in anchor().reason
    assert 'neither' in anchor(measured=JointReading(NOW - S, HELD, np.zeros(2))).reason


def test_a_motion_that_is_followed_is_left_alone():
    assert anchor(fused=ELSEWHERE, bridge=set_point('following')) == anchor(fused=HELD, bridge=set_point())


def test_a_new_motion_waits_until_an_earlier_one_has_ended():
    assert 'earlier motion' in anchor(bridge=set_point('following')).reason


@pytest.mark.parametrize('state', ['holding', 'stopping', 'stopped'])
def test_a_robot_that_did_not_follow_makes_it_begin_anew(state):
    np.testing.assert_array_equal(anchor(fused=ELSEWHERE, bridge=set_point(state)).position, HELD)
