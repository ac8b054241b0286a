import importlib
import os
import re
from pathlib import Path
from xml.dom.minidom import parseString

import pytest
import yaml

from vla_async import embodiment, graph
from vla_async.launcher.transport import PROFILE, transport
from vla_async.nodes import view_topics
from vla_async.resources import share

FILES = {
    'bringup.launch.py': (*graph.RECORDING, *graph.PIPELINE, *graph.SUPERVISION),
    'sim.launch.py': graph.SIMULATION,
    'view.launch.py': graph.VIEW,
    'replay.launch.py': (*graph.PIPELINE, graph.SUPERVISION[0]),
}


def substitutions(value):
    """Names of all launch configurations inside a parameter, argument or namespace."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return {name for entry in value for name in substitutions(entry)}
    return {value.name} if type(value).__name__ == 'LaunchConfiguration' else set()


def run_by(node):
    """The node's own executable, where the launch file keeps it, too."""
    return node.arguments[0] if node.executable == 'keep' else node.executable


@pytest.mark.parametrize('name', FILES)
def test_a_launch_file_starts_the_nodes_of_the_table_in_its_order(launch, name):
    own = [node for node in launch(name).nodes.values() if node.package == 'vla_async']
    assert [(node.name, run_by(node)) for node in own] == [(spec.name, spec.executable) for spec in FILES[name]]


@pytest.mark.parametrize('name', FILES)
def test_whatever_a_node_is_told_is_a_declared_argument(launch, name):
    described = launch(name)
    for node in described.nodes.values():
        asked = getattr(node.condition, 'predicate', None)
        asked = getattr(asked, 'left', asked)
        used = substitutions([node.parameters, node.arguments, node.namespace, asked])
        assert used <= set(described.arguments), node.name


@pytest.mark.parametrize('name', FILES)
def test_every_argument_is_described(launch, name):
    assert all(argument.description for argument in launch(name).arguments.values())


@pytest.mark.parametrize('name', FILES)
def test_a_node_is_told_only_parameters_that_it_declares(launch, name):
    for node in launch(name).nodes.values():
        if node.package != 'vla_async':
            continue
        declared = set(importlib.import_module(f'vla_async.nodes.{run_by(node)}').Parameters.__dataclass_fields__)
        told = {key for entry in node.parameters if isinstance(entry, dict) for key in entry}
        assert told <= declared | {'use_sim_time'}, node.name


@pytest.mark.parametrize('name', FILES)
def test_a_node_shares_memory_only_where_it_reads_pictures(launch, name, monkeypatch):
    monkeypatch.delenv(PROFILE, raising=False)
    nodes = launch(name).nodes
    for spec in FILES[name]:
        assert nodes[spec.name].additional_env == transport(os.environ, pictures=spec.pictures), spec.name


def test_the_simulation_includes_the_bringup_and_files_that_are_named_exist(launch):
    described = launch('sim.launch.py')
    assert [Path(path).name for path in described.includes] == ['bringup.launch.py']
    assert all(Path(path).is_file() for path in described.includes)
    for name in FILES:
        for argument in launch(name).arguments.values():
            if argument.default_value.startswith('/'):
                assert Path(argument.default_value).is_file(), argument.name


def test_recording_is_asked_for_with_its_folder_and_happens_once(launch):
    described = launch('bringup.launch.py')
    assert described.arguments['record'].default_value == 'false'
    recorder = described.nodes['recorder']
    assert recorder.condition.predicate.name == 'record'
    assert recorder.parameters[-1]['folder'].name == 'record_folder'
    assert not recorder.respawn


@pytest.mark.parametrize('name', FILES)
def test_every_node_of_the_table_reads_the_users_parameter_file(launch, name):
    nodes = launch(name).nodes
    for spec in FILES[name]:
        assert nodes[spec.name].parameters[0].name == 'params_file', spec.name


def test_a_real_robots_nodes_have_reserves_those_with_a_model_if_that_is_wished(launch):
    described = launch('bringup.launch.py')
    assert described.arguments['model_reserves'].default_value == 'true'
    kept = {name: node.arguments for name, node in described.nodes.items() if node.executable == 'keep'}
    assert set(kept) == {spec.name for spec in (*graph.PIPELINE, *graph.SUPERVISION)}
    for name, (node, option, reserve, ros, *_) in kept.items():
        assert (node, option, ros) == (name, '--reserve', '--ros-args')
        assert getattr(reserve, 'name', reserve) == (
            'model_reserves' if name in ('vlm_reasoner', 'action_generator') else 'true')
        assert described.nodes[name].respawn


def test_robot_and_policy_may_have_a_computer_each_and_together_they_run_every_node_once(launch):
    described = launch('bringup.launch.py')
    assert described.arguments['computer'].default_value == 'all'
    assert described.arguments['computer'].choices == ['all', 'policy', 'robot']
    kept = {name: node.condition.predicate for name, node in described.nodes.items() if node.executable == 'keep'}
    assert all(unless.left.name == 'computer' for unless in kept.values())
    here = {computer: {name for name, unless in kept.items() if unless.right != computer}
            for computer in described.arguments['computer'].choices}
    assert here['policy'] == {'vlm_reasoner', 'latent_buffer', 'action_generator'}
    assert here['policy'] | here['robot'] == here['all'] == set(kept)
    assert not here['policy'] & here['robot']


