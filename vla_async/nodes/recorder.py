"""Every topic of the suite into an MCAP bag, serialised as it came: recording costs little beside the copying."""
from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from ament_index_python.packages import get_package_share_directory
from rclpy.node import Node
from rclpy.qos import QoSProfile
from sensor_msgs.msg import Image

from vla_async.embodiment import load
from vla_async.errors import ConfigError
from vla_async.nodes import parameters, topics
from vla_async.nodes.diagnostics import ERROR, OK, Diagnosis, DiagnosticsPublisher
from vla_async.nodes.parameters import RobotParameters, parameter
from vla_async.nodes.polling import PolledSubscription
from vla_async.nodes.process import run
from vla_async.nodes.threads import be_nice
from vla_async.nodes.topics import Topic
from vla_async.replay.bag_writer import BagWriter
from vla_async.replay.message_definitions import definition

NICENESS = 15  # watching must not slow what is watched
PERIOD_S = 0.05
FLUSH_PERIOD_S = 1.0
STANDSTILL_S = 5.0  # diagnostics alone, this node's own too, come every second
DEPTH, IMAGE_DEPTH = 100, 16  # what may arrive while a flush compresses


@dataclass(frozen=True)
class Parameters(RobotParameters):
    """Parameters of recorder."""

    folder: str = parameter('', 'folder of the bag; it must not hold one yet')
    checkpoint: str = parameter('', "policy's folder, noted in the bag")
    compress: bool = parameter(True, 'compress with zstd: a fifth of the size for a twentieth of a core')


class Recorder(Node):
    """Subscribes to the table of topics and drains the subscriptions in a thread of its own."""

    def __init__(self, **options: Any) -> None:
        super().__init__('recorder', **options)
        parameters.declare(self, Parameters)
        values = parameters.read(self, Parameters)
        if not values.folder or (Path(values.folder) / 'metadata.yaml').exists():
            raise ConfigError(f'recorder: parameter folder {values.folder!r} must name a folder without a bag')
        self._bag = BagWriter(Path(values.folder), {'robot': values.robot, 'checkpoint': values.checkpoint},
                              compress=values.compress)
        self._sources = [self._source(topic) for topic in topics.everything(load(values.robot))]
        self._stop = threading.Event()
        self._fault: Exception | None = None
        self._wrote_s = time.monotonic()
        self._thread = threading.Thread(target=self._run, name='recording', daemon=True)
        self._diagnostics = DiagnosticsPublisher(self, 'bag', values.robot, self._diagnose)
        self._thread.start()

    def close(self) -> None:
        """Take what still lies in the subscriptions and end the bag with its index; a second call does nothing."""
        if self._stop.is_set():
            return
        self._stop.set()
        self._thread.join()
        if self._fault is None:
            self._drain()
            self._bag.close()

    def _source(self, topic: Topic) -> tuple[int, PolledSubscription]:
        package, kind, name = topic.message.__module__.split('.')[0], 'msg', topic.message.__name__
        type_name = f'{package}/{kind}/{name}'
        channel = self._bag.channel(
            self.resolve_topic_name(topic.name), type_name,
            definition(type_name, lambda p: Path(get_package_share_directory(p))), qos_yaml(topic.qos))
        depth = IMAGE_DEPTH if topic.message is Image else DEPTH
        return channel, PolledSubscription(self, topic, depth=depth, raw=True)

    def _run(self) -> None:
        flushed_s = time.monotonic()
        try:
            while not self._stop.wait(PERIOD_S):
                self._drain()
                if time.monotonic() - flushed_s >= FLUSH_PERIOD_S:
                    flushed_s = time.monotonic()
                    self._bag.flush()
        except Exception as error:  # a full disk, say, ends the recording and nothing else
            self._fault = error
            self.get_logger().error(f'recording ended: {error}')

    def _drain(self) -> None:
        for channel, subscription in self._sources:
            for received in subscription.drain():
                self._bag.write(channel, received.received_ns, received.sent_ns, received.message)
                self._wrote_s = time.monotonic()

    def _diagnose(self) -> Diagnosis:
        values = {'messages': self._bag.messages}
        if self._fault is not None:
            return Diagnosis(ERROR, f'recording ended: {self._fault}', values)
        age_s = time.monotonic() - self._wrote_s
        if age_s > STANDSTILL_S:
            return Diagnosis(ERROR, f'nothing has been recorded for {age_s:.2f} s', values)
        return Diagnosis(OK, 'recording', values)


def qos_yaml(profile: QoSProfile) -> str:
    """The profile as rosbag2 notes it beside a channel, so that playing offers the same."""
    unset = {'sec': 0, 'nsec': 0}
    return yaml.safe_dump([{
        'history': profile.history.name.lower(), 'depth': profile.depth,
        'reliability': profile.reliability.name.lower(), 'durability': profile.durability.name.lower(),
        'deadline': unset, 'lifespan': {'sec': profile.lifespan.nanoseconds // 10**9,
                                        'nsec': profile.lifespan.nanoseconds % 10**9},
        'liveliness': 'system_default', 'liveliness_lease_duration': unset, 'avoid_ros_namespace_conventions': False,
    }], sort_keys=False)


def main() -> int:
    be_nice(NICENESS)
    return run(Recorder)
