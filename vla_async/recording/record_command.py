"""The subcommand `record`: every topic of the suite into a bag, until Ctrl-C."""
from __future__ import annotations

import argparse
import time
from pathlib import Path

from vla_async.errors import ConfigError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What is recorded, and where it goes."""
    parser.add_argument('--robot', default='astribot_s1', help='name or YAML file of the robot (default: %(default)s)')
    parser.add_argument('--checkpoint', default='', help='name or folder of the policy, to be noted in the bag')
    parser.add_argument('--namespace', default='', help='namespace of nodes and topics')
    parser.add_argument('--out', type=Path, metavar='FOLDER', help='folder of the bag (default: runs/<time>/bag)')
    parser.add_argument('--split-mb', type=int, default=0, metavar='N',
                        help='begin a new file when the present one has N megabytes (default: never)')
    parser.add_argument('--compress-images', action='store_true',
                        help='pictures as JPEG, on <camera>/image_raw/compressed')
    parser.add_argument('--speed-scaling-topic', default='', metavar='TOPIC',
                        help="the bridge's parameter of this name, where it is set: record that topic as well")


def run(args: argparse.Namespace) -> int:
    """Record until Ctrl-C and print the audit; 0 when anything was recorded, else 1."""
    if args.split_mb < 0:
        raise ConfigError('--split-mb must not be negative')

    from rich.console import Console

    from vla_async.nodes.recording import Parameters
    from vla_async.recording.audit_table import print_audit
    from vla_async.recording.session import record
    folder = (args.out or Path('runs') / time.strftime('%Y-%m-%d_%H-%M-%S') / 'bag').resolve()
    values = Parameters(robot=args.robot, folder=str(folder), checkpoint=args.checkpoint,
                        compress_images=args.compress_images, split_mb=args.split_mb,
                        speed_scaling_topic=args.speed_scaling_topic)
    console = Console()
    audit = record(values, args.namespace, console)
    print_audit(audit, console)
    return 0 if audit['messages'] else 1
