"""`vla-async view`: a process of its own and a nice one, so that looking costs the suite nothing."""
from __future__ import annotations

import argparse
import os
import re
import sys

from vla_async import embodiment
from vla_async.errors import ConfigError
from vla_async.launcher.transport import transport
from vla_async.security.policy import enclave

NICENESS = 15
NAMESPACE = re.compile(r'(/[A-Za-z_]\w*)*', re.ASCII)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the subcommand."""
    parser.add_argument('--robot', default='astribot_s1', help='name or YAML file of the robot (default: %(default)s)')
    parser.add_argument('--namespace', default='', metavar='NS', help='of all nodes and topics (default: none)')
    parser.add_argument('--port', type=int, default=8080, metavar='N', help='of the page (default: %(default)s)')
    parser.add_argument('--host', default='127.0.0.1', metavar='ADDRESS', help='who may look: 0.0.0.0 is everybody in '
                        'the network (default: %(default)s, only this machine)')
    parser.add_argument('--domain', type=int, metavar='N', help='ROS domain of the suite, which `vla-async demo` names '
                        '(default: ROS_DOMAIN_ID)')
    parser.add_argument('--sim-time', action='store_true', help='follow /clock, as when a bag is played')


def run(args: argparse.Namespace) -> int:
    """Serve the page until Ctrl-C."""
    robot, ros_arguments = embodiment.load(args.robot), _ros_arguments(args)
    if args.domain is not None:
        os.environ['ROS_DOMAIN_ID'] = str(args.domain)
    os.environ.update(transport(os.environ, pictures=True))

    from vla_async.nodes.process import run as run_node  # here, so that `--help` stays quick
    from vla_async.nodes.threads import be_nice
    from vla_async.view.viewer import Viewer
    from vla_async.viz.page import Page
    be_nice(NICENESS)  # before there are threads
    page = Page(robot, args.host, args.port)
    try:
        sys.stdout.write(f'{robot.name} at {page.address}  (Ctrl-C ends it)\n')
        sys.stdout.flush()
        return run_node(lambda: Viewer(robot, page), ros_arguments)
    finally:
        page.close()


def _ros_arguments(args: argparse.Namespace) -> list[str]:
    """What rclpy is told; raises ConfigError for what is no namespace."""
    from vla_async.view.viewer import NAME
    namespace = f'/{args.namespace.strip("/")}'.rstrip('/')
    if not NAMESPACE.fullmatch(namespace):
        raise ConfigError(f'--namespace must be a name as left or /site/left, got {args.namespace!r}')
    return ['view', '--ros-args', '--enclave', enclave(NAME), '--remap', f'__ns:={namespace or "/"}',
            '--param', f'use_sim_time:={str(args.sim_time).lower()}']
