"""Which processes a demo consists of, and the parameters that they get."""
from __future__ import annotations

from pathlib import Path
from typing import Any

from vla_async.demo.options import DemoOptions
from vla_async.graph import PIPELINE, RECORDING, SIMULATION, SUPERVISION
from vla_async.launcher.node_command import node_command, write_overrides
from vla_async.launcher.process import Command

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
    write_overrides(overrides(options), path)


def commands(parameters: Path) -> tuple[Command, ...]:
    """One command per node; `parameters` wins over config/vla_async.yaml."""
    return tuple(node_command(spec, parameters, essential=spec.name in ESSENTIAL) for spec in NODES)
