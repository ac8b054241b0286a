"""A robot file is read whole or refused with the name of the culprit."""
import copy

import numpy as np
import pytest
import yaml

from vla_async import embodiment
from vla_async.errors import ConfigError
from vla_async.resources import share

DATA = yaml.safe_load((share() / 'config/robots/astribot_s1.yaml').read_text())


def changed(path, value):
    """The Astribot's data with one entry replaced (or removed, for None)."""
    data = copy.deepcopy(DATA)
    *way, last = path
    place = data
    for key in way:
        place = place[key]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return data


def test_astribot_has_25_joints_in_sdk_order():
    robot = embodiment.load('astribot_s1')
    assert robot.dof == 25
    assert robot.joint_names[:3] == ('base_x', 'base_y', 'base_yaw')
    assert robot.joint_names[14] == 'left_gripper'
    assert robot.joint_names[23:] == ('head_1', 'head_2')


@pytest.mark.parametrize('name', embodiment.available())
def test_every_robot_file_loads_and_its_groups_cover_every_joint_once(name):
    robot = embodiment.load(name)
    assert sorted(n for names in robot.groups.values() for n in names) == sorted(robot.joint_names)


def test_arrays_follow_the_joint_order():
    robot = embodiment.load('astribot_s1')
    lower, upper = robot.array('lower'), robot.array('upper')
    assert lower.shape == (25,) and np.all(lower < upper)
    assert lower[robot.indices(('torso_2',))[0]] == DATA['joints']['torso_2']['lower']


def test_an_unknown_robot_lists_the_valid_ones():
    with pytest.raises(ConfigError, match=r"unknown robot 'r2d2'; valid: astribot_s1"):
        embodiment.load('r2d2')


@pytest.mark.parametrize('path, value, culprit', [
    (('joints', 'torso_1', 'velocity'), -1.0, 'torso_1: velocity must be positive'),
    (('joints', 'torso_1', 'lower'), float('nan'), 'torso_1: lower must be a finite number'),
    (('joints', 'torso_1', 'upper'), None, 'torso_1: upper must be a finite number'),
    (('joints', 'torso_1', 'velocity'), None, 'torso_1: velocity must be a finite number'),
    (('joints', 'torso_1', 'upper'), 'wide', 'torso_1: upper must be a finite number'),
    (('joints', 'torso_1', 'kind'), 'ball', 'torso_1: kind must be one of'),
    (('joints', 'torso_1', 'speed'), 3.0, 'torso_1: unknown key speed'),
    (('joints', 'torso_1', 'home'), 9.0, 'torso_1: home must lie between'),
    (('rates',), None, "key 'rates' is missing"),
    (('rates', 'chunk_hz'), None, 'rates: chunk_hz must be a finite number, got None'),
    (('rates',), [30], 'rates is a mapping with chunk_hz, trajectory_hz'),
    (('rates', 'comand_hz'), 100, 'rates: unknown key comand_hz'),
    (('workspaces',), {}, 'robot.yaml: unknown key workspaces'),
    (('cameras', 'head'), 'topic', 'camera head is a mapping with topic, width'),
    (('cameras', 'head', 'topic'), '', 'camera head is a mapping with topic, width'),
    (('cameras', 'head', 'width'), 224.5, 'camera head: width must be a whole number of pixels'),
    (('cameras', 'head', 'fps'), 30, 'camera head: unknown key fps'),
    (('joints', 'torso_1', 'velocity'), 10**400, 'torso_1: velocity has too many digits'),
    (('groups', 'head'), ['head_3'], "group head names the unknown joint 'head_3'"),
    (('outputs', 'whole_body_controller', 'joints'), ['head_1'], 'every joint belongs to exactly one output'),
    (('outputs', 'whole_body_controller', 'kind'), 'magic', 'kind must be one of'),
])
def test_a_malformed_robot_file_names_the_culprit(path, value, culprit):
    with pytest.raises(ConfigError, match=culprit):
        embodiment.parse(changed(path, value), 'robot.yaml')


