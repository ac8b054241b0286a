"""A joint that pushes with all its force for a while is named; a short push and an unknown effort are not."""
import numpy as np
import pytest

from vla_async import embodiment, urdf
from vla_async.bridge.saturation import SaturationWatch
from vla_async.joint_order import JointReading

MS = 1_000_000
T0 = 10**18
LIMITS = np.array([20.0, np.inf])
STILL = np.zeros(2)


def watched(efforts, step_ms=10):
    watch = SaturationWatch(('elbow', 'base'), LIMITS)
    for i, effort in enumerate(efforts):
        force = None if effort is None else np.array([effort, 1e6])
        watch.observe(JointReading(T0 + i * step_ms * MS, STILL, STILL, force))
    return watch.fault()


def test_a_joint_that_pushes_for_long_is_named():
    assert watched([1.0] + [-20.0] * 60) == 'elbow gives all its force (20) for 0.6 s'


@pytest.mark.parametrize('efforts', [[1.0] + [20.0] * 40, [20.0] * 60 + [3.0], [None] * 100, [np.nan] * 100,
                                     [19.0] * 100])
def test_what_is_short_or_over_or_unknown_or_less_is_not(efforts):
    assert watched(efforts) == ''


def test_a_clock_that_is_set_back_makes_no_long_push():
    watch = SaturationWatch(('elbow', 'base'), LIMITS)
    for stamp_ns in (T0, T0 + 100 * MS, T0 - 10**10, T0 - 10**10 + 100 * MS):
        watch.observe(JointReading(stamp_ns, STILL, STILL, np.array([20.0, 0.0])))
    assert watch.fault() == ''


def test_the_limits_are_those_of_the_urdf():
    limits = urdf.effort_limits(embodiment.load('so101'))
    assert np.isfinite(limits).all()
    assert (limits > 0).all()
