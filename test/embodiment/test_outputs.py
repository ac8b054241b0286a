"""Outputs of a robot file: what each kind must say, and which joints it can drive."""
import copy

import pytest
from small_robot import JOINTS, OUTPUTS, driven, robot_data

from vla_async.embodiment import GripperOutput, TwistOutput, VelocityOutput, parse
from vla_async.errors import ConfigError

ARM = ['arm_1', 'arm_2']
PLAIN = {'topic': 'arm/commands', 'joints': ARM}


def parsed(name=None, **changes):
    """Outputs by name, with entries of one of them replaced, or removed (None)."""
    outputs = copy.deepcopy(OUTPUTS)
    for key, value in changes.items():
        outputs[name][key] = value
        if value is None:
            del outputs[name][key]
    return {output.name: output for output in parse(robot_data(outputs=outputs), 'small.yaml').outputs}


def test_outputs_of_every_kind_are_read_with_their_own_keys():
    outputs = parsed()
    assert outputs['arm'] == VelocityOutput('arm', 'forward_velocity', 'arm/commands', ('arm_1', 'arm_2'), gain=2.0)
    assert outputs['base'] == TwistOutput('base', 'twist', 'base/cmd_vel', ('x', 'y', 'yaw'), frame='world', linear=0.6,
                                          angular=1.5, gain=2.0)
    assert outputs['hand'] == GripperOutput('hand', 'gripper', 'hand/commands', ('finger',), hysteresis=0.2, hold_s=0.3)


def test_a_trajectory_says_how_long_its_messages_take():
    outputs = {**OUTPUTS, 'arm': {**PLAIN, 'kind': 'joint_trajectory', 'latency_s': 0.1}}
    assert parse(robot_data(outputs=outputs), 'small.yaml').outputs[1].latency_s == 0.1
    del outputs['arm']['latency_s']
    with pytest.raises(ConfigError, match='small.yaml: output arm: latency_s must be a finite number, got None'):
        parse(robot_data(outputs=outputs), 'small.yaml')


@pytest.mark.parametrize('latency_s', [0, 1e-9, 5])
def test_a_latency_that_cannot_be_is_refused(latency_s):
    outputs = {**OUTPUTS, 'arm': {**PLAIN, 'kind': 'joint_trajectory', 'latency_s': latency_s}}
    with pytest.raises(ConfigError, match='output arm: latency_s must lie between 0.001 and 1'):
        parse(robot_data(outputs=outputs), 'small.yaml')


def test_a_plain_kind_says_topic_and_joints_only():
    outputs = {**OUTPUTS, 'arm': {**PLAIN, 'kind': 'forward_position'}}
    assert parse(robot_data(outputs=outputs), 'small.yaml').outputs[1].kind == 'forward_position'
    outputs['arm']['gain'] = 2.0
    with pytest.raises(ConfigError, match='small.yaml: output arm: unknown key gain'):
        parse(robot_data(outputs=outputs), 'small.yaml')


@pytest.mark.parametrize('name, key, value, culprit', [
    ('arm', 'kind', 'magic', 'output arm: kind must be one of forward_position, forward_velocity, joint_trajectory'),
    ('arm', 'topic', None, 'output arm: topic must be the name of a topic'),
    ('arm', 'topic', '', 'output arm: topic must be'),
    ('arm', 'joints', None, 'output arm: joints must be a list'),
    ('arm', 'joints', 'arm_1', 'output arm: joints must be a list'),
    ('arm', 'joints', ['arm_1', 'arm_7'], "output arm names the unknown joint 'arm_7'"),
    ('arm', 'joints', ['arm_1'], 'every joint belongs to exactly one output; see arm_2'),
    ('arm', 'topic', 'base/cmd_vel', 'output arm: topic base/cmd_vel has an output already'),
    ('arm', 'gain', None, 'output arm: gain must be a finite number, got None'),
    ('arm', 'gain', 0, 'output arm: gain must lie between 0.01 and 10, got 0'),
    ('arm', 'gain', 1000, 'output arm: gain must lie between 0.01 and 10, got 1000'),
    ('base', 'gain', 11, 'output base: gain must lie between'),
    ('arm', 'gian', 1.0, 'output arm: unknown key gian'),
    ('base', 'frame', None, 'output base: frame must be one of world, body, got None'),
    ('base', 'linear', -0.5, 'output base: linear must be positive'),
    ('base', 'angular', float('inf'), 'output base: angular must be a finite number'),
    ('base', 'hold_s', 1.0, 'output base: unknown key hold_s'),
    ('base', 'frame', 'body', 'output base: unknown key gain'),
    ('hand', 'hysteresis', 1.5, 'output hand: hysteresis must lie between 0 and 1'),
    ('hand', 'hold_s', -0.1, 'output hand: hold_s must lie between 0 and 60, got -0.1'),
    ('hand', 'hold_s', 1e300, 'output hand: hold_s must lie between'),
])
def test_a_malformed_output_names_file_output_and_key(name, key, value, culprit):
    with pytest.raises(ConfigError, match=f'^small.yaml: .*{culprit}'):
        parsed(name, **{key: value})


def test_a_base_needs_three_joints_of_the_kinds_that_its_frame_speaks_of():
    body = {key: value for key, value in OUTPUTS['base'].items() if key != 'gain'} | {'frame': 'body'}
    with pytest.raises(ConfigError, match='output base: joints of a twist in the frame body must be of kind velocity'):
        parse(robot_data(outputs={**OUTPUTS, 'base': body}), 'small.yaml')
    assert parse(robot_data(driven(JOINTS), {**OUTPUTS, 'base': body}), 'small.yaml').outputs[0].frame == 'body'
    with pytest.raises(ConfigError, match='output base: joints of a twist in the frame world must be of'):
        parse(robot_data(driven(JOINTS)), 'small.yaml')
    short = {**OUTPUTS, 'base': {**OUTPUTS['base'], 'joints': ['x', 'y']},
             'arm': {**OUTPUTS['arm'], 'joints': ['yaw', *ARM]}}
    with pytest.raises(ConfigError, match='output base: joints must be x, y and yaw of the base, got 2'):
        parse(robot_data(outputs=short), 'small.yaml')


def test_only_grippers_are_opened_and_closed():
    joints = {**JOINTS, 'finger': {**JOINTS['finger'], 'kind': 'revolute'}}
    with pytest.raises(ConfigError, match='output hand: its joints must be of kind gripper'):
        parse(robot_data(joints), 'small.yaml')
