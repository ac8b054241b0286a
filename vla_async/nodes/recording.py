"""Every topic of the suite into an MCAP bag, serialised as it came: recording costs little beside the copying."""
from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from rclpy.node import Node
from sensor_msgs.msg import Image

from vla_async.embodiment import load
from vla_async.errors import ConfigError, DataError
from vla_async.nodes import topics
from vla_async.nodes.clocks import ReceiptTimes
from vla_async.nodes.diagnostics import ERROR, OK, Diagnosis, DiagnosticsPublisher
from vla_async.nodes.parameters import RobotParameters, parameter
from vla_async.nodes.picture_compression import compress, compressed
from vla_async.nodes.polling import PolledSubscription, Received
from vla_async.nodes.qos import qos_yaml
from vla_async.nodes.topics import Topic
from vla_async.replay.audit import TopicAudit, summary, write_audit
from vla_async.replay.bag_writer import BagWriter, Channel
from vla_async.replay.message_definitions import definition
from vla_async.replay.provenance import provenance

NICENESS = 15  # watching must not slow what is watched
PERIOD_S = 0.05
FLUSH_PERIOD_S = 0.5  # with what a busy machine adds, a kill costs less than a second
STANDSTILL_S = 5.0  # diagnostics alone, this node's own too, come every second
DEPTH, IMAGE_DEPTH = 100, 16  # what may arrive while a flush compresses
MB = 10**6


@dataclass(frozen=True)
class Parameters(RobotParameters):
    """Parameters of recorder."""

    folder: str = parameter('', 'folder of the bag; it must not hold one yet')
    checkpoint: str = parameter('', "policy's name or folder, whose name and SHA-256 sum are noted in the bag")
    compress: bool = parameter(True, 'compress with zstd: a fifth of the size for a twentieth of a core')
    compress_images: bool = parameter(False, 'pictures as JPEG, on <camera>/image_raw/compressed')
    split_mb: int = parameter(0, 'begin a new file when the present one has this size; 0: never [MB]',
                              low=0, high=1_000_000)


@dataclass
class _Source:
    """A topic on its way into the bag."""

    subscription: PolledSubscription
    handle: int
    audit: TopicAudit
    name: str  # absolute
    convert: Callable[[bytes], bytes]


class Recording:
    """Subscribes to the table of topics and drains the subscriptions in a thread of its own."""

    def __init__(self, node: Node, values: Parameters) -> None:
        """Raises VlaAsyncError for a folder that holds a bag, an unknown robot and an unknown checkpoint."""
        self.folder = Path(values.folder)
        if not values.folder or (self.folder / 'metadata.yaml').exists() or list(self.folder.glob('*.mcap')):
            raise ConfigError(f'recorder: folder {values.folder!r} must name a folder without a bag; '
                              'give another one, or remove what is there')
        robot = load(values.robot)
        self._node, self._values = node, values
        self._bag = self._open()
        self._sources = [self._source(topic) for topic in topics.everything(robot)]
        self._stop = threading.Event()
        self._wrote_s = time.monotonic()
        self._times = ReceiptTimes(node.get_clock())
        self._refused = 0  # pictures that could not be compressed
        self.fault: Exception | None = None
        self._thread = threading.Thread(target=self._run, name='recording', daemon=True)
        self._diagnostics = DiagnosticsPublisher(node, 'bag', values.robot, self._diagnose)
        self._thread.start()

    @property
    def messages(self) -> int:
        """Messages so far."""
        return self._bag.messages

    @property
    def size(self) -> int:
        """Bytes in the file system so far."""
        return self._bag.size

    @property
    def topics(self) -> int:
        """How many topics it listens to."""
        return len(self._sources)

    def silent(self) -> list[str]:
        """Topics on which nothing has come."""
        return sorted(source.name for source in self._sources if not source.audit.messages)

    def audit(self) -> dict[str, object]:
        """What was recorded so far."""
        return summary({source.name: source.audit for source in self._sources})

    def close(self) -> None:
        """Take what still lies in the subscriptions, end the bag with index and audit; a second call does nothing."""
        if self._stop.is_set():
            return
        self._stop.set()
        self._thread.join()
        if self.fault is None:
            self._drain()
            self._bag.close()
            write_audit(self.audit(), self.folder)

    def _open(self) -> BagWriter:
        values = self._values
        about = provenance(values.robot, values.checkpoint)
        try:
            return BagWriter(self.folder, about, compress=values.compress, split_bytes=values.split_mb * MB)
        except OSError as error:
            raise ConfigError(f'recorder: folder {values.folder!r} cannot be written: {error.strerror}') from error

    def _source(self, topic: Topic) -> _Source:
        shrinks = self._values.compress_images and topic.message is Image
        written = compressed(topic) if shrinks else topic
        kind = f'{written.message.__module__.split(".")[0]}/msg/{written.message.__name__}'
        text = definition(kind, lambda package: Path(get_package_share_directory(package)))
        name = self._node.resolve_topic_name(written.name)
        depth = IMAGE_DEPTH if topic.message is Image else DEPTH
        return _Source(PolledSubscription(self._node, topic, depth=depth, raw=True),
                       self._bag.channel(Channel(name, kind, text, qos_yaml(topic.qos))), TopicAudit(text), name,
                       compress if shrinks else _as_it_is)

    def _run(self) -> None:
        flushed_s = time.monotonic()
        try:
            while not self._stop.wait(PERIOD_S):
                self._drain()
                if time.monotonic() - flushed_s >= FLUSH_PERIOD_S:
                    flushed_s = time.monotonic()
                    self._bag.flush()
        except Exception as error:  # a full disk, say, ends the recording and nothing else
            self.fault = error
            self._node.get_logger().error(f'recording ended: {error}')

    def _drain(self) -> None:
        if not self._times.look():
            return
        held = [(received, source) for source in self._sources for received in source.subscription.drain()]
        for received, source in sorted(held, key=lambda one: one[0].received_ns):  # files follow upon another in time
            self._write(received, source)

    def _write(self, received: Received, source: _Source) -> None:
        try:
            data = source.convert(received.message)
        except DataError as error:
            if not self._refused:  # once, not for each message of a stream
                self._node.get_logger().error(f'{source.name}: {error}')
            self._refused += 1
            return
        received_ns = self._times.of(received.received_ns)
        self._bag.write(source.handle, received_ns, self._times.of(received.sent_ns), data)
        source.audit.take(received_ns, data)
        self._wrote_s = time.monotonic()

    def _diagnose(self) -> Diagnosis:
        values = {'messages': self.messages, 'MB': self.size / MB, 'pictures refused': self._refused,
                  'silent': len(self.silent())}
        if self.fault is not None:
            return Diagnosis(ERROR, f'recording ended: {self.fault}', values)
        age_s = time.monotonic() - self._wrote_s
        if age_s > STANDSTILL_S:
            return Diagnosis(ERROR, f'nothing has been recorded for {age_s:.2f} s', values)
        return Diagnosis(OK, 'recording', values)


def _as_it_is(data: bytes) -> bytes:
    return data
