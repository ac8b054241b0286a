"""The processes of nodes: their commands, and the parameters in which a run differs from config/vla_async.yaml."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from vla_async.graph import NodeSpec
from vla_async.launcher.process import Command
from vla_async.resources import share

MEMBERSHIP = 'vla_async.nodes.membership'
MEMBERSHIPS = {'robot_simulator': 'vla_async.nodes.robot_membership',  # of those that need to know more
               'hardware_bridge': 'vla_async.nodes.bridge_membership'}


def write_overrides(overrides: Mapping[str, Mapping[str, Any]], path: Path) -> None:
    """Parameters by node as a ROS parameter file."""
    nodes = {f'/{name}': {'ros__parameters': dict(values)} for name, values in overrides.items()}
    path.write_text(yaml.safe_dump(nodes, sort_keys=False))


def node_command(spec: NodeSpec, parameters: Path, *, essential: bool) -> Command:
    """Command of a node; the file `parameters` wins over config/vla_async.yaml."""
    return _command(
        spec,
        ('--ros-args', '--remap', f'__node:={spec.name}', '--params-file', str(share() / 'config/vla_async.yaml'),
         '--params-file', str(parameters)),
        essential=essential)


def kept_command(spec: NodeSpec, arguments: Sequence[str]) -> Command:
    """Command of a node with the arguments that a launch file gives it."""
    return _command(spec, tuple(arguments), essential=False)


def _command(spec: NodeSpec, arguments: tuple[str, ...], *, essential: bool) -> Command:
    return Command(spec.name, f'vla_async.nodes.{spec.executable}', arguments, essential=essential,
                   pictures=spec.pictures, membership=MEMBERSHIPS.get(spec.name, MEMBERSHIP))
