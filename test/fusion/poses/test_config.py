"""Hands and limits come from the robot's file, in the order of the chunk's columns."""
import numpy as np
import pytest
import yaml
from hands import config

from vla_async import embodiment
from vla_async.errors import ConfigError
from vla_async.fusion.poses import AngularLimits, PoseFuserConfig
from vla_async.resources import share

DATA = yaml.safe_load((share() / 'config/robots/astribot_s1.yaml').read_text())
HAND = {'lower': [0.0, -0.5, 0.2], 'upper': [0.8, 0.5, 1.6], 'velocity': 0.6, 'acceleration': 2.0, 'jerk': 30.0,
        'angular_velocity': 2.0, 'angular_acceleration': 8.0}


def _robot(**hands: dict) -> embodiment.Embodiment:
    return embodiment.parse({**DATA, 'action': {'representation': 'poses', 'hands': hands}}, 'robot.yaml')


def test_limits_come_from_the_robot_file_hand_by_hand() -> None:
    found = PoseFuserConfig.from_embodiment(_robot(right=HAND, left={**HAND, 'angular_velocity': 1.0}))
    assert found.hands == ('right', 'left')
    assert found.translation.joint_names[2:4] == ('right_z', 'left_x')
    np.testing.assert_array_equal(found.translation.limits.position_max, [0.8, 0.5, 1.6] * 2)
    np.testing.assert_array_equal(found.angular.velocity, [2.0, 1.0])


def test_a_chunk_has_nine_columns_a_hand_and_one_a_gripper_that_the_file_lists() -> None:
    action = {'representation': 'poses', 'hands': {'right': HAND, 'left': HAND}, 'grippers': ['left_gripper']}
    columns = embodiment.parse({**DATA, 'action': action}, 'robot.yaml').chunk_columns
    assert columns[:9] == tuple(f'right_{number}' for number in ('x', 'y', 'z', 'r1', 'r2', 'r3', 'r4', 'r5', 'r6'))
    assert columns[9:] == (*(name.replace('right', 'left') for name in columns[:9]), 'left_gripper')


def test_a_robot_whose_policies_speak_joints_has_no_poses_to_fuse() -> None:
    with pytest.raises(ConfigError, match='representation is joints, not poses'):
        PoseFuserConfig.from_embodiment(embodiment.load('astribot_s1'))


def test_hands_and_limits_must_agree_in_number() -> None:
    good = config()
    with pytest.raises(ConfigError, match='1 hands but axes for 2'):
        PoseFuserConfig(('left',), good.translation, good.angular)
    with pytest.raises(ConfigError, match='2 hands but angular limits for 1'):
        PoseFuserConfig(good.hands, good.translation, AngularLimits([1.0], [1.0]))


@pytest.mark.parametrize(('action', 'culprit'), [
    ('poses', 'robot.yaml: action: representation must be one of joints, poses'),
    ({'representation': 'quaternions'}, 'representation must be one of'),
    ({'representation': 'joints', 'hands': {}}, 'unknown key hands for joints'),
    ({'representation': 'joints', 'grippers': []}, 'unknown key grippers for joints'),
    ({'representation': 'poses', 'hands': {'left': HAND}, 'grippers': 'head_1'}, 'list of different joints'),
    ({'representation': 'poses', 'hands': {'left': HAND}, 'grippers': ['left_gripper'] * 2}, 'different joints, got'),
    ({'representation': 'poses', 'hands': {'left': HAND}, 'grippers': ['head_1']}, "'head_1', which is no joint of"),
    ({'representation': 'poses', 'hands': {'left': HAND}, 'frame': 'base'}, 'unknown key frame for poses'),
    ({'representation': 'poses'}, 'hands must map each hand to its limits'),
    ({'representation': 'poses', 'hands': ['left']}, 'hands must map each hand'),
    ({'representation': 'poses', 'hands': {'third': HAND}}, "action names the unknown hand 'third'"),
    ({'representation': 'poses', 'hands': {'left': 3}}, 'hand left: limits are a mapping'),
    ({'representation': 'poses', 'hands': {'left': {**HAND, 'mass': 1.0}}}, 'hand left: unknown key mass'),
    ({'representation': 'poses', 'hands': {'left': {**HAND, 'jerk': -1.0}}}, 'hand left: jerk must be positive'),
    ({'representation': 'poses', 'hands': {'left': {**HAND, 'jerk': 'low'}}}, 'jerk must be a finite number'),
    ({'representation': 'poses', 'hands': {'left': {**HAND, 'lower': [0.0]}}}, 'lower must be a list of x, y, z'),
    ({'representation': 'poses', 'hands': {'left': {**HAND, 'upper': [0, 0, 0]}}}, 'lower must be below upper'),
])
def test_a_malformed_action_names_the_culprit(action: object, culprit: str) -> None:
    with pytest.raises(ConfigError, match=culprit):
        embodiment.parse({**DATA, 'action': action}, 'robot.yaml')
