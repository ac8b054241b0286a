"""Bags in: an MCAP file or a rosbag2 folder, read without any ROS installation."""
from __future__ import annotations

from collections.abc import Container, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from mcap.reader import make_reader
from rosbags.highlevel import AnyReader

from vla_async.errors import DataError
from vla_async.picture import decoded
from vla_async.replay.bag_files import bag_files, check_whole
from vla_async.replay.cdr import header_stamp_ns
from vla_async.timebase import NS_PER_S

COMPRESSED = 'sensor_msgs/msg/CompressedImage'
# innermost namespaces of what the suite says beside a robot's own topics, for displays and of a bag that is played; no
# robot's
GHOST, RECORDED = 'ghost', 'recorded'


@dataclass(frozen=True)
class Received:
    """A message as it was recorded."""

    topic: str  # relative name, without namespace
    received_ns: int
    message: Any


@dataclass(frozen=True)
class Sent:
    """When a message left its sender."""

    topic: str  # absolute name
    stamp_ns: int  # of its header
    sent_ns: int


@contextmanager
def open_bag(bag: Path) -> Iterator[AnyReader]:
    """Reader of a bag folder or of a single .mcap file in one; raises DataError when it cannot be read."""
    folder = bag.parent if bag.is_file() else bag
    check_whole(folder)
    try:
        reader = AnyReader([folder])
        reader.open()
    except Exception as error:  # the reader and its decoders raise errors of their own, of any kind
        raise DataError(f'{bag}: not a readable bag: {error}') from error
    try:
        yield reader
    finally:
        reader.close()


def messages(reader: AnyReader, *topics: str) -> Iterator[Received]:
    """Messages of the named topics (relative names) in the order in which they were received.

    Pictures that were recorded compressed come as the others do, under the name of those. Raises DataError where the
    bag is damaged.
    """
    wanted = {connection.topic: topic for topic in topics for connection in connections_of(reader, topic)}
    if not wanted:
        return
    try:
        for connection, received_ns, raw in reader.messages([c for c in reader.connections if c.topic in wanted]):
            message = reader.deserialize(raw, connection.msgtype)
            yield Received(wanted[connection.topic], received_ns, as_picture(message))
    except Exception as error:  # as above
        raise DataError(f'{reader.paths[0]}: damaged bag: {error}') from error


def raw_messages(reader: AnyReader, names: Container[str]) -> Iterator[tuple[str, int, bytes]]:
    """Topic, time of receipt [ns] and serialised message on the topics of these absolute names, in that time's order.

    Raises DataError where the bag is damaged.
    """
    try:
        for connection, received_ns, raw in reader.messages([c for c in reader.connections if c.topic in names]):
            yield connection.topic, received_ns, bytes(raw)
    except Exception as error:  # as above
        raise DataError(f'{reader.paths[0]}: damaged bag: {error}') from error


def sent_messages(bag: Path, *topics: str) -> Iterator[Sent]:
    """When messages with a header were sent, which `messages` does not tell; of them only the stamp is decoded.

    Raises DataError where the bag is damaged.
    """
    check_whole(bag)
    for path in bag_files(bag):
        try:
            with path.open('rb') as stream:
                for _, channel, message in make_reader(stream).iter_messages():
                    if any(is_topic(channel.topic, topic) for topic in topics):
                        yield Sent(channel.topic, header_stamp_ns(message.data), message.publish_time)
        except Exception as error:  # as above
            raise DataError(f'{path}: damaged bag: {error}') from error


def is_topic(name: str, relative: str) -> bool:
    """Whether `name` is the relative topic name in whatever namespace of a robot."""
    name, ending = '/' + name.lstrip('/'), '/' + relative.lstrip('/')
    namespace = name.removesuffix(ending)
    return name.endswith(ending) and namespace.rpartition('/')[2] not in (GHOST, RECORDED)


def has_topic(reader: AnyReader, relative: str) -> bool:
    """Whether anything was recorded on that topic."""
    return any(connection.msgcount for connection in connections_of(reader, relative))


def connections_of(reader: AnyReader, relative: str) -> list[Any]:
    """Where the bag has that topic; for pictures that it has compressed only, where it has these."""
    plain = [c for c in reader.connections if is_topic(c.topic, relative)]
    packed = [c for c in reader.connections if c.msgtype == COMPRESSED and is_topic(c.topic, f'{relative}/compressed')]
    return plain or packed


def as_picture(message: Any) -> Any:
    """What a sensor_msgs/Image would hold, of a sensor_msgs/CompressedImage; other messages as they are."""
    if message.__msgtype__ != COMPRESSED:
        return message
    picture = decoded(bytes(message.data))
    height, width, _ = picture.shape
    return SimpleNamespace(header=message.header, height=height, width=width, encoding='rgb8', is_bigendian=0,
                           step=3 * width, data=picture.reshape(-1))


def to_ns(stamp: Any) -> int:
    """Time or duration message [ns]."""
    return int(stamp.sec) * NS_PER_S + int(stamp.nanosec)


def stamp_of(message: Any) -> int:
    """Stamp of a message's header [ns]."""
    return to_ns(message.header.stamp)


def identity(bag: Path) -> dict[str, str]:
    """What the recorder noted of itself: robot, checkpoint; nothing for bags of other recorders.

    Raises DataError where the bag is damaged.
    """
    for path in bag_files(bag):
        try:
            with path.open('rb') as stream:
                for record in make_reader(stream).iter_metadata():
                    if record.name == 'vla_async':
                        return dict(record.metadata)
        except Exception as error:  # as above
            raise DataError(f'{path}: damaged bag: {error}') from error
    return {}
