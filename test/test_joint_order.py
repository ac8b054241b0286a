"""Joint states are put into the embodiment's order; what is missing or not finite is named."""
import numpy as np
import pytest

from vla_async.errors import DataError
from vla_async.joint_order import JointOrder

NAMES = ('shoulder', 'elbow', 'wrist')


def test_any_order_of_the_sender_is_understood():
    reading = JointOrder(NAMES).arrange(5, ('wrist', 'shoulder', 'elbow'), np.array([3.0, 1.0, 2.0]),
                                        np.array([30.0, 10.0, 20.0]))
    assert reading.stamp_ns == 5
    np.testing.assert_array_equal(reading.position, [1, 2, 3])
    np.testing.assert_array_equal(reading.velocity, [10, 20, 30])


def test_velocity_may_be_left_out():
    np.testing.assert_array_equal(JointOrder(NAMES).arrange(0, NAMES, np.ones(3), np.empty(0)).velocity, 0)


def test_efforts_are_known_only_where_they_are_told():
    order, still = JointOrder(NAMES), np.zeros(3)
    told = order.arrange(0, NAMES[::-1], still, still, np.array([3.0, 2.0, 1.0]))
    np.testing.assert_array_equal(told.effort, [1, 2, 3])
    assert order.arrange(0, NAMES, still, still).effort is None


def test_unknown_joints_are_ignored_and_told():
    order = JointOrder(NAMES)
    reading = order.arrange(0, ('tail', *NAMES), np.array([9.0, 1.0, 2.0, 3.0]), np.empty(0))
    np.testing.assert_array_equal(reading.position, [1, 2, 3])
    assert order.unknown == ('tail',)


def test_missing_joints_are_named():
    with pytest.raises(DataError, match='lacks elbow, wrist'):
        JointOrder(NAMES).arrange(0, ('shoulder',), np.ones(1), np.empty(0))


@pytest.mark.parametrize('value', [np.nan, np.inf])
def test_what_is_not_finite_is_named(value):
    with pytest.raises(DataError, match='not finite: elbow'):
        JointOrder(NAMES).arrange(0, NAMES, np.array([0.0, value, 0.0]), np.zeros(3))


def test_numbers_must_fit_the_names():
    with pytest.raises(DataError, match='3 names, 2 positions'):
        JointOrder(NAMES).arrange(0, NAMES, np.zeros(2), np.empty(0))


def test_an_empty_joint_state_lacks_them_all_also_when_it_is_the_first():
    with pytest.raises(DataError, match='lacks'):
        JointOrder(('a', 'b')).arrange(0, (), np.empty(0), np.empty(0))
