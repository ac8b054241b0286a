"""The command `vla-async`: one subcommand per module, imported only when it is called."""
from __future__ import annotations

import argparse
import importlib
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata

from vla_async.errors import VlaAsyncError
from vla_async.launcher.interruption import terminated_like_interrupted

INTERRUPTED = 128 + signal.SIGINT
CURE = 'in a ROS workspace `pip install -r requirements-ros.txt` (docs/robot_bringup.md), else `make setup`'


@dataclass(frozen=True, slots=True)
class Command:
    """A subcommand; `module` offers `add_arguments(parser)` and `run(args) -> int`."""

    name: str
    module: str
    summary: str
    examples: str


COMMANDS = (
    Command('demo', 'vla_async.demo.command', 'run the whole graph on a simulated robot, over DDS in real time',
            'vla-async demo\n'
            '  vla-async demo --instruction "touch the red cube with your left hand" --seed 7\n'
            '  vla-async demo --episodes 5 --headless --slow-delay-ms 1500 --report runs/slow'),
    Command('evaluate', 'vla_async.sim.evaluate_command', 'run many episodes in virtual time and count successes',
            'vla-async evaluate --task touch --seeds 1000:1050 --json runs/touch.json\n'
            '  vla-async evaluate --task touch --seeds 1000:1050 --json runs/slow.json --slow-delay-ms 1700 --jobs 2'),
    Command('replay', 'vla_async.recording.replay_command', 'judge policies, fusers and delays on recorded bags',
            'vla-async replay runs/demo/bag --report runs/replay\n'
            '  vla-async replay bags/* --fuser vla_async,act_ensemble --delay 0,100 --thresholds limits.yaml '
            '--report runs/replay\n'
            '  vla-async replay bags/* --checkpoint astribot_s1_touch --report runs/replay\n'
            '  vla-async replay --ros runs/demo/bag --report runs/live'),
    Command('train', 'vla_async.training.command', 'make demonstrations and train reasoner and action expert on them',
            'vla-async train --out runs/touch\n'
            '  vla-async train --out runs/touch --minutes 30 --resume'),
    Command('record', 'vla_async.recording.record_command', 'record every topic of the suite into an MCAP bag',
            'vla-async record --robot so101 --checkpoint runs/policy\n'
            '  vla-async record --out runs/today/bag --split-mb 1000 --compress-images'),
    Command('bag', 'vla_async.recording.bag_command', 'audit a bag, mend or verify it, or write what shows its robot',
            'vla-async bag audit runs/today/bag\n'
            '  vla-async bag mend runs/today/bag\n'
            '  vla-async bag verify runs/today/bag\n'
            '  vla-async bag scene runs/today/bag'),
    Command('doctor', 'vla_async.doctor.command', 'check this machine, or a robot file, and say how to mend it',
            'vla-async doctor\n  vla-async doctor --robot my_robot.yaml'),
    Command('bench', 'vla_async.bench.command', 'measure the running graph, or the fusers side by side',
            'vla-async bench pipeline --json bench.json\n'
            '  vla-async bench fusion --html fusion.html --seeds 5\n'
            '  vla-async bench faults --quick --json faults.json --html faults.html'),
    Command('view', 'vla_async.view.command', 'show a running suite in the browser: robot, cameras, motion',
            'vla-async view --robot so101\n'
            '  vla-async view --domain 42 --port 8081'),
    Command('nudge', 'vla_async.nudge.command', "move one joint a little and back: a robot's first motion",
            'vla-async nudge --robot so101 --joint wrist_roll --by 0.05'),
    Command('security', 'vla_async.security.command', 'who may say what to whom, as a policy for ros2 security',
            'vla-async security policy --robot so101 > policy.xml'),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point; 0 done, 1 an error with its one line on stderr, 2 wrong usage, 130 interrupted, 143 terminated."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    try:
        args = _parser(arguments).parse_args(arguments)
        with terminated_like_interrupted():
            return int(args.run(args))
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith('vla_async'):
            raise
        print(f'vla-async: the Python package {error.name} is missing: {CURE}', file=sys.stderr)
        return 1
    except VlaAsyncError as error:
        print(f'vla-async: {error}', file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED


def _parser(arguments: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog='vla-async', formatter_class=argparse.RawDescriptionHelpFormatter,
        description='Slow reasoning, fast acting and servo-rate motion for vision-language-action policies on ROS 2.',
        epilog='examples:\n  vla-async doctor\n  vla-async demo --seed 7\n  vla-async <command> --help')
    parser.add_argument('--version', action='version', version=f'vla-async {version()}')
    commands = parser.add_subparsers(title='commands', metavar='<command>', required=True)
    named = next((a for a in arguments if not a.startswith('-')), None)
    for command in COMMANDS:
        sub = commands.add_parser(command.name, help=command.summary, description=_sentence(command.summary),
                                  epilog=f'examples:\n  {command.examples}',
                                  formatter_class=argparse.RawDescriptionHelpFormatter)
        if command.name == named:  # the others' modules stay unloaded, so that --help is quick
            module = importlib.import_module(command.module)
            module.add_arguments(sub)
            sub.set_defaults(run=module.run)
    return parser


def _sentence(summary: str) -> str:
    return f'{summary[0].upper()}{summary[1:]}.'


def version() -> str:
    """Version of the installed package; 'unknown' in a tree that was never installed."""
    try:
        return metadata.version('vla_async')
    except metadata.PackageNotFoundError:
        return 'unknown'


if __name__ == '__main__':
    sys.exit(main())
