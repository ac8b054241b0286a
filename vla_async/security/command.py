"""The subcommand `security`: the SROS2 policy of a robot."""
from __future__ import annotations

import argparse
import re
import sys

from vla_async import embodiment
from vla_async.errors import ConfigError
from vla_async.security.policy import policy_xml
from vla_async.security.rights import rights


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the subcommand."""
    parser.add_argument('what', choices=['policy'], help='policy: who may publish and ask for what, as XML for '
                        '`ros2 security generate_artifacts`, on the standard output')
    parser.add_argument('--robot', default='astribot_s1', help='name or YAML file of the robot (default: %(default)s)')
    parser.add_argument('--namespace', default='/', metavar='NS', help='of all nodes and topics (default: %(default)s)')


def run(args: argparse.Namespace) -> int:
    """Write the policy."""
    sys.stdout.write(policy(args.robot, args.namespace))
    return 0


def policy(robot: str, namespace: str = '/') -> str:
    """Policy of the robot of that name or file; raises ConfigError for names that ROS does not know as such."""
    if not re.fullmatch(r'/|(/[A-Za-z_]\w*)+', namespace, re.ASCII):
        raise ConfigError(f'--namespace must be absolute, as /left or /site/left, got {namespace!r}')
    return policy_xml(rights(embodiment.load(robot)), namespace)
