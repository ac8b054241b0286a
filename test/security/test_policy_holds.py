"""The policy against a running graph: all processes of the suite over DDS, each in its enclave, and their reserves.

DDS itself enforces nothing here, for the wheels come without its security; but what a node does that its enclave may
not, or may do and does not, shows.
"""
from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import rclpy
import sros2
import yaml
from diagnostic_msgs.msg import DiagnosticStatus
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node

from vla_async import embodiment, graph
from vla_async.launcher.node_command import kept_command
from vla_async.launcher.process import Command
from vla_async.launcher.starter import Starter
from vla_async.nodes import topics
from vla_async.resources import share
from vla_async.security.policy import enclave

pytestmark = pytest.mark.long

ROBOT = 'astribot_s1'
LIMIT_S = 240.0  # a busy machine
TRANSFORMS = {'/tf', '/tf_static'}
UP, STABLE_S = 'all active', 3.0  # endpoints that have not changed for so long will not


class Watcher:
    """Looks at the graph from outside; runs nothing but its own node."""

    def __init__(self, context: Context, starter: Starter) -> None:
        self.node, self._starter = Node('watcher', context=context), starter
        self._executor = SingleThreadedExecutor(context=context)
        self._executor.add_node(self.node)
        self.said: dict[str, DiagnosticStatus] = {}
        topics.DIAGNOSTICS.subscribe(self.node, lambda m: self.said.update({s.name: s for s in m.status}))

    def until(self, condition: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + LIMIT_S
        while not condition():
            assert time.monotonic() < deadline, f'{what}; {({n: s.message for n, s in self.said.items()})}'
            self._starter.poll(time.monotonic())  # what died, as it may where memory is short, starts again
            self._executor.spin_once(timeout_sec=0.1)

    def is_up(self) -> bool:
        return (any(status.message == UP for status in self.said.values())
                and all(process.replaceable for process in self._starter.processes.values()))

    def endpoints(self) -> dict[str, sros2.Grants]:
        """What every node of the suite has, by enclave."""
        looks = {'publish': self.node.get_publisher_names_and_types_by_node,
                 'subscribe': self.node.get_subscriber_names_and_types_by_node,
                 'reply': self.node.get_service_names_and_types_by_node,
                 'request': self.node.get_client_names_and_types_by_node}
        found = {}
        for name, namespace, path in self.node.get_node_names_and_namespaces_with_enclaves():
            if name != self.node.get_name():
                # a node's reserve shares its enclave, and so do the simulated robot's camera drivers
                others = found.setdefault(path, {rule: set() for rule in looks})
                found[path] = {rule: others[rule] | {entry for entry, _ in look(name, namespace)}
                               for rule, look in looks.items()}
        return found

    def settled(self) -> dict[str, sros2.Grants]:
        """The same, once it does not change any more."""
        seen, since = self.endpoints(), time.monotonic()

        def stable() -> bool:
            nonlocal seen, since
            now = self.endpoints()
            if now != seen:
                seen, since = now, time.monotonic()
            return len(seen) == len(graph.ALL) and time.monotonic() - since > STABLE_S
        self.until(stable, 'endpoints that stay')
        return seen

    def close(self) -> None:
        self._executor.shutdown()
        self.node.destroy_node()


@pytest.fixture(scope='module')
def endpoints(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, sros2.Grants]]:
    """Endpoints by enclave of the whole suite with the simulated robot."""
    from own_domain import own_domain

    from vla_async.launcher.environment import environment
    folder, claim = tmp_path_factory.mktemp('suite'), own_domain()
    parameters, context = write_parameters(folder), Context()
    rclpy.init(context=context, domain_id=claim.id)
    surroundings = environment(claim.id, os.environ)
    with Starter(commands(parameters), surroundings, folder / 'logs', spare_delay_s=10.0) as starter:
        watcher = Watcher(context, starter)
        try:
            watcher.until(watcher.is_up, UP)
            yield watcher.settled()
        finally:
            watcher.close()
    rclpy.shutdown(context=context)
    claim.release()


def write_parameters(folder: Path) -> Path:
    from vla_async.training.initialise import initialise
    checkpoint = str(initialise(folder / 'tiny', embodiment.load(ROBOT), 'tiny', seed=0))
    special = {'vlm_reasoner': {'checkpoint': checkpoint}, 'action_generator': {'checkpoint': checkpoint},
               'recorder': {'folder': str(folder / 'bag')}}
    path = folder / 'parameters.yaml'
    path.write_text(yaml.safe_dump({
        f'/{spec.name}': {'ros__parameters': {'robot': ROBOT, **special.get(spec.name, {})}} for spec in graph.ALL}))
    return path


def commands(parameters: Path) -> list[Command]:
    """One process for each line of the table of nodes, and one in reserve for it."""
    return [kept_command(spec, ('--ros-args', '--params-file', str(parameters), '--enclave', enclave(spec.name)))
            for spec in graph.ALL]


@pytest.fixture(scope='module')
def grants() -> dict[str, sros2.Grants]:
    return sros2.read((share() / f'config/security/{ROBOT}.xml').read_text())


def test_every_process_is_in_its_enclave(endpoints) -> None:
    assert set(endpoints) == {enclave(spec.name) for spec in graph.ALL}


@pytest.mark.parametrize('rule', ['publish', 'subscribe', 'reply', 'request'])
def test_every_endpoint_of_every_process_is_granted(endpoints, grants, rule) -> None:
    lacking = {path: here[rule] - grants[path][rule] for path, here in endpoints.items()}
    assert not {path: names for path, names in lacking.items() if names}


@pytest.mark.parametrize('rule', ['publish', 'subscribe', 'reply', 'request'])
def test_nothing_is_granted_that_no_process_does(endpoints, grants, rule) -> None:
    # the clock is listened to where `use_sim_time` is set; a policy chooses which camera its reasoner reads; transforms
    # are recorded where their message is installed, which the wheels come without; a reserve speaks only where it has
    # real-time priority
    cameras = {f'/{camera.topic}' for camera in embodiment.load(ROBOT).cameras}
    of_its_reserve = {'/reserve_set_point'} if rule == 'publish' else set()
    special = {enclave('vlm_reasoner'): cameras, enclave('recorder'): TRANSFORMS,
               enclave('hardware_bridge'): of_its_reserve}
    spared = {path: {'/clock'} | special.get(path, set()) for path in endpoints}
    idle = {path: grants[path][rule] - here[rule] - spared[path] for path, here in endpoints.items()}
    assert not {path: names for path, names in idle.items() if names}


def test_the_reasoner_reads_a_camera_and_all_listen_to_the_clock_when_told(endpoints, ros_domain) -> None:
    cameras = {f'/{camera.topic}' for camera in embodiment.load(ROBOT).cameras}
    assert endpoints[enclave('vlm_reasoner')]['subscribe'] & cameras
    context = Context()
    rclpy.init(context=context, domain_id=ros_domain)
    node = Node('simulated', context=context, parameter_overrides=[rclpy.Parameter('use_sim_time', value=True)])
    heard = {name for name, _ in node.get_subscriber_names_and_types_by_node('simulated', '/')}
    node.destroy_node()
    rclpy.shutdown(context=context)
    assert heard == {'/clock'}