@pytest.mark.parametrize('number', [0, -1, float('nan'), float('inf'), '2', True, 10**6])
@pytest.mark.parametrize('path', [
    *(('rates', key) for key in DATA['rates']), *(('cameras', 'head', key) for key in ('width', 'height', 'rate_hz')),
    ('collision', 'margin')])
def test_a_number_that_is_none_or_absurd_is_refused_by_name(path, number):
    with pytest.raises(ConfigError, match=f'{path[-1]} must'):
        embodiment.parse(changed(path, number), 'robot.yaml')


def test_a_key_that_is_given_twice_is_named(tmp_path):
    twice = tmp_path / 'twice.yaml'
    twice.write_text('like: so101\ncollision: {margin: 0.01, ignore: [], margin: 0.02}\n')
    with pytest.raises(ConfigError, match=r'twice.yaml: .* margin is given twice\s+in .*line 2, column 39'):
        embodiment.load(str(twice))


def test_what_is_merged_into_a_mapping_may_have_its_keys(tmp_path):
    merged = tmp_path / 'merged.yaml'
    merged.write_text('like: so101\nrates: &all\n  <<: &slow {chunk_hz: 10, trajectory_hz: 50, command_hz: 50}\n'
                      '  command_hz: 100\n  joint_state_hz: 100\n')
    assert embodiment.load(str(merged)).rates == embodiment.Rates(10, 50, 100, 100)


@pytest.mark.parametrize('kind', embodiment.UNBOUNDED_KINDS)
def test_a_joint_without_end_gives_no_position_limits(kind):
    entry = {'kind': kind, 'velocity': 0.8, 'acceleration': 1.5, 'jerk': 15.0, 'home': 0.0}
    robot = embodiment.parse(changed(('joints', 'base_yaw'), entry), 'robot.yaml')
    assert robot.joints[robot.joint_names.index('base_yaw')].upper == float('inf')
    with pytest.raises(ConfigError, match='base_yaw: unknown key upper'):
        embodiment.parse(changed(('joints', 'base_yaw'), {**entry, 'upper': 3.0}), 'robot.yaml')


def test_a_file_that_is_not_yaml_is_a_config_error(tmp_path):
    broken = tmp_path / 'broken.yaml'
    broken.write_text('name: [')
    with pytest.raises(ConfigError, match='broken.yaml'):
        embodiment.load(str(broken))


def test_a_file_like_another_gives_only_what_differs(tmp_path):
    variant = tmp_path / 'variant.yaml'
    variant.write_text('like: so101\nrates: {chunk_hz: 10, trajectory_hz: 50, command_hz: 100, joint_state_hz: 100}\n')
    one, other = embodiment.load('so101'), embodiment.load(str(variant))
    assert (other.name, other.joints, other.outputs) == (one.name, one.joints, one.outputs)
    assert (one.rates.chunk_hz, other.rates.chunk_hz) == (30, 10)


@pytest.mark.parametrize('like, culprit', [
    ('r2d2', "unknown robot 'r2d2'"), ('missing.yaml', 'variant.yaml: cannot be read'),
    ('astribot_s1_ros2_control', 'variant.yaml: like must name a whole robot file')])
def test_a_file_like_none_is_refused(tmp_path, like, culprit):
    variant = tmp_path / 'variant.yaml'
    variant.write_text(f'like: {like}\n')
    with pytest.raises(ConfigError, match=culprit):
        embodiment.load(str(variant))


def test_the_astribot_behind_stock_controllers_is_the_same_robot():
    one, other = embodiment.load('astribot_s1'), embodiment.load('astribot_s1_ros2_control')
    assert (other.name, other.joint_names) == (one.name, one.joint_names)
    assert {output.kind for output in other.outputs} == {'twist', 'joint_trajectory', 'gripper'}
