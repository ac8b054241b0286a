"""The subcommand `bench`: what can be measured, each with a module of its own that is loaded when it is asked for."""
from __future__ import annotations

import argparse

from vla_async.bench.faults import command as faults
from vla_async.bench.fusion import command as fusion
from vla_async.bench.pipeline import command as pipeline
from vla_async.bench.replay import command as replay

KINDS = {'pipeline': (pipeline, 'the whole graph over DDS, in real time'),
         'faults': (faults, 'what the robot does when something breaks'),
         'fusion': (fusion, 'every fuser on the same chunks, in virtual time'),
         'replay': (replay, 'how fast a long bag is judged, and in what memory')}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """One subcommand for each kind."""
    kinds = parser.add_subparsers(title='what to measure', metavar='<what>', required=True)
    for name, (module, summary) in KINDS.items():
        kind = kinds.add_parser(name, help=summary, description=f'{summary[0].upper()}{summary[1:]}.')
        module.add_arguments(kind)
        kind.set_defaults(measure=module.run)


def run(args: argparse.Namespace) -> int:
    """Measure; 1 when a target is missed."""
    return int(args.measure(args))
