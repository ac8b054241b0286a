"""`vla-async nudge`: `chunk_fuser` and `hardware_bridge` do with its chunks what they do with those of a policy."""
from __future__ import annotations

import argparse
import sys

from vla_async import embodiment
from vla_async.nudge.way import FARTHEST, Way


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the subcommand."""
    parser.add_argument('--robot', required=True, help='name or YAML file of the robot')
    parser.add_argument('--joint', required=True, help='which joint')
    parser.add_argument('--by', type=float, default=0.05, metavar='Q',
                        help=f'how far [rad or m], either way, at most {FARTHEST} (default: %(default)s)')
    parser.add_argument('--seconds', type=float, default=4.0, metavar='S', help='there and back (default: 4)')


def run(args: argparse.Namespace) -> int:
    """Move the joint; 0 when it went at least half as far as it was to, else 1."""
    robot = embodiment.load(args.robot)
    way = Way.of(robot, args.joint, args.by, args.seconds)

    import rclpy  # here, so that `--help` stays quick
    from rclpy.executors import SingleThreadedExecutor
    from rclpy.signals import SignalHandlerOptions

    from vla_async.nudge.nudge import Nudge
    with rclpy.init(signal_handler_options=SignalHandlerOptions.NO):  # Ctrl-C stays a KeyboardInterrupt
        node, executor = rclpy.create_node('nudge'), SingleThreadedExecutor()
        executor.add_node(node)
        result = Nudge(node, executor, robot, way).run()
    sys.stdout.write(f'{args.joint} moved {result.moved:+.4f} of {args.by:+.4f} and rests {result.left:.4f} from where '
                     f'it began;\nit was at most {result.behind:.4f} from its set-point; bridge: {result.bridge}\n')
    return 0 if result.moved / args.by >= 0.5 else 1
