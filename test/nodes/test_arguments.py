"""Names that a process' arguments tell, as launch files write them."""
import sys

import pytest

from vla_async.nodes.arguments import full_name, remapped, remaps
from vla_async.nodes.membership import quiet_node
from vla_async.nodes.parameters import RobotParameters, foretold

LAUNCHED = ['keep', '--ros-args', '--log-level', 'info', '--enclave', '/vla_async/motion', '--ros-args', '-r',
            '__node:=hardware_bridge', '-r', '__ns:=/left', '-r', 'arm/commands:=aside/commands', '-p', 'robot:=so101']


def test_rules_are_told_from_parameters():
    assert remaps(LAUNCHED) == ['__node:=hardware_bridge', '__ns:=/left', 'arm/commands:=aside/commands']
    assert (remapped(LAUNCHED, '__ns'), remapped(LAUNCHED, 'other')) == ('/left', '')


@pytest.mark.parametrize(('arguments', 'name'), [
    (LAUNCHED, '/left/hardware_bridge'), (['--remap', '__node:=a'], '/a'),
    (['-r', '__node:=a', '-r', '__ns:=/'], '/a')])
def test_a_name_has_its_namespace(arguments, name):
    assert full_name(arguments) == name


def test_what_a_file_says_of_the_node_in_its_namespace_is_known(tmp_path):
    everybody, own = tmp_path / 'everybody.yaml', tmp_path / 'own.yaml'
    everybody.write_text('hardware_bridge:\n  ros__parameters: {robot: astribot_s1}\n')  # of none in a namespace
    own.write_text('/left/hardware_bridge:\n  ros__parameters: {robot: so101}\n')
    files = ['--params-file', str(everybody), '--params-file', str(own)]
    assert foretold([*LAUNCHED[:-2], *files], RobotParameters) == RobotParameters('so101')


def test_what_is_said_last_counts_in_a_file_or_alone(tmp_path):
    own = tmp_path / 'own.yaml'
    own.write_text('/left/hardware_bridge:\n  ros__parameters: {robot: astribot_s1_ros2_control}\n')
    assert foretold(LAUNCHED, RobotParameters) == RobotParameters('so101')
    assert foretold([*LAUNCHED, '--params-file', str(own)], RobotParameters).robot == 'astribot_s1_ros2_control'
    assert foretold([*LAUNCHED[:-2], '--params-file', str(own), *LAUNCHED[-2:]], RobotParameters).robot == 'so101'


def test_who_stands_by_speaks_and_hears_where_its_node_would(graph, monkeypatch):
    monkeypatch.setattr(sys, 'argv', LAUNCHED)
    node = quiet_node('_place', context=graph.context)
    try:
        assert node.get_fully_qualified_name() == '/left/_place'
        assert node.resolve_topic_name('joint_set_point') == '/left/joint_set_point'
        assert node.resolve_topic_name('arm/commands') == '/left/aside/commands'
    finally:
        node.destroy_node()
