"""Every topic of the suite into an MCAP bag, serialised as it came: recording costs little beside the copying."""
from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rclpy.exceptions import InvalidTopicNameException
from rclpy.node import Node
from rclpy.validate_topic_name import validate_topic_name

from vla_async.embodiment import load
from vla_async.errors import ConfigError, DataError, EnvironmentFault
from vla_async.nodes import topics
from vla_async.nodes.clocks import ReceiptTimes
from vla_async.nodes.diagnostics import ERROR, OK, Diagnosis, DiagnosticsPublisher
from vla_async.nodes.parameters import RobotParameters, parameter
from vla_async.nodes.polling import Received
from vla_async.nodes.recorded_topic import RecordedTopic
from vla_async.nodes.threads import be_nice
from vla_async.nodes.topics import Topic
from vla_async.replay.audit import summary, write_audit
from vla_async.replay.bag_writer import BagWriter
from vla_async.replay.provenance import provenance
from vla_async.replay.write_fault import write_fault

NICENESS = 5  # watching must not slow what is watched, yet on full cores the least would be too little to keep up
PERIOD_S = 0.05
FLUSH_PERIOD_S = 0.5  # with what a busy machine adds, a kill costs less than a second
STANDSTILL_S = 5.0  # diagnostics alone, this node's own too, come every second
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
    speed_scaling_topic: str = parameter('', "the bridge's parameter of this name, to be recorded as well; empty: none")


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
        recorded = (*topics.everything(robot), *speed_scaling(values.speed_scaling_topic))
        self._bag = self._open()
        self._topics = [RecordedTopic(node, topic, self._bag, compress_images=values.compress_images)
                        for topic in recorded]
        self._stop = threading.Event()
        self._wrote_s = time.monotonic()
        self._times = ReceiptTimes(node.get_clock())
        self._refused = 0  # pictures that could not be compressed
        self.fault: EnvironmentFault | None = None
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
        """How many topics it is about; one that is optional counts once something came."""
        return len(self._expected())

    def silent(self) -> list[str]:
        """Topics on which nothing has come."""
        return sorted(topic.name for topic in self._expected() if not topic.audit.messages)

    def audit(self) -> dict[str, object]:
        """What was recorded so far."""
        return summary({topic.name: topic.audit for topic in self._expected()})

    def close(self) -> None:
        """Take what still lies in the subscriptions, end the bag with index and audit; a second call does nothing."""
        if self._stop.is_set():
            return
        self._stop.set()
        self._thread.join()
        if self.fault is None:
            self._attempt(self._finish)

    def _finish(self) -> None:
        self._drain()
        self._bag.close()
        write_audit(self.audit(), self.folder)

    def _expected(self) -> list[RecordedTopic]:
        return [topic for topic in self._topics if topic.expected]

    def _open(self) -> BagWriter:
        values = self._values
        about = provenance(values.robot, values.checkpoint)
        try:
            return BagWriter(self.folder, about, compress=values.compress, split_bytes=values.split_mb * MB)
        except OSError as error:
            raise ConfigError(f'recorder: folder {values.folder!r} cannot be written: {error.strerror}') from error

    def _run(self) -> None:
        be_nice(NICENESS)
        self._attempt(self._record)

    def _record(self) -> None:
        flushed_s = time.monotonic()
        while not self._stop.wait(PERIOD_S):
            self._drain()
            if time.monotonic() - flushed_s >= FLUSH_PERIOD_S:
                flushed_s = time.monotonic()
                self._bag.flush()

    def _attempt(self, action: Callable[[], None]) -> None:
        """Do it; what goes wrong, a full disk, say, ends the recording and nothing else, and is said at once."""
        try:
            action()
        except Exception as error:
            self._bag.abandon()
            self.fault = write_fault(self.folder, error)
            self._node.get_logger().error(str(self.fault))
            self._diagnostics.publish_last()
            for topic in self._topics:  # nobody need send any more
                topic.destroy()

    def _drain(self) -> None:
        if not self._times.look():
            return
        held = [(received, topic) for topic in self._topics for received in topic.drain()]
        for received, topic in sorted(held, key=lambda one: one[0].received_ns):  # files follow upon another in time
            self._write(received, topic)

    def _write(self, received: Received, topic: RecordedTopic) -> None:
        try:
            topic.write(self._times.of(received.received_ns), self._times.of(received.sent_ns), received.message)
        except DataError as error:
            if not self._refused:  # once, not for each message of a stream
                self._node.get_logger().error(f'{topic.name}: {error}')
            self._refused += 1
            return
        self._wrote_s = time.monotonic()

    def _diagnose(self) -> Diagnosis:
        values = {'messages': self.messages, 'MB': self.size / MB, 'pictures refused': self._refused,
                  'silent': len(self.silent())}
        if self.fault is not None:
            return Diagnosis(ERROR, str(self.fault), values)
        age_s = time.monotonic() - self._wrote_s
        if age_s > STANDSTILL_S:
            return Diagnosis(ERROR, f'nothing has been recorded for {age_s:.2f} s', values)
        return Diagnosis(OK, 'recording', values)


def speed_scaling(name: str) -> tuple[Topic, ...]:
    """The topic of that name, none where it is empty; raises ConfigError for what is no name."""
    try:
        if name:
            validate_topic_name(name)
    except InvalidTopicNameException as error:
        raise ConfigError(f'recorder: speed_scaling_topic {name!r} is no name of a topic') from error
    return (topics.speed_scaling(name),) if name else ()
