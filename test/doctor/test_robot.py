"""A robot file that promises more than its URDF is named joint by joint, and one that does not passes."""
from __future__ import annotations

import pytest
import yaml

from vla_async import embodiment
from vla_async.cli import main
from vla_async.doctor import robot
from vla_async.doctor.check import FAIL, OK
from vla_async.resources import share


@pytest.fixture
def changed(tmp_path):
    """Path of so101's file with other numbers for some joints, and other keys."""
    def write(joints=None, **keys):
        data = yaml.safe_load((share() / 'config/robots/so101.yaml').read_text())
        for name, change in (joints or {}).items():
            data['joints'][name] |= change
        (tmp_path / 'mine.yaml').write_text(yaml.safe_dump({**data, **keys}, sort_keys=False))
        return str(tmp_path / 'mine.yaml')
    return write


@pytest.mark.parametrize('name', embodiment.available())
def test_robots_of_the_suite_are_within_their_urdfs(name):
    assert {check.ask().level for check in robot.checks(name)} == {OK}


@pytest.mark.parametrize(('change', 'ask', 'fault'), [
    ({'lower': -1.8}, robot.positions, 'shoulder_lift may go to -1.8, in the URDF to -1.7'),
    ({'upper': 1.75}, robot.positions, 'shoulder_lift may go to 1.75, in the URDF to 1.7'),
    ({'velocity': 3.0}, robot.velocities, 'shoulder_lift may be as fast as 3, in the URDF 2.5'),
    ({'kind': 'prismatic'}, robot.joints, 'shoulder_lift is prismatic in the robot file and revolute in the URDF'),
])
def test_what_a_joint_may_beyond_the_urdf_is_named(changed, change, ask, fault):
    finding = ask(embodiment.load(changed({'shoulder_lift': change})))
    assert (finding.level, finding.what) == (FAIL, fault)
    assert 'robot file' in finding.cure


def test_a_joint_may_less_than_the_urdf_and_as_much_but_for_rounding(changed):
    narrow = embodiment.load(changed({'shoulder_lift': {'lower': -1.0, 'upper': 1.70005, 'velocity': 0.2}}))
    assert robot.positions(narrow).level == robot.velocities(narrow).level == OK


@pytest.mark.parametrize(('element', 'fault'), [
    ('', 'is missing'), ('<joint name="shoulder_lift" type="fixed"/>', 'is fixed'),
    ('<joint name="shoulder_lift" type="revolute"><mimic joint="x"/></joint>', 'follows another joint'),
])
def test_a_joint_that_does_not_move_by_itself_is_named(tmp_path, changed, element, fault):
    others = ''.join(f'<joint name="{name}" type="revolute"/>' for name in embodiment.load('so101').joint_names
                     if name != 'shoulder_lift')
    (tmp_path / 'mine.urdf').write_text(f'<robot name="mine">{others}{element}</robot>')
    finding = robot.joints(embodiment.load(changed(urdf=str(tmp_path / 'mine.urdf'))))
    assert (finding.level, finding.what) == (FAIL, f'shoulder_lift {fault}')


def test_a_limit_that_the_urdf_does_not_give_is_zero_for_positions_and_none_for_velocities(tmp_path, changed):
    joints = ''.join(f'<joint name="{name}" type="{"revolute" if name == "shoulder_lift" else "continuous"}"/>'
                     for name in embodiment.load('so101').joint_names)
    (tmp_path / 'mine.urdf').write_text(f'<robot name="mine">{joints}</robot>')
    mine = embodiment.load(changed(urdf=str(tmp_path / 'mine.urdf')))
    assert robot.positions(mine).what == ('shoulder_lift may go to -1.7, in the URDF to 0; '
                                          'shoulder_lift may go to 1.7, in the URDF to 0')
    assert robot.velocities(mine).level == OK


def test_a_hand_that_is_out_of_its_workspace_at_home_is_named(changed):
    finding = robot.workspace(embodiment.load(changed(
        workspace={'arm': {'lower': [-0.2, -0.4, 0.0], 'upper': [0.1, 0.4, 0.5]}})))
    assert finding.level == FAIL
    assert finding.what.startswith('at home the arm hand is')


def test_links_that_nobody_looks_at_since_they_touch_at_home_are_named_unless_the_file_ignores_them(changed):
    folded = {'elbow_flex': {'home': 1.6}, 'wrist_flex': {'home': 1.6}}
    finding = robot.body(embodiment.load(changed(folded)))
    assert finding.level == FAIL
    assert 'shoulder and wrist' in finding.what
    near = [['base_link', link] for link in ('wrist', 'palm', 'jaw')]
    near += [['shoulder', link] for link in ('forearm', 'wrist')]
    meant = changed(folded, collision={'margin': 0.01, 'ignore': near})
    assert robot.body(embodiment.load(meant)).level == OK


def test_the_command_names_what_is_wrong_with_status_one(changed, capsys):
    assert main(['doctor', '--robot', changed({'gripper': {'velocity': 90.0}})]) == 1
    assert 'gripper may be as fast as 90' in capsys.readouterr().out.replace('\n', ' ')


def test_an_unknown_robot_is_an_error_that_lists_the_known_ones(capsys):
    assert main(['doctor', '--robot', 'r2d2']) == 1
    assert 'so101' in capsys.readouterr().err
