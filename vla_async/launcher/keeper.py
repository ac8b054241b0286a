"""Keeps one node running, as an action of a launch file: `keep <node> [--reserve false] --ros-args ...`.

A reserve stands by for it, as for every process that `vla-async` starts itself. When the node dies the reserve is back
sooner than a new process would be; that of the bridge brakes the robot meanwhile, and knows of a stop that was pressed.
"""
from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from typing import NoReturn

from vla_async.graph import ALL, PIPELINE, SUPERVISION
from vla_async.launcher.interruption import terminated_like_interrupted
from vla_async.launcher.node_command import kept_command
from vla_async.launcher.starter import SPARE_PERIOD_S, ProcessDied, Starter

ROS_ARGUMENTS = '--ros-args'
POLL_S = 0.05
RESERVE_AFTER_S = 15.0  # of the first one; the others follow one by one
TURNS = tuple(spec.name for spec in (*reversed(PIPELINE), *SUPERVISION))  # what is nearest to the motors first


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point; 0 when it was interrupted, 1 when the node dies again and again."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    told = arguments.index(ROS_ARGUMENTS) if ROS_ARGUMENTS in arguments else len(arguments)
    options = _parser().parse_args(arguments[:told])
    spec = next(spec for spec in ALL if spec.name == options.node)
    try:
        with terminated_like_interrupted(), Starter([kept_command(spec, arguments[told:])], os.environ, alone=False,
                                                    spare_delay_s=reserve_after_s(options)) as starter:
            _keep(starter)
    except KeyboardInterrupt:
        return 0
    except ProcessDied as error:
        sys.stderr.write(f'keep: {error}\n')
        return 1


def reserve_after_s(options: argparse.Namespace) -> float:
    """From the start of the node to that of its reserve [s]; infinity: never."""
    turn = TURNS.index(options.node) if options.node in TURNS else len(TURNS)
    return RESERVE_AFTER_S + SPARE_PERIOD_S * turn if options.reserve == 'true' else float('inf')


def _keep(starter: Starter) -> NoReturn:
    while True:
        for name in starter.poll(time.monotonic()):
            sys.stderr.write(f'keep: {name} has ended and is started again\n')
        time.sleep(POLL_S)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog='keep', description='Keep a node of the suite running, with a reserve that takes its place when it dies.')
    parser.add_argument('node', choices=[spec.name for spec in ALL], metavar='node',
                        help=f'one of {", ".join(spec.name for spec in ALL)}')
    parser.add_argument('--reserve', type=str.lower, choices=('true', 'false'), default='true',
                        help='false: a node that dies is started anew (default: %(default)s)')
    return parser


if __name__ == '__main__':
    sys.exit(main())
