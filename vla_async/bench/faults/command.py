"""The subcommand `bench faults`."""
from __future__ import annotations

import argparse
import fnmatch
import os
import platform
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vla_async.errors import ConfigError, EnvironmentFault

if TYPE_CHECKING:  # heavy modules are imported where they are used: `--help` stays quick
    from rich.console import Console

    from vla_async.bench.faults.campaign import Plan
    from vla_async.bench.faults.fault import Fault
    from vla_async.bench.faults.hosts import SecondHost
    from vla_async.bench.faults.results import Results
    from vla_async.bench.faults.rows import Run
    from vla_async.demo.options import DemoOptions

QUICK_RUNS, RUNS = 2, 20
QUICK_MEMORY_MIN, MEMORY_MIN = 3.0, 30.0  # in the first minute allocators still grow


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which faults, how often, and where the outcome goes."""
    parser.add_argument('--json', type=Path, metavar='OUT', help='where the figures go; what the file holds already is '
                        'not done again')
    parser.add_argument('--html', type=Path, metavar='OUT', help='where a page with plots goes')
    often = parser.add_mutually_exclusive_group()
    often.add_argument('--runs', type=int, default=RUNS, metavar='N', help='of each fault (default: %(default)s)')
    often.add_argument('--quick', action='store_const', const=QUICK_RUNS, dest='runs', help=f'{QUICK_RUNS} of each')
    what = parser.add_mutually_exclusive_group()
    what.add_argument('--only', nargs='+', metavar='NAME', help='these faults; * stands for anything')
    what.add_argument('--memory', type=float, metavar='MINUTES', help='instead: let the robot work for so long, '
                      'and look whether any process holds more and more')
    parser.add_argument('--logs', type=Path, metavar='DIR', help='where the processes write, instead of a folder that '
                        'is removed at the end; keeps the bag of every run that failed, in DIR/failed')
    parser.add_argument('--robot', default='astribot_s1', help='name or YAML file (default: %(default)s)')
    parser.add_argument('--checkpoint', help='name or folder of the policy (default: the one for robot and task)')
    parser.add_argument('--seed', type=int, default=0, help='of scenes and instants (default: %(default)s)')


def run(args: argparse.Namespace) -> int:
    """Do harm, watch, write; 1 when a run failed or something was left behind."""
    from rich.console import Console

    from vla_async.bench.faults.campaign import Plan
    from vla_async.bench.faults.page import page
    from vla_async.bench.faults.results import Results
    if args.runs < 1 or (args.memory is not None and args.memory <= 0):
        raise ConfigError('--runs and --memory must be positive')
    console = Console()
    faults = [] if args.memory is not None else _chosen(args.only)
    with _folder(args.logs) as folder, ExitStack() as stack:
        options = _options(args, folder)
        results = Results(_conditions(args, options), args.json, [fault.name for fault in faults])
        host, why_not = _second_host(faults, folder, stack)
        plan = Plan(options, _possible(faults, why_not, results, console), args.runs, folder, args.logs, host)
        try:
            _campaign(plan, results, console)
            minutes = args.memory or (None if args.only else MEMORY_MIN if args.runs >= RUNS else QUICK_MEMORY_MIN)
            if minutes is not None and results.content['memory'] is None:
                _memory(plan, results, minutes)
        finally:
            if args.html is not None:
                args.html.parent.mkdir(parents=True, exist_ok=True)
                args.html.write_text(page(results.content))
    _print(console, results)
    return 0 if results.passed else 1


@contextmanager
def _folder(given: Path | None) -> Iterator[Path]:
    if given is not None:
        yield given
        return
    with tempfile.TemporaryDirectory(prefix='vla_async_faults_') as folder:
        yield Path(folder)


def _options(args: argparse.Namespace, folder: Path) -> DemoOptions:
    from vla_async.bench.faults.driver import TASK
    from vla_async.demo.options import DemoOptions
    return DemoOptions.check(argparse.Namespace(
        robot=args.robot, task=TASK, instruction=None, episodes=1, seed=args.seed, slow_delay_ms=0, time_limit=60.0,
        checkpoint=args.checkpoint, report=folder, to_the_end=True, headless=True))


def _conditions(args: argparse.Namespace, options: DemoOptions) -> dict[str, Any]:
    from vla_async.bench.faults.judge import HELD, HOLD_S, STILL
    from vla_async.cli import version
    from vla_async.sim.limit_watch import JOINT_SLACK, SET_POINT_SLACK
    return {
        'settings': {'seed': args.seed, 'robot': options.robot.name, 'checkpoint': options.checkpoint.name,
                     'version': version()},
        'machine': {'processor': platform.processor() or platform.machine(), 'cores': os.cpu_count(),
                    'system': platform.platform()},
        'slack': {'set-points': SET_POINT_SLACK, 'joints': JOINT_SLACK, 'held': HELD, 'still': STILL, 'hold_s': HOLD_S}}


def _chosen(patterns: list[str] | None) -> list[Fault]:
    from vla_async.bench.faults.kinds import FAULTS
    if patterns is None:
        return list(FAULTS)
    for pattern in patterns:
        if not any(fnmatch.fnmatchcase(fault.name, pattern) for fault in FAULTS):
            raise ConfigError(f'no fault is named {pattern!r}; there are: {", ".join(fault.name for fault in FAULTS)}')
    return [fault for fault in FAULTS if any(fnmatch.fnmatchcase(fault.name, pattern) for pattern in patterns)]


def _second_host(faults: list[Fault], folder: Path, stack: ExitStack) -> tuple[SecondHost | None, str]:
    """One for as long as the stack is open, if faults need it, and why there can be none."""
    from vla_async.bench.faults.fault import TWO_HOSTS
    from vla_async.bench.faults.hosts import second_host
    if all(fault.graph != TWO_HOSTS for fault in faults):
        return None, ''
    try:
        return stack.enter_context(second_host(folder)), ''
    except EnvironmentFault as error:
        return None, str(error)


def _possible(faults: list[Fault], why_not: str, results: Results, console: Console) -> list[Fault]:
    """Those that this machine permits, where `why_not` says why there can be no second host; the others are told."""
    from vla_async.bench.faults.fault import TWO_HOSTS
    lost = [fault for fault in faults if why_not and fault.graph == TWO_HOSTS]
    results.note(left_out=[f'{fault.name}: {why_not}' for fault in lost])
    for line in results.content['left_out']:
        console.print(f'left out: {line}', markup=False, highlight=False)
    return [fault for fault in faults if fault not in lost]


def _campaign(plan: Plan, results: Results, console: Console) -> None:
    from vla_async.bench.faults.campaign import campaign
    from vla_async.progress import ProgressBar
    total = sum(not results.has(fault.name, number) for fault in plan.faults for number in range(plan.runs))
    with ProgressBar('faults', console) as bar:
        for run in bar.track(campaign(plan, results), total):
            if not run.verdict.passed:
                console.print(_failure(run), markup=False, highlight=False)


def _failure(run: Run) -> str:
    """What is told of a run that failed."""
    from vla_async.bench.faults.rows import in_words, row_of
    kept = '`--logs DIR` keeps the bag of failed runs' if run.evidence is None else f'its bag and logs: {run.evidence}'
    parts = (f'{run.verdict.why} ({"; ".join(run.said)})', in_words(row_of(run)), kept)
    return f'{run.fault}, run {run.number}: {"; ".join(filter(None, parts))}'


def _memory(plan: Plan, results: Results, minutes: float) -> None:
    from vla_async.bench.faults import leftovers, memory
    from vla_async.bench.faults.fault import PLAIN
    from vla_async.bench.faults.graph import running
    from vla_async.progress import ProgressBar
    with (leftovers.noted(results) as owned, running(plan.options, plan.folder, PLAIN, None) as graph,
          ProgressBar('samples of memory') as bar):
        owned.look(graph)
        rows = list(bar.track(memory.samples(graph, minutes * 60), int(minutes * 60 / memory.PERIOD_S)))
    results.note(memory=memory.judge(rows))


def _print(console: Console, results: Results) -> None:
    from rich.table import Table

    from vla_async.bench.faults.rows import again_in_words
    table = Table(box=None, pad_edge=False)
    for heading in ('', 'fault', 'passed', 'violations', 'to rest [s]', 'motion back [s]', 'node back [s]'):
        table.add_column(heading, justify='left' if heading in ('', 'fault') else 'right')
    for entry in results.faults:
        mark = '[green]passed[/]' if entry['passed'] == entry['runs'] else '[red]failed[/]'
        times = ('-' if entry[f'{key}_max'] is None else f'{entry[f"{key}_max"]:.2f}'
                 for key in ('time_to_hold_s', 'recovery_s', 'restart_s'))
        table.add_row(mark, entry['name'], f'{entry["passed"]} of {entry["runs"]}', str(entry['limit_violations']),
                      *times)
    console.print(table)
    for again in results.content['tried_again']:
        console.print(again_in_words(again), markup=False, highlight=False)
    for line in results.content['stuck']:
        console.print(f'[red]could not go on[/] {line}')
    for line in (*results.content['leftovers'], *_grown(results.content['memory'])):
        console.print(f'[red]left over or grown[/] {line}')


def _grown(memory: dict[str, Any] | None) -> list[str]:
    return [] if memory is None else [f'{name}: {process["growth_mib"]} MiB more within {memory["minutes"]:g} minutes'
                                      for name, process in memory['processes'].items() if not process['flat']]
