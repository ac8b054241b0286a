"""The processes of the demo, with a driver; as they are, on two hosts, or with a relay between and clocks that jump."""
from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from vla_async.bench.faults import relay
from vla_async.bench.faults.clock import Clocks
from vla_async.bench.faults.driver import Driver
from vla_async.bench.faults.fault import INSTRUMENTED
from vla_async.bench.faults.hosts import SecondHost
from vla_async.demo import processes
from vla_async.demo.options import DemoOptions
from vla_async.graph import PIPELINE, VIEW
from vla_async.launcher.domain import claim_free_domain
from vla_async.launcher.environment import environment
from vla_async.launcher.node_command import MEMBERSHIP
from vla_async.launcher.process import Command
from vla_async.launcher.starter import Starter

NODES = tuple(spec.name for spec in (*processes.NODES, *VIEW))
LIFECYCLE = tuple(spec.name for spec in PIPELINE if spec.lifecycle)
BAG, BAG_BEFORE = 'bag', 'bag_before'  # folders
BAG_LIMIT = 1 << 30  # bytes; the recorder then begins a new bag between two runs
POLICY_HOST = tuple(spec.name for spec in PIPELINE if spec.policy)
PUBLISHERS = {'action_chunk': 'action_generator', 'latent': 'latent_buffer', 'trajectory': 'chunk_fuser'}


@dataclass
class Graph:
    """A running graph and what belongs to it."""

    starter: Starter
    driver: Driver
    clocks: Clocks | None
    host: SecondHost | None
    folder: Path
    tried: int = 0  # faults
    clean: bool = False  # nothing of the fault before is left in simulation and bridge

    @property
    def bags(self) -> list[Path]:
        """What the recorder writes, after what the one before it wrote, if that died."""
        return [bag for bag in (self.folder / BAG_BEFORE, self.folder / BAG) if bag.exists()]

    def renew_bag(self) -> None:
        """Let the recorder begin anew when its bag has grown large."""
        if sum(file.stat().st_size for file in (self.folder / BAG).glob('*')) > BAG_LIMIT:
            self.starter.processes['recorder'].send(signal.SIGINT)


@contextmanager
def running(options: DemoOptions, folder: Path, kind: str, host: SecondHost | None) -> Iterator[Graph]:
    """Everything up inside the block, the policy on `host` if there is one, and everything gone after it.

    Raises VlaAsyncError when it does not come up.
    """
    parameters = folder / 'parameters.yaml'
    processes.write_parameters(replace(options, report=folder), parameters)
    with ExitStack() as stack:
        claim = claim_free_domain()
        stack.callback(claim.release)
        stack.callback(_remove_bags, folder)
        clocks = Clocks(folder / 'clocks', (*NODES, relay.NAME)) if kind == INSTRUMENTED else None
        os.environ.update(environment(claim.id, os.environ, pictures=True))  # for the node of this process
        surroundings = dict(os.environ) | (host.environment if host else {}) | (clocks.environment if clocks else {})
        starter = stack.enter_context(Starter(commands(options, parameters, kind, host), surroundings, folder / 'logs',
                                              processes.STOP_FIRST, processes.STOP_LAST))
        driver = stack.enter_context(Driver(options.robot, lambda: _mend(starter, folder), options.seed))
        driver.wait_for_bring_up()
        yield Graph(starter, driver, clocks, host, folder)


def commands(options: DemoOptions, parameters: Path, kind: str, host: SecondHost | None) -> tuple[Command, ...]:
    """The demo's processes and those for the view; none is essential here, all are started again."""
    robot = ('--ros-args', '-p', f'robot:={options.robot_name}')
    nodes = [replace(command, essential=False) for command in processes.commands(parameters)]
    nodes += [Command(spec.name, f'vla_async.nodes.{spec.executable}', (*robot, '-r', f'__node:={spec.name}'),
                      membership=MEMBERSHIP) for spec in VIEW]
    if host is not None:
        nodes = [replace(node, prefix=host.prefix) if node.name in POLICY_HOST else node for node in nodes]
    if kind == INSTRUMENTED:
        nodes = [*(replace(node, arguments=(*node.arguments, *_detour(node.name, options))) for node in nodes),
                 Command(relay.NAME, relay.__name__, (*robot, '-r', f'__node:={relay.NAME}'), pictures=True,
                         membership=MEMBERSHIP)]
    return tuple(nodes)


def _detour(name: str, options: DemoOptions) -> Iterator[str]:
    """Remap what a node publishes so that it passes through the relay."""
    for topic in relay.relayed(options.robot):
        if PUBLISHERS.get(topic.name, 'robot_simulator') == name:
            yield from ('-r', f'{topic.name}:={relay.PREFIX}/{topic.name}')


def _remove_bags(folder: Path) -> None:
    for name in (BAG, BAG_BEFORE):
        shutil.rmtree(folder / name, ignore_errors=True)


def _mend(starter: Starter, folder: Path) -> None:
    """Start again what died. A recorder does not write into a bag that is there already."""
    if not starter.processes['recorder'].running and (folder / BAG).exists():
        shutil.rmtree(folder / BAG_BEFORE, ignore_errors=True)
        (folder / BAG).rename(folder / BAG_BEFORE)
    starter.poll(time.monotonic())
