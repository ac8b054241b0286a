"""The subcommand `bench pipeline`."""
from __future__ import annotations

import argparse
import json
import os
import platform
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vla_async.errors import ConfigError

if TYPE_CHECKING:  # heavy modules are imported where they are used: `--help` stays quick
    from vla_async.bench.target import Target


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What is measured, and how long."""
    parser.add_argument('--json', type=Path, metavar='OUT', help='where the figures go')
    parser.add_argument('--seconds', type=float, default=30.0, metavar='N', help='of motion in each of the two runs')
    parser.add_argument('--slow-delay-ms', type=int, default=1500, metavar='MS',
                        help='by how much the second run slows the reasoner (default: %(default)s)')
    parser.add_argument('--robot', default='astribot_s1', help='name or YAML file (default: %(default)s)')
    parser.add_argument('--task', default='touch', help='which task (default: %(default)s)')
    parser.add_argument('--checkpoint', help='name or folder (default: the one for robot and task)')
    parser.add_argument('--seed', type=int, default=0, help='scene of the first episode (default: %(default)s)')


def run(args: argparse.Namespace) -> int:
    """Measure twice, print, write; 1 when a target is missed."""
    from rich.console import Console

    from vla_async import embodiment
    from vla_async.bench.pipeline.run import Run
    from vla_async.bench.pipeline.speed import ratio, targets
    if args.seconds < 1 or args.slow_delay_ms < 1:
        raise ConfigError('--seconds and --slow-delay-ms must be at least 1')
    console = Console()
    work = Run(args.robot, args.task, args.checkpoint, args.seed, args.seconds)
    with console.status('measuring'):
        normal = work.measure(0)
    with console.status('measuring again with a slowed reasoner'):
        slowed = work.measure(args.slow_delay_ms)
    held = targets(normal, slowed, embodiment.load(args.robot).rates.chunk_hz)
    if args.json is not None:
        _write(args.json, {
            'machine': {'processor': platform.processor() or platform.machine(), 'cores': os.cpu_count()},
            'slow_delay_ms': args.slow_delay_ms, 'normal': normal, 'slowed': slowed,
            'ratios': {key: ratio(slowed, normal, f'{key}_hz') for key in ('chunk_rate', 'command_rate', 'slow_rate')},
            'targets': [target.as_dict() for target in held]})
    _print(console, held)
    return 0 if all(target.met for target in held) else 1


def _write(path: Path, figures: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(figures, indent=2, allow_nan=False) + '\n')


def _print(console: Any, held: list[Target]) -> None:
    from rich.table import Table
    table = Table(box=None, pad_edge=False)
    for heading in ('', 'figure', 'measured', 'from', 'to'):
        table.add_column(heading, justify='left' if heading in ('', 'figure') else 'right')
    for target in held:
        mark = '[green]met[/]' if target.met else '[red]missed[/]'
        table.add_row(mark, target.name, *(_bound(value) for value in (target.value, target.low, target.high)))
    console.print(table)


def _bound(value: float | None) -> str:
    return '-' if value is None or value in (float('inf'), float('-inf')) else f'{value:.4g}'
