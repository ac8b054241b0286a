"""The subcommand `bench fusion`."""
from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vla_async.errors import ConfigError

if TYPE_CHECKING:  # heavy modules are imported where they are used: `--help` stays quick
    from vla_async.bench.fusion.campaign import Results
    from vla_async.bench.target import Target

SHOWN = ('largest_step', 'second_difference', 'error', 'reach_63_s', 'overshoot', 'gripper_travel', 'gripper_late_s',
         'off_path', 'violations', 'add_us_p99')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """How much is measured, and where it goes."""
    parser.add_argument('--json', type=Path, metavar='OUT', help='where the figures go')
    parser.add_argument('--html', type=Path, metavar='OUT', help='where a page with plots goes')
    parser.add_argument('--seeds', type=int, default=20, metavar='N', help='runs of each (default: %(default)s)')
    parser.add_argument('--jobs', type=int, default=1, metavar='N', help='processor cores; timings are sound on one '
                        'quiet core only (default: %(default)s)')
    instead = parser.add_mutually_exclusive_group()
    instead.add_argument('--fuzz', type=int, metavar='N', help='instead: N random chunks, many of them broken, into '
                         'the fuser; counts what comes out wrong')
    instead.add_argument('--memory', action='store_true', help='instead: an hour of 60 chunks a second into the fuser; '
                         'how much more it holds after that than after a minute')


def run(args: argparse.Namespace) -> int:
    """Measure, print, write; 1 when a target is missed."""
    from rich.console import Console
    if args.seeds < 1 or args.jobs < 1 or (args.fuzz is not None and args.fuzz < 1):
        raise ConfigError('--seeds, --jobs and --fuzz must be at least 1')
    console = Console()
    held = _memory(args) if args.memory else _fuzz(args) if args.fuzz is not None else _compare(args, console)
    _print_targets(console, held)
    return 0 if all(target.met for target in held) else 1


def _compare(args: argparse.Namespace, console: Any) -> list[Target]:
    from vla_async.bench.fusion.campaign import PAIRS, campaign
    from vla_async.bench.fusion.figures import time_ratios
    from vla_async.bench.fusion.page import page
    from vla_async.bench.fusion.scenarios import SCENARIOS
    from vla_async.bench.fusion.targets import targets
    from vla_async.progress import ProgressBar
    results: Results = {scenario.key: {} for scenario in SCENARIOS}
    with ProgressBar('fusers through scenarios', console) as bar:
        for key, name, row in bar.track(campaign(args.seeds, args.jobs), len(PAIRS)):
            results[key][name] = row
    held = targets(results)
    for scenario in SCENARIOS:
        _print_scenario(console, f'({scenario.key}) {scenario.title}', results[scenario.key])
    if args.json is not None:
        ratios = {key: time_ratios(rows) for key, rows in results.items()}
        _write(args.json, json.dumps({'seeds': args.seeds, 'scenarios': results, 'times_to_vla_rail': ratios,
                                      'targets': [target.as_dict() for target in held]}, indent=2, allow_nan=False))
    if args.html is not None:
        _write(args.html, page(results, held, args.seeds))
    return held


def _fuzz(args: argparse.Namespace) -> list[Target]:
    from vla_async.bench.fusion.fuzz import BAD, fuzz
    from vla_async.bench.target import Target
    counts = fuzz(args.fuzz, args.jobs)
    if args.json is not None:
        _write(args.json, json.dumps(counts, indent=2))
    return [Target(f'{what} ({counts["chunks"]} chunks, {counts["refused"]} refused by name)', float(counts[what]),
                   high=0.0) for what in BAD]


def _memory(args: argparse.Namespace) -> list[Target]:
    from vla_async.bench.fusion.memory import MINUTES, minutes, target
    from vla_async.progress import ProgressBar
    with ProgressBar('minutes of chunks') as bar:
        held = list(bar.track(minutes(), MINUTES))
    if args.json is not None:
        _write(args.json, json.dumps({'bytes_after_minutes': held}, indent=2))
    return [target(held)]


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + '\n')


def _print_scenario(console: Any, title: str, rows: dict[str, dict[str, float | None]]) -> None:
    from rich.table import Table

    from vla_async.bench.fusion.figures import time_ratios
    ratios = ', '.join(f'{what} {ratio:.2g}' for what, ratio in time_ratios(rows).items())
    table = Table(title=title, title_justify='left', box=None, pad_edge=False, caption_justify='left',
                  caption=f'median times of vla_async: {ratios}')
    table.add_column('fuser', no_wrap=True, min_width=24)
    shown = [key for key in SHOWN if any(row[key] is not None for row in rows.values())]
    for key in shown:
        table.add_column(key.replace('_', ' '), justify='right')
    for name in sorted(rows, key=lambda name: (name != 'vla_async', name)):
        table.add_row(name, *('-' if (value := rows[name][key]) is None else f'{value:.3g}' for key in shown))
    console.print(table)


def _print_targets(console: Any, held: list[Target]) -> None:
    for target in held:
        mark = '[green]met   [/]' if target.met else '[red]missed[/]'
        value = '-' if target.value is None else f'{target.value:.4g}'
        console.print(f'{mark} {target.name}: {value} (at most {target.high:g})')
