"""The committed policies say what the tables of nodes and rights say, and nobody but the bridge may command."""
from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase

import pytest
import small_robot
import sros2

from vla_async import cli, embodiment, graph
from vla_async.embodiment import TrajectoryOutput
from vla_async.errors import ConfigError
from vla_async.resources import share
from vla_async.security.command import policy
from vla_async.security.policy import enclave
from vla_async.security.rights import OPERATOR, STOP_STATION, VIEWER, rights

FOLDER = share() / 'config/security'
NODES = [spec.name for spec in graph.ALL]
BRIDGE, MANAGER, SERVER, REASONER = map(enclave, ('hardware_bridge', 'lifecycle_manager', 'task_server',
                                                  'vlm_reasoner'))


@pytest.fixture(params=embodiment.available())
def robot_file(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def robot(robot_file: str) -> embodiment.Embodiment:
    return embodiment.load(robot_file)


@pytest.fixture
def grants(robot_file: str) -> dict[str, sros2.Grants]:
    return sros2.read((FOLDER / f'{robot_file}.xml').read_text())


def who(grants: dict[str, sros2.Grants], rule: str, name: str) -> set[str]:
    """Enclaves that may do it; patterns count."""
    return {path for path, granted in grants.items() if any(fnmatchcase(name, known) for known in granted[rule])}


def test_every_robot_has_a_policy_and_no_policy_is_without_a_robot() -> None:
    assert set(sros2.committed(FOLDER)) == set(embodiment.available())


def test_the_committed_policy_is_the_one_that_the_command_makes(robot_file, capsys) -> None:
    assert cli.main(['security', 'policy', '--robot', robot_file]) == 0
    made = capsys.readouterr().out
    hint = f'vla-async security policy --robot {robot_file} > config/security/{robot_file}.xml'
    assert made == (FOLDER / f'{robot_file}.xml').read_text(), hint


def test_there_is_one_enclave_for_each_process_and_for_people_a_stop_button_and_the_browser_view(grants) -> None:
    assert list(grants) == [enclave(name) for name in [*NODES, OPERATOR, STOP_STATION, VIEWER]]


def test_only_the_bridge_may_command(robot, grants) -> None:
    assert robot.outputs
    for output in robot.outputs:
        assert who(grants, 'publish', f'/{output.topic}') == {BRIDGE}


def test_each_arrow_has_one_author(grants) -> None:
    authors = {'/task': SERVER, '/latent_update': REASONER, '/latent': enclave('latent_buffer'),
               '/action_chunk': enclave('action_generator'), '/trajectory': enclave('chunk_fuser'),
               '/joint_set_point': BRIDGE, '/reserve_set_point': BRIDGE,
               '/stop_signal': enclave(STOP_STATION),
               '/joint_states': enclave('robot_simulator')}
    for topic, author in authors.items():
        assert who(grants, 'publish', topic) == {author}, topic


def test_only_the_manager_may_change_the_state_of_a_node(grants) -> None:
    for spec in graph.PIPELINE:
        assert who(grants, 'request', f'/{spec.name}/change_state') == {MANAGER}


def test_nobody_may_set_parameters_of_another_node(grants) -> None:
    for name in NODES:
        for service in ('set_parameters', 'set_parameters_atomically'):
            assert who(grants, 'request', f'/{name}/{service}') == set()


def test_only_people_may_stop_and_release_the_robot_and_give_it_work(grants) -> None:
    for service in ('stop', 'hold', 'release'):
        assert who(grants, 'request', f'/hardware_bridge/{service}') == {enclave(OPERATOR)}
    assert who(grants, 'request', '/run_task/_action/send_goal') == {enclave(OPERATOR)}


def test_every_service_is_offered_by_the_node_that_it_is_named_after(grants) -> None:
    for path, granted in grants.items():
        own = f'/{path.rpartition("/")[2]}/'
        strangers = {name for name in granted['reply'] if not name.startswith((own, '/run_task/', '/_ros2cli_'))}
        assert not strangers, path


def test_whatever_is_asked_for_or_listened_to_is_there(robot, grants) -> None:
    offered = {name for granted in grants.values() for name in granted['reply']}
    said = {name for granted in grants.values() for name in granted['publish']}
    theirs = {f'/{output.controller}/{name}' for output in robot.outputs if isinstance(output, TrajectoryOutput)
              for name in ('controller_state', 'get_parameters', 'list_parameters')}
    said |= {'/clock', '/tf', '/tf_static'}  # a bag player's, and the robot's
    for path, granted in grants.items():
        controllers = theirs if path == BRIDGE else set()
        assert granted['request'] <= offered | controllers, path
        assert granted['subscribe'] <= said | controllers, path


def test_the_bridge_may_read_state_and_settings_of_a_trajectory_controller_and_not_change_them() -> None:
    outputs = {'base': small_robot.OUTPUTS['base'], 'arm': {
        'kind': 'joint_trajectory', 'topic': 'arm_controller/joint_trajectory',
        'joints': ['arm_1', 'arm_2', 'finger'], 'latency_s': 0.05}}
    granted = rights(small_robot.robot(outputs=outputs))['hardware_bridge']
    assert granted.request == ('arm_controller/get_parameters', 'arm_controller/list_parameters')
    assert [name for name in granted.subscribe if '_controller/' in name] == [
        'arm_controller/controller_state', 'arm_controller/joint_trajectory']  # the latter for its reserve
    assert {'arm_controller/joint_trajectory', 'base/cmd_vel'} <= set(granted.publish)


def test_no_pattern_is_granted_but_the_one_for_commands_that_are_named_after_their_process(grants) -> None:
    assert set(patterns(grants)) == {(enclave(OPERATOR), '/_ros2cli_*/get_type_description')}


def patterns(grants: dict[str, sros2.Grants]) -> Iterator[tuple[str, str]]:
    for path, granted in grants.items():
        yield from ((path, name) for names in granted.values() for name in names if not re.fullmatch(r'[\w/]+', name))


def test_a_namespace_moves_all_but_what_is_absolute() -> None:
    plain, moved = (sros2.read(policy('so101', namespace)) for namespace in ('/', '/left/arm'))
    for path, granted in plain.items():
        for rule, names in granted.items():
            fixed = {'/rosout', '/parameter_events', '/clock', '/diagnostics', '/_ros2cli_*/get_type_description',
                     '/tf', '/tf_static'}
            assert moved[path][rule] == {name if name in fixed else f'/left/arm{name}' for name in names}


@pytest.mark.parametrize('namespace', ['left', '/left/', '//', '', '/a b', '/*', '/a"'])
def test_a_namespace_that_is_none_is_refused(namespace: str) -> None:
    with pytest.raises(ConfigError, match='--namespace must be absolute'):
        policy('so101', namespace)


@pytest.mark.parametrize('topic', ['*', 'camera/*/image_raw', 'arm?/commands', '/', 'a//b', '~/x', '', 'a b'])
@pytest.mark.parametrize('part', ['cameras', 'outputs'])
def test_a_robot_file_cannot_widen_its_policy_by_a_pattern(part: str, topic: str) -> None:
    robot = embodiment.load('so101')
    first, *others = getattr(robot, part)
    changed = type(first)(**{**{name: getattr(first, name) for name in first.__dataclass_fields__}, 'topic': topic})
    odd = embodiment.Embodiment(**{**vars(robot), part: (changed, *others)})
    with pytest.raises(ConfigError, match='is no name of a topic'):
        rights(odd)
