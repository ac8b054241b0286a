"""A bag over DDS: what came from robot, cameras and people as it was, what the suite said aside, and the bag's time."""
from __future__ import annotations

from collections.abc import Callable

from rclpy.node import Node
from rosbags.highlevel import AnyReader
from rosgraph_msgs.msg import Clock

from vla_async.embodiment import Embodiment
from vla_async.errors import DataError
from vla_async.nodes import qos, topics
from vla_async.nodes.conversions import to_time
from vla_async.nodes.picture_compression import decompress
from vla_async.nodes.topics import Topic
from vla_async.replay.bag import COMPRESSED, RECORDED, connections_of, raw_messages
from vla_async.timebase import NS_PER_MS

CLOCK_PERIOD_NS = NS_PER_MS
Publish = Callable[[bytes], None]


class BagPlayer:
    """Publishes a bag up to a time that it is told; times are those at which messages were received [ns].

    On the topics on which the suite itself speaks, those of commands above all, nothing is published.
    """

    def __init__(self, node: Node, reader: AnyReader, robot: Embodiment) -> None:
        """Raises DataError for a bag without any topic of the suite."""
        self._clock = node.create_publisher(Clock, '/clock', qos.EVENTS)
        aside = {topic.name for topic in topics.produced(robot)}
        self._publish: dict[str, Publish] = {}
        for topic in topics.everything(robot):
            for connection in connections_of(reader, topic.name):
                to = _aside(topic) if topic.name in aside else topic
                self._publish[connection.topic] = _publisher(node, to, packed=connection.msgtype == COMPRESSED)
        if not self._publish:
            raise DataError(f'{reader.paths[0]}: no topic of the suite in it')
        self._messages = raw_messages(reader, self._publish)
        self._next = next(self._messages, None)
        self.start_ns, self.end_ns = reader.start_time, reader.end_time
        self.now_ns = self.start_ns

    @property
    def done(self) -> bool:
        """Whether the whole bag was published."""
        return self.now_ns >= self.end_ns

    def tell_time(self) -> None:
        """Publish the present time of the bag on /clock."""
        self._clock.publish(Clock(clock=to_time(self.now_ns)))

    def advance(self, bag_ns: int) -> None:
        """Publish what the bag holds up to `bag_ns` in its order, and /clock at each millisecond of the bag."""
        while self.now_ns < min(bag_ns, self.end_ns):
            self.now_ns += CLOCK_PERIOD_NS
            self.tell_time()
            self._publish_due()

    def _publish_due(self) -> None:
        while self._next is not None and self._next[1] <= self.now_ns:
            topic, _, data = self._next
            self._publish[topic](data)
            self._next = next(self._messages, None)


def _aside(topic: Topic) -> Topic:
    return Topic(f'{RECORDED}/{topic.name.lstrip("/")}', topic.message, topic.qos)


def _publisher(node: Node, topic: Topic, *, packed: bool) -> Publish:
    """Publishes serialised messages, of pictures that are compressed in the bag the pictures."""
    publish: Publish = topic.advertise(node).publish
    return (lambda data: publish(decompress(data))) if packed else publish
