"""`vla-async replay`: what a policy, a fuser or a delay would have done on recorded inputs.

By default without ROS, in virtual time and side by side; with `--ros` one bag goes into the live nodes.
"""
from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

from vla_async.errors import ConfigError
from vla_async.replay.open_loop.configuration import Configuration, combinations

BAD_BAGS, MISSED = 2, 3  # exit codes


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the subcommand."""
    parser.add_argument('bags', nargs='+', type=Path, metavar='BAG',
                        help='rosbag2 bag (MCAP or SQLite; folder or file), or LeRobot dataset')
    parser.add_argument('--report', type=Path, metavar='DIR',
                        help='where report.json, report.html and pictures go (default: runs/<time>)')
    parser.add_argument('--checkpoint', action='append', default=[], metavar='NAME',
                        help='policy, by name or folder, whose chunks are made anew from the recorded pictures; '
                        'may be repeated (default: the recorded chunks)')
    parser.add_argument('--fuser', default='vla_async', metavar='A,B', help='ways to join chunks (default: vla_async)')
    parser.add_argument('--delay', default='0', metavar='MS,MS',
                        help='every chunk comes so much later [ms] (default: 0)')
    parser.add_argument('--robot', help='name or YAML file (default: the one that the bag names)')
    parser.add_argument('--thresholds', type=Path, metavar='YAML',
                        help=f'figures that every bag must keep, else exit code {MISSED}')
    parser.add_argument('--seed', type=int, default=0, help='of models and intervals (default: 0)')
    parser.add_argument('--jobs', type=int, default=os.cpu_count() or 1, metavar='N',
                        help='bags at a time (default: one per core)')
    parser.add_argument('--ros', action='store_true',
                        help='instead: play one bag into the live nodes, over DDS and with its own time')
    parser.add_argument('--rate', type=float, default=1.0, metavar='R',
                        help='with --ros: so many seconds of the bag a second (default: 1)')
    parser.add_argument('--cluster', metavar='ADDRESS', help="share the bags over a Ray cluster; 'local': over one "
                        'that is made on this machine')


def run(args: argparse.Namespace) -> int:
    """0: done; 2: something in a bag was not readable, the rest was evaluated; 3: a threshold was missed."""
    return _play(args) if args.ros else _judge(args)


def _play(args: argparse.Namespace) -> int:
    from vla_async.recording.play import play
    if len(args.bags) > 1 or len(args.checkpoint) > 1:
        raise ConfigError('--ros plays one bag into the nodes of one checkpoint')
    return play(args.bags[0], args.report, args.rate, args.robot, next(iter(args.checkpoint), None))


def _judge(args: argparse.Namespace) -> int:
    os.environ.setdefault('OMP_NUM_THREADS', '1')  # two threads of torch on a busy machine are slower than one
    from rich.console import Console

    from vla_async.progress import ProgressBar
    from vla_async.replay.open_loop import thresholds
    from vla_async.replay.open_loop.judge import Work, short_names
    from vla_async.replay.open_loop.page import write_page
    from vla_async.replay.open_loop.pool import judged
    from vla_async.replay.open_loop.report import make_report, write_json
    from vla_async.replay.open_loop.table import print_report
    configurations = _configurations(args)
    limits = thresholds.read(args.thresholds) if args.thresholds else ()
    works = [Work(bag, name, args.robot, configurations, args.seed)
             for bag, name in zip(args.bags, short_names(args.bags), strict=True)]
    folder = args.report or Path('runs') / time.strftime('%Y-%m-%d_%H-%M-%S')
    began_s = time.monotonic()
    with ProgressBar('bags') as bar:
        found = {bag.bag: bag for bag in bar.track(judged(works, args.jobs, args.cluster), len(works))}
    bags = [found[bag] for bag in args.bags]
    report = make_report(bags, configurations, limits, args.seed)
    write_json(report, folder / 'report.json')
    write_json({'began': time.strftime('%Y-%m-%dT%H:%M:%S%z'), 'seconds': time.monotonic() - began_s,
                'bags': [str(bag.resolve()) for bag in args.bags]}, folder / 'run.json')
    write_page(folder, report, bags)
    print_report(report, bags, folder, Console())
    if any(bag.faults for bag in bags):
        return BAD_BAGS
    return 0 if report['verdict']['passed'] else MISSED


def _configurations(args: argparse.Namespace) -> tuple[Configuration, ...]:
    from vla_async import checkpoints
    if args.jobs < 1:
        raise ConfigError(f'--jobs must be at least 1, got {args.jobs}')
    if len({bag.resolve() for bag in args.bags}) < len(args.bags):
        raise ConfigError('a bag is named twice')
    try:
        delays = [float(text) / 1e3 for text in args.delay.split(',')]
    except ValueError as error:
        raise ConfigError(f'--delay {args.delay!r}: must be milliseconds, for example 0,100,300') from error
    folders = [str(checkpoints.find(name)) for name in args.checkpoint]
    return tuple(combinations(args.fuser.split(','), delays, folders))
