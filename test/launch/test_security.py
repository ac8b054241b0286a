"""`security:=<keystore>` reaches every process, each in its enclave; without it the environment stays as it is."""
from pathlib import Path

import pytest

from vla_async import graph
from vla_async.security.policy import enclave

FILES = ('bringup.launch.py', 'sim.launch.py', 'view.launch.py', 'replay.launch.py')


def value(entry, keystore):
    """What a substitution becomes where `security` is `keystore`."""
    kind = type(entry).__name__
    if kind == 'LaunchConfiguration':
        assert entry.name == 'security'
        return keystore
    if kind == 'NotEqualsSubstitution':
        return value(entry.left, keystore) != value(entry.right, keystore)
    if kind == 'IfCondition':
        return value(entry.predicate, keystore)
    return entry


def environment(launch, keystore):
    """What security.launch.py sets."""
    described = launch('security.launch.py').entities
    variables = [e for e in described if type(e).__name__ == 'SetEnvironmentVariable']
    assert variables
    return {e.name: value(e.value, keystore) for e in variables if value(e.condition, keystore)}


def sets_security(launch, name):
    """Positions in a launch file from which on the environment of security is set, by whatever it includes."""
    for place, entity in enumerate(launch(name).entities):
        if type(entity).__name__ == 'IncludeLaunchDescription':
            included = Path(entity.source.path).name
            if included == 'security.launch.py' or sets_security(launch, included) is not None:
                return place
    return None


def test_a_keystore_is_enforced(launch):
    assert environment(launch, '/etc/keys') == {
        'ROS_SECURITY_ENABLE': 'true', 'ROS_SECURITY_STRATEGY': 'Enforce', 'ROS_SECURITY_KEYSTORE': '/etc/keys'}


def test_no_keystore_changes_nothing(launch):
    """A shell that has security switched on keeps it."""
    assert environment(launch, launch('security.launch.py').arguments['security'].default_value) == {}


@pytest.mark.parametrize('name', FILES)
def test_security_is_set_before_any_process_starts(launch, name):
    entities = launch(name).entities
    first = next(i for i, entity in enumerate(entities) if type(entity).__name__ == 'Node')
    place = sets_security(launch, name)
    assert place is not None
    assert place < first


@pytest.mark.parametrize('name', FILES)
def test_every_process_is_told_its_enclave(launch, name):
    for node in launch(name).nodes.values():
        told = node.arguments[node.arguments.index('--ros-args'):]
        assert told[told.index('--enclave') + 1] == enclave(node.name), node.name


def test_every_process_of_a_robot_and_its_simulation_is_launched_somewhere(launch):
    launched = {name for file in FILES for name in launch(file).nodes}
    assert {spec.name for spec in graph.ALL} <= launched
