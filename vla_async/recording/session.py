"""One recording in this process, shown while it runs."""
from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import rclpy
from rclpy.exceptions import InvalidNamespaceException
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from rclpy.validate_namespace import validate_namespace
from rich.console import Console
from rich.live import Live
from rich.text import Text

from vla_async.errors import ConfigError
from vla_async.launcher.environment import ament_prefix_path
from vla_async.launcher.shared_memory import owned_by, ports_of, remove_abandoned
from vla_async.launcher.transport import transport
from vla_async.nodes.recording import MB, Parameters, Recording
from vla_async.security.policy import enclave

POLL_S = 0.25


def record(values: Parameters, namespace: str, console: Console) -> dict[str, Any]:
    """Record until Ctrl-C; returns the audit. Raises VlaAsyncError when it cannot begin or cannot go on."""
    _check(namespace)
    with _node(namespace) as (node, executor):
        recording = Recording(node, values)
        console.print(Text(f'recording into {recording.folder}; Ctrl-C ends it'), soft_wrap=True)
        try:
            with Live(console=console, refresh_per_second=2, get_renderable=lambda: status(recording), transient=True,
                      auto_refresh=console.is_terminal):
                while recording.fault is None:
                    executor.spin_once(timeout_sec=POLL_S)
        except KeyboardInterrupt:  # that is how it ends
            pass
        finally:
            recording.close()
    if recording.fault is not None:
        raise recording.fault
    return recording.audit()


def status(recording: Recording) -> Text:
    """How far it is, and which topics have said nothing."""
    silent = recording.silent()
    line = Text(f'{recording.messages} messages, {recording.size / MB:.1f} MB, {recording.topics - len(silent)} of '
                f'{recording.topics} topics')
    if silent:
        line.append(f'; silent: {", ".join(silent)}', style='yellow')
    return line


@contextmanager
def _node(namespace: str) -> Iterator[tuple[Node, SingleThreadedExecutor]]:
    """The recorder's node, in its enclave and with room for pictures in shared memory; leaves nothing there."""
    os.environ['AMENT_PREFIX_PATH'] = ament_prefix_path(os.environ)
    os.environ.update(transport(os.environ, pictures=True))
    shared = ports_of(int(os.environ.get('ROS_DOMAIN_ID') or 0))
    rclpy.init(args=['--ros-args', '--enclave', enclave('recorder')],
               signal_handler_options=SignalHandlerOptions.NO)  # Ctrl-C stays a KeyboardInterrupt
    try:
        node, executor = Node('recorder', namespace=namespace), SingleThreadedExecutor()
        executor.add_node(node)
        yield node, executor
        executor.shutdown()
        node.destroy_node()
    finally:
        shared |= owned_by(os.getpid())
        rclpy.try_shutdown()
        remove_abandoned(shared)


def _check(namespace: str) -> None:
    try:
        validate_namespace(f'/{namespace.lstrip("/")}')
    except InvalidNamespaceException as error:
        raise ConfigError(f'--namespace {namespace!r} is no name as ROS knows them; left or site/left is') from error
