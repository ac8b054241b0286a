"""`vla-async demo`: start everything, run the episodes, stop everything, report."""
from __future__ import annotations

import argparse
import os
import time
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # heavy modules are imported where they are used: `--help` stays quick
    from rich.console import Console

    from vla_async.demo.operator import Operator
    from vla_async.demo.options import DemoOptions
    from vla_async.demo.status import LiveStatus
    from vla_async.launcher.starter import Starter


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the subcommand."""
    parser.add_argument('--task', default='touch', help='which task (default: %(default)s)')
    parser.add_argument('--instruction', metavar='TEXT', help='what to ask for (default: what each seed draws; '
                        '"otherwise": another object than the one that it draws)')
    parser.add_argument('--seed', type=int, default=0, metavar='N', help='scene of the first episode (default: 0)')
    parser.add_argument('--episodes', type=int, default=1, metavar='N', help='how many, seeds count up (default: 1)')
    parser.add_argument('--robot', default='astribot_s1', help='name or YAML file of the robot (default: %(default)s)')
    parser.add_argument('--checkpoint', help='name or folder of the policy (default: the one for robot and task)')
    parser.add_argument('--report', type=Path, metavar='DIR', help='where everything goes (default: runs/<time>)')
    parser.add_argument('--headless', action='store_true',
                        help='do not show the report in a browser at the end (default when there is no display)')
    parser.add_argument('--slow-delay-ms', type=int, default=0, metavar='MS', help='make each reasoner pass longer')
    parser.add_argument('--time-limit', type=float, default=15.0, metavar='S', help='for each episode (default: 15)')
    parser.add_argument('--to-the-end', action='store_true',
                        help='work on until the time limit, also when the task is done')


def run(args: argparse.Namespace) -> int:
    """Run the demo; 0 when all episodes ran, whatever became of them."""
    from rich.console import Console

    from vla_async.demo.options import DemoOptions
    options, console = DemoOptions.check(args), Console()
    _run_graph(options, console)
    _report(options, console)
    return 0


def _run_graph(options: DemoOptions, console: Console) -> None:
    """All processes up, the episodes one after the other, all processes gone."""
    from vla_async.demo import processes
    from vla_async.demo.status import tell
    from vla_async.launcher.domain import claim_free_domain
    from vla_async.launcher.environment import environment
    from vla_async.launcher.starter import Starter
    claim = claim_free_domain()
    os.environ.update(environment(claim.id, os.environ))  # for the node of this process, too
    parameters = options.report / 'parameters.yaml'
    processes.write_parameters(options, parameters)
    tell(console, f'starting {len(processes.NODES)} nodes on ROS domain {claim.id}; logs in {options.report / "logs"}')
    tell(console, f'watch it in the browser: vla-async view --robot {options.robot_name} --domain {claim.id}')
    with Starter(processes.commands(parameters), os.environ, options.report / 'logs',
                 processes.STOP_FIRST, processes.STOP_LAST) as starter:
        _run_episodes(options, console, starter)
    claim.release()


def _run_episodes(options: DemoOptions, console: Console, starter: Starter) -> None:
    from vla_async.demo.operator import Operator
    from vla_async.demo.status import LiveStatus
    with (Operator(options.robot, lambda: _watch(starter, console)) as operator,
          LiveStatus(console, operator.watch.figures) as live):
        live.say('bringing up the nodes in order')
        operator.wait_for_bring_up()
        for number in range(options.episodes):
            _run_episode(options, number, operator, live)
        live.say('stopping')


def _run_episode(options: DemoOptions, number: int, operator: Operator, live: LiveStatus) -> None:
    from vla_async.sim.tasks import in_words
    seed = options.seed + number
    asked = in_words(options.instruction, options.task, seed, options.robot.name)
    instruction = operator.begin_episode(options.task, seed, asked)
    live.say(f'episode {number + 1} of {options.episodes}, seed {seed}: {instruction}')
    _, end = operator.run_task(instruction, options.time_limit_s)
    live.say(f'  {end}')


def _watch(starter: Starter, console: Console) -> None:
    from vla_async.demo.status import tell
    for name in starter.poll(time.monotonic()):
        tell(console, f'{name} died and was started again')


def _report(options: DemoOptions, console: Console) -> None:
    from vla_async.demo.status import tell
    from vla_async.replay.bag_episodes import read_episodes
    from vla_async.replay.report import print_table, write_report
    bag = options.report / 'bag'
    tell(console, 'writing the report')
    report = write_report(options.report, read_episodes(bag, options.robot), options.robot,
                          options.as_provenance(), bag)
    print_table(report, console)
    page = options.report / 'report.html'
    tell(console, f'report: {page}')
    if options.show:
        webbrowser.open(page.as_uri())
