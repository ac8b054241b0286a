"""Who commands the robot: one bridge and nobody else, where one that is known to be dead does not count."""
from __future__ import annotations

import os
from collections.abc import Iterable

from rclpy.node import Node
from rclpy.topic_endpoint_info import TopicEndpointInfo

from vla_async.nodes.membership import predecessor
from vla_async.nodes.qos import RESERVE_COMMANDS

# What Fast DDS writes into the id of every endpoint: vendor (2 bytes), host (2), process (the lower half of its id,
# little-endian), a random number (2), and numbers of participant and endpoint
HOST, PROCESS = slice(2, 4), slice(4, 6)
PROCESS_IDS = 1 << 16


def other_commander(node: Node, topics: Iterable[str]) -> str:
    """Who else publishes on one of the topics that the node publishes on, or nothing; a reserve does not count.

    A process that was killed stays in the memory of DDS for 20 s. Our own predecessor, of which its starter has seen
    the end, is not taken for a commander: it has our name, was on our host, and its process is no more. Where endpoint
    ids are made in another way than above (security, other middleware) nobody is excused.
    """
    for topic in map(node.resolve_topic_name, topics):
        publishers = node.get_publishers_info_by_topic(topic)
        living = [publisher for publisher in publishers if publisher.qos_profile.lifespan != RESERVE_COMMANDS.lifespan
                  and not _is_dead(publisher, publishers, node.get_name())]
        if len(living) > 1:
            others = sorted({p.node_name for p in living} - {node.get_name()}) or [f'another {node.get_name()}']
            return f'{", ".join(others)} also commands {topic}; only one commander may'
    return ''


def _is_dead(publisher: TopicEndpointInfo, all_of_them: list[TopicEndpointInfo], name: str) -> bool:
    dead = predecessor()
    if dead is None or publisher.node_name != name:
        return False
    hosts = {bytes(own.endpoint_gid[HOST]) for own in all_of_them
             if own.node_name == name and _process(own) == os.getpid() % PROCESS_IDS}
    return hosts == {bytes(publisher.endpoint_gid[HOST])} and _process(publisher) == dead % PROCESS_IDS


def _process(publisher: TopicEndpointInfo) -> int:
    return int.from_bytes(bytes(publisher.endpoint_gid[PROCESS]), 'little')
