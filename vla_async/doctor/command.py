"""The subcommand `doctor`."""
from __future__ import annotations

import argparse

from vla_async.doctor.check import FAIL, OK, WARN, Check, Finding
from vla_async.errors import VlaAsyncError

COLOURS = {OK: 'green', WARN: 'yellow', FAIL: 'red'}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Of what: the machine, or a robot."""
    parser.add_argument('--robot', metavar='ROBOT', help='instead: look at the file of this robot (name or YAML file) '
                        'beside its URDF')
    parser.epilog = (f'{parser.epilog}\n\nThe exit status is 1 when something is missing that the demo needs, or when '
                     'the robot file promises more than the URDF.')


def checks() -> tuple[Check, ...]:
    """All checks, the ones that others rest on first."""
    from vla_async.doctor import machine, models, ros
    return (Check('Python', machine.python), Check('build tools', machine.build_tools),
            Check('shared memory', machine.shared_memory), Check('ROS wheels', ros.wheels),
            Check('messages', ros.own_messages), Check('DDS', ros.loopback), Check('rendering', models.rendering),
            Check('torch', models.gpu), Check('checkpoint', models.checkpoint))


def run(args: argparse.Namespace) -> int:
    """Ask all; 1 when something failed."""
    from vla_async.doctor import robot
    return examine(checks() if args.robot is None else robot.checks(args.robot))


def examine(asked: tuple[Check, ...]) -> int:
    """Print a line per check and the cure below it; 1 when one failed."""
    from rich.console import Console
    from rich.markup import escape
    console = Console(highlight=False, soft_wrap=True)
    failed = 0
    for check in asked:
        finding = _ask(check)
        failed += finding.level == FAIL
        colour = COLOURS[finding.level]
        console.print(f'[{colour}]{finding.level:>4}[/]  {check.name}: {escape(finding.what)}')
        if finding.cure:
            console.print(f'      [bold]mend:[/] {escape(finding.cure)}')
    console.print('\neverything is in place' if not failed else f'\n{failed} of {len(asked)} checks failed')
    return 1 if failed else 0


def _ask(check: Check) -> Finding:
    """A check that breaks is a finding as well: the doctor goes on to the next one."""
    try:
        return check.ask()
    except VlaAsyncError as error:
        return Finding(FAIL, str(error))
    except Exception as error:  # whatever is broken on this machine, the others still need to be asked
        return Finding(FAIL, f'{type(error).__name__}: {error}')
