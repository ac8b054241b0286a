"""The process as a member of the graph before its node is there, for one that stands by in place of another.

Until a new process and a dozen others know each other's endpoints Fast DDS takes 0.5 to 7 s, most of which all of them
wait for each other's next heartbeat. A node in a process that they know already is heard and answered within 10 ms.
"""
from __future__ import annotations

import os
import sys

import rclpy
from rclpy.context import Context
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.signals import SignalHandlerOptions

from vla_async.nodes.arguments import NAME, remaps

_places: list[Node] = []
_predecessors: list[int] = []


def join() -> None:
    """Become a member, under a hidden name."""
    rclpy.init(args=sys.argv, signal_handler_options=SignalHandlerOptions.NO)
    _places.append(quiet_node(f'_standing_by_{os.getpid()}'))


def quiet_node(name: str, context: Context | None = None) -> Node:
    """A node that says and offers as little as it can; topics are called as for the node of this process."""
    rules = [word for rule in remaps(sys.argv) if rule.partition(':=')[0] != NAME for word in ('--remap', rule)]
    return Node(name, context=context, cli_args=['--ros-args', *rules], use_global_arguments=False,
                start_parameter_services=False, enable_rosout=False,
                parameter_overrides=[Parameter('start_type_description_service', value=False)])


def leave() -> None:
    """Give up that place: the node of the process is there, or will never be."""
    while _places:
        _places.pop().destroy_node()


def succeed(process: int) -> None:
    """Take the place of the process of this id, which has ended."""
    _predecessors.append(process)


def predecessor() -> int | None:
    """Id of the process that this one was called up to replace; None for one that replaces nobody."""
    return _predecessors[-1] if _predecessors else None
