"""The subcommand `bag`: what a bag holds and lacks, a cure for one that was cut off, its replay, its robot."""
from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from vla_async.errors import ConfigError

SAME, DIFFERENT = 1e-9, 3  # [rad or m, per s, per s^2]; exit code


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to do with which bag."""
    actions = parser.add_subparsers(title='what to do', metavar='<action>', required=True)
    audit = actions.add_parser('audit', help='messages, gaps, latency and silent topics of any MCAP bag')
    audit.add_argument('bag', type=Path, help='folder of the bag, or one MCAP file')
    audit.add_argument('--json', type=Path, metavar='OUT', help='where the figures go')
    audit.set_defaults(action=_audit)
    mend = actions.add_parser('mend', help='give a bag whose recording was cut off its index')
    mend.add_argument('bag', type=Path, help='folder of the bag')
    mend.set_defaults(action=_mend)
    verify = actions.add_parser('verify', help='make chunks and motion again and compare them with what was recorded')
    verify.add_argument('bag', type=Path, help='folder of the bag')
    verify.add_argument('--robot', help='name or YAML file (default: the one that the bag names)')
    verify.add_argument('--checkpoint', metavar='NAME', help='name or folder (default: the one that the bag names)')
    verify.set_defaults(action=_verify)
    scene = actions.add_parser('scene', help='write the robot of a bag for Foxglove: its description and its frames')
    scene.add_argument('bag', type=Path, help='folder of the bag, or one MCAP file in it')
    scene.add_argument('--out', type=Path, metavar='FILE', help='MCAP file (default: <bag>_scene.mcap beside it)')
    scene.add_argument('--robot', help='name or YAML file (default: the one that the bag names)')
    scene.add_argument('--namespace', help='of the robot, where the bag holds several')
    scene.set_defaults(action=_scene)


def run(args: argparse.Namespace) -> int:
    """Do it; 0 when done, 3 when a bag does not replay to the same."""
    return int(args.action(args))


def _audit(args: argparse.Namespace) -> int:
    from rich.console import Console

    from vla_async.recording.audit_table import print_audit
    from vla_async.replay.audit import audit_bag
    audit = audit_bag(args.bag)
    print_audit(audit, Console())
    if args.json is not None:
        args.json.parent.mkdir(parents=True, exist_ok=True)
        args.json.write_text(json.dumps(audit, indent=2, allow_nan=False) + '\n')
    return 0


def _mend(args: argparse.Namespace) -> int:
    from vla_async.replay.mend import mend
    mended = mend(args.bag)
    for path, messages in mended.items():
        sys.stdout.write(f'{path}: {messages} messages, with an index now\n')
    if not mended:
        sys.stdout.write(f'{args.bag}: nothing to mend\n')
    return 0


def _scene(args: argparse.Namespace) -> int:
    from vla_async.progress import ProgressBar
    from vla_async.replay.scene import default_file, robot_of, write_scene
    robot, out = robot_of(args.bag, args.robot), args.out or default_file(args.bag)
    with ProgressBar('joint states') as bar:
        scene = write_scene(args.bag, robot, out, args.namespace, bar.update)
    if scene.left_out:
        sys.stdout.write(f'{scene.left_out} joint states left out; the first one: {scene.why}\n')
    sys.stdout.write(f'{out}: {robot.name} at {scene.moments} moments; open it together with {args.bag}\n')
    return 0


def _verify(args: argparse.Namespace) -> int:
    os.environ.setdefault('OMP_NUM_THREADS', '1')  # as in the nodes
    from vla_async import checkpoints, embodiment
    from vla_async.acting.policy import load_generator
    from vla_async.replay.bag import identity
    from vla_async.replay.parity import chunk_parity, motion_parity
    about = identity(args.bag)
    names = (args.robot or about.get('robot'), args.checkpoint or about.get('checkpoint'))
    if None in names:
        raise ConfigError(f'{args.bag} does not say whose it is: name --robot and --checkpoint')
    robot = embodiment.load(str(names[0]))
    generator = load_generator(str(checkpoints.find(str(names[1]))), robot)
    found = {'windows of the fused motion': motion_parity(args.bag, robot),
             'chunks': chunk_parity(args.bag, robot, generator)}
    for what, parity in found.items():
        sys.stdout.write(f'{parity.compared} {what}: largest difference {parity.largest:.3g}; '
                         f'{parity.missing} whose inputs were not recorded\n')
    return 0 if all(parity.compared and parity.largest <= SAME for parity in found.values()) else DIFFERENT