def test_a_replay_follows_the_clock_and_keeps_its_commands_from_the_controllers(launch):
    topics = {output.topic for output in embodiment.load('astribot_s1').outputs}
    for node in launch('replay.launch.py').nodes.values():
        assert node.parameters[-1]['use_sim_time'] is True
        assert {topic for topic, _ in node.remappings} == topics
        assert all(aside == f'replayed/{topic}' for topic, aside in node.remappings)


def test_the_parameter_file_has_one_section_for_every_node_and_only_declared_parameters():
    sections = yaml.safe_load((share() / 'config/vla_async.yaml').read_text())
    assert list(sections) == [spec.name for spec in graph.ALL]
    for name, section in sections.items():
        declared = importlib.import_module(f'vla_async.nodes.{name}').Parameters.__dataclass_fields__
        told = section['ros__parameters']
        assert set(told) <= set(declared), name
        for key, value in told.items():
            assert value == declared[key].default, f'{name}.{key}'


def test_the_ghost_has_a_namespace_and_frames_of_its_own_and_stands_where_the_robot_does(launch):
    nodes = launch('view.launch.py').nodes
    ghost, place = nodes['ghost_state_publisher'], nodes['ghost_place']
    assert ghost.namespace[-1] + '/joint_states' == f'/{view_topics.GHOST.name}'
    assert {'frame_prefix': 'ghost/'} in ghost.parameters
    assert place.arguments[:4] == ['--frame-id', 'odom', '--child-frame-id', 'ghost/odom']


@pytest.mark.parametrize('name', embodiment.available())
def test_all_frames_of_robot_and_ghost_are_one_tree_whose_root_rviz_stands_in(launch, name):
    nodes = launch('view.launch.py', robot=name).nodes
    place, rviz = nodes['ghost_place'].arguments, nodes['rviz'].arguments
    parents = {place[3]: place[1]}
    for publisher in (nodes['robot_state_publisher'], nodes['ghost_state_publisher']):
        told = {key: value for entry in publisher.parameters for key, value in entry.items()}
        prefix = told.get('frame_prefix', '')
        for joint in parseString(told['robot_description'].value).getElementsByTagName('joint'):  # noqa: S318
            parent, child = (joint.getElementsByTagName(end)[0].getAttribute('link') for end in ('parent', 'child'))
            assert prefix + child not in parents
            parents[prefix + child] = prefix + parent
    fixed = rviz[rviz.index('-f') + 1]
    assert set(parents.values()) - set(parents) == {fixed}
    assert fixed == yaml.safe_load(Path(rviz[1]).read_text())['Visualization Manager']['Global Options']['Fixed Frame']


def test_rviz_shows_the_robots_own_file_or_that_which_is_asked_for(launch, tmp_path):
    def shown(**told):
        return Path(launch('view.launch.py', **told).nodes['rviz'].arguments[1])
    assert shown() == shown(robot='astribot_s1_ros2_control') == share() / 'config/vla_async.rviz'
    assert shown(robot='so101') == shown(robot='so101_ros2_control') == share() / 'config/so101.rviz'
    assert shown(robot='so101', rviz_config='/my.rviz') == Path('/my.rviz')
    robot = (share() / 'config/robots/so101.yaml').read_text().replace('name: so101', 'name: mine')
    (tmp_path / 'mine.yaml').write_text(robot)
    assert shown(robot=str(tmp_path / 'mine.yaml')) == share() / 'config/vla_async.rviz'


def test_the_ghost_is_pale_and_the_robot_is_not(launch):
    nodes = launch('view.launch.py').nodes
    robot, ghost = (nodes[name].parameters[0]['robot_description'].value
                    for name in ('robot_state_publisher', 'ghost_state_publisher'))
    alphas = {float(rgba.split()[3]) for rgba in re.findall(r'rgba="([^"]+)"', ghost)}
    assert alphas == {0.3}
    assert 'rgba="0.93 0.94 0.95 1"' in robot


def test_a_robot_state_publisher_of_its_own_starts_only_where_it_is_asked_for(launch):
    described = launch('view.launch.py')
    publisher = described.nodes['robot_state_publisher']
    assert publisher.condition.predicate.name == 'robot_state_publisher'
    assert described.arguments['robot_state_publisher'].default_value == 'false'
    assert '<robot name="astribot_s1"' in publisher.parameters[0]['robot_description'].value


def test_all_that_shows_follows_simulated_time_where_it_is_asked_for(launch):
    for node in launch('view.launch.py').nodes.values():
        told = {key: value for entry in node.parameters if isinstance(entry, dict) for key, value in entry.items()}
        assert told['use_sim_time'].name == 'use_sim_time', node.name
