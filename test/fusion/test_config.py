"""Limits and settings are checked where they are made, and the error names what is wrong."""
import numpy as np
import pytest

from vla_async.embodiment import load
from vla_async.errors import ConfigError
from vla_async.fusion import FuserConfig, FuserSettings, JointLimits

ONE = np.ones(2)


def test_limits_come_from_the_robot_file_in_its_order() -> None:
    robot = load('astribot_s1')
    limits = JointLimits.from_embodiment(robot)
    np.testing.assert_array_equal(limits.velocity, robot.array('velocity'))
    np.testing.assert_array_equal(limits.jerk, robot.array('jerk'))
    assert FuserConfig.from_embodiment(robot).joint_kinds[14] == 'gripper'


@pytest.mark.parametrize(('arrays', 'culprit'), [
    ((ONE, ONE, ONE, ONE), 'position_min must be below'),
    ((-ONE, ONE, -ONE, ONE), 'velocity must be positive'),
    ((-ONE, ONE, ONE, 0 * ONE), 'acceleration must be positive'),
    ((-ONE, ONE, ONE, ONE, np.nan * ONE), 'jerk contains NaN'),
    ((-ONE, ONE, np.ones(3), ONE), 'velocity must have one number per joint'),
    ((-ONE, ONE, ONE * np.inf, ONE), 'velocity must be positive and finite'),
    ((-ONE, ['a', 'b'], ONE, ONE), 'position_max must be an array of numbers'),
])
def test_wrong_limits_are_named(arrays: tuple, culprit: str) -> None:
    with pytest.raises(ConfigError, match=culprit):
        JointLimits(*arrays)


@pytest.mark.parametrize(('settings', 'culprit'), [
    ({'joint_names': ('a',)}, '1 joint names but limits for 2'),
    ({'joint_names': ('a', 'a')}, 'all different'),
    ({'joint_kinds': ('revolute', 'wheel')}, "unknown joint kind 'wheel'"),
    ({'knot_s': 0.0}, 'knot_s must lie between'),
    ({'smoothing_hz': float('nan')}, 'smoothing_hz must lie between'),
    ({'transition_min_s': 1.7}, 'transition_min_s must not exceed'),
    ({'small_change': 0.2}, 'small_change < real_change'),
    ({'horizon_s': 1.0}, 'horizon_s must be at least'),
])
def test_wrong_settings_are_named(settings: dict, culprit: str) -> None:
    with pytest.raises(ConfigError, match=culprit):
        FuserConfig(**{'joint_names': ('a', 'b'), 'limits': JointLimits(-ONE, ONE, ONE, ONE), **settings})


def test_a_robot_is_given_settings_or_the_defaults() -> None:
    robot = load('so101')
    assert FuserConfig.from_embodiment(robot).smoothing_hz == FuserSettings().smoothing_hz
    assert FuserConfig.from_embodiment(robot, FuserSettings(smoothing_hz=2.0)).smoothing_hz == 2.0
