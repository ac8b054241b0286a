"""Which processes a demo consists of, and the parameters that they get."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from vla_async.demo.options import DemoOptions
from vla_async.graph import PIPELINE, RECORDING, SIMULATION, SUPERVISION
from vla_async.launcher.process import Command
from vla_async.resources import share

NODES = (*RECORDING, *SIMULATION, *PIPELINE, *SUPERVISION)  # the recorder first: it shall miss nothing
STOP_FIRST, STOP_LAST = ('task_server', 'lifecycle_manager'), ('recorder',)
ESSENTIAL = frozenset(spec.name for spec in (*SIMULATION, *RECORDING))  # a new one would know nothing of the episode


def overrides(options: DemoOptions) -> dict[str, dict[str, Any]]:
    """Parameters by node that differ from config/vla_async.yaml."""
    checkpoint = str(options.checkpoint)
    special: dict[str, dict[str, Any]] = {
        'vlm_reasoner': {'checkpoint': checkpoint, 'slow_delay_ms': options.slow_delay_ms},
        'action_generator': {'checkpoint': checkpoint},
        'robot_simulator': {'task': options.task, 'seed': options.seed},
        'recorder': {'checkpoint': checkpoint, 'folder': str(options.report / 'bag')},
        'task_server': {'end_on_success': not options.to_the_end},
    }
    return {spec.name: {'robot': options.robot_name, **special.get(spec.name, {})} for spec in NODES}


def write_parameters(options: DemoOptions, path: Path) -> None:
    """The overrides as a ROS parameter file, so that the run can be repeated by hand."""
    nodes = {f'/{name}': {'ros__parameters': values} for name, values in overrides(options).items()}
    path.write_text(yaml.safe_dump(nodes, sort_keys=False))


def commands(parameters: Path) -> tuple[Command, ...]:
    """One command per node; `parameters` wins over config/vla_async.yaml."""
    return tuple(Command(
        spec.name, f'vla_async.nodes.{spec.executable}',
        ('--ros-args', '--remap', f'__node:={spec.name}', '--params-file', str(share() / 'config/vla_async.yaml'),
         '--params-file', str(parameters)), essential=spec.name in ESSENTIAL) for spec in NODES)
