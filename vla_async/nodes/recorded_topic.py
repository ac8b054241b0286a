"""One topic on its way into a bag: its subscription, its channel, and what the audit says of it."""
from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from rclpy.node import Node
from sensor_msgs.msg import Image

from vla_async.nodes.picture_compression import compress, compressed
from vla_async.nodes.polling import PolledSubscription, Received
from vla_async.nodes.qos import qos_yaml
from vla_async.nodes.topics import Topic
from vla_async.replay.audit import TopicAudit
from vla_async.replay.bag_writer import BagWriter, Channel
from vla_async.replay.message_definitions import definition

DEPTH, IMAGE_DEPTH = 1000, 16  # what may arrive while a flush compresses, or while others have the processor


class RecordedTopic:
    """An optional topic enters bag and audit with its first message, any other one as silent."""

    def __init__(self, node: Node, topic: Topic, bag: BagWriter, *, compress_images: bool) -> None:
        self._shrinks = compress_images and topic.message is Image
        written = compressed(topic) if self._shrinks else topic
        kind = f'{written.message.__module__.split(".")[0]}/msg/{written.message.__name__}'
        text = definition(kind, lambda package: Path(get_package_share_directory(package)))
        self.name = node.resolve_topic_name(written.name)  # absolute
        self.audit = TopicAudit(text)
        self._optional, self._bag = topic.optional, bag
        self._channel = Channel(self.name, kind, text, qos_yaml(topic.qos))
        self._handle = None if topic.optional else bag.channel(self._channel)
        depth = IMAGE_DEPTH if topic.message is Image else DEPTH
        self._subscription = PolledSubscription(node, topic, depth=depth, raw=True)
        self._last: Received | None = None

    @property
    def expected(self) -> bool:
        """Whether it is worth a word that nothing came."""
        return not self._optional or self.audit.messages > 0

    def drain(self) -> list[Received]:
        """All messages that came, serialised, oldest first."""
        came = []
        for received in self._subscription.drain():
            self._last = in_order(self._last, received)
            came.append(self._last)
        return came

    def write(self, received_ns: int, sent_ns: int, data: bytes) -> None:
        """One message into the bag; times are ROS time [ns]. Raises DataError for a picture that is none."""
        if self._shrinks:
            data = compress(data)
        if self._handle is None:
            self._handle = self._bag.channel(self._channel)
        self._bag.write(self._handle, received_ns, sent_ns, data)
        self.audit.take(received_ns, data)

    def destroy(self) -> None:
        """Unsubscribe."""
        self._subscription.destroy()


def in_order(last: Received | None, received: Received) -> Received:
    """The next message of a topic as it is recorded, after `last`: not before that, if it was sent after it.

    DDS holds what comes after a lost message back until that has come, too, but keeps the time at which it came itself.
    """
    if last is None or received.received_ns >= last.received_ns or received.sent_ns < last.sent_ns:
        return received
    return replace(received, received_ns=last.received_ns)
