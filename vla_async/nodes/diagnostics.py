"""Health of a node on /diagnostics, once a second (REP 107)."""
from __future__ import annotations

from collections import deque
from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.duration import Duration
from rclpy.node import Node

from vla_async.launcher.identity import own_identity
from vla_async.nodes import topics
from vla_async.nodes.clocks import STEADY
from vla_async.timebase import NS_PER_S, seconds

MAX_TEXT = 1000  # characters
MAX_VALUES = 100  # of a status that is heard; no node has more than thirty
LAST_S = 0.5  # patience with listeners
OK, WARN, ERROR = DiagnosticStatus.OK, DiagnosticStatus.WARN, DiagnosticStatus.ERROR
STALE = DiagnosticStatus.STALE  # of a pipeline node: its work stands still, and lifecycle_manager kills it
PROCESS = 'process'  # key of the value by which lifecycle_manager finds the node's process
BUSY = 'busy with'  # key of the value of a node that will say nothing until it is done with it


@dataclass(frozen=True)
class Diagnosis:
    """What a node says about itself; `values` become strings."""

    level: bytes = OK
    message: str = 'fine'
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class NodeHealth:
    """What a node last said about itself."""

    level: bytes
    message: str
    values: Mapping[str, str]


class RateMeter:
    """Events a second over a sliding window of their times."""

    def __init__(self, window_s: float = 3.0) -> None:
        self._window_ns = round(window_s * NS_PER_S)
        self._times: deque[int] = deque(maxlen=4096)
        self._newest_ns: int | None = None
        self.count = 0

    def tick(self, now_ns: int) -> None:
        """One event at `now_ns`."""
        self.count += 1
        self._newest_ns = now_ns
        self._times.append(now_ns)

    def rate_hz(self, now_ns: int) -> float:
        """Events a second within the window that ends at `now_ns`; those of a clock that was set back are dropped."""
        while self._times and not 0 <= now_ns - self._times[0] <= self._window_ns:
            self._times.popleft()
        if len(self._times) < 2:
            return 0.0
        return (len(self._times) - 1) / max(seconds(now_ns - self._times[0]), 1e-9)

    def age_s(self, now_ns: int) -> float | None:
        """How long ago the last event was [s]; None while there was none, or none since the clock was set back."""
        newest_ns = self._newest_ns
        return None if newest_ns is None or newest_ns > now_ns else seconds(now_ns - newest_ns)


class DiagnosticsPublisher:
    """Publishes `diagnose()` of a node at 1 Hz as '<node>: <task>'."""

    def __init__(self, node: Node, task: str, hardware_id: str, diagnose: Callable[[], Diagnosis]) -> None:
        self._node, self._name = node, f'{node.get_name()}: {task}'
        self._hardware_id, self._diagnose = hardware_id, diagnose
        self._publisher = topics.DIAGNOSTICS.advertise(node)
        node.create_timer(1.0, self.publish, clock=STEADY)

    def publish(self) -> None:
        """Publish now; also called right after a failure, so that its cause is known at once."""
        self._publish(self._diagnose())

    def publish_last(self) -> None:
        """The same, and wait for a moment until all who listen have it: the process may end upon it."""
        self.publish()
        self._publisher.wait_for_all_acked(Duration(seconds=LAST_S))

    def publish_busy(self, task: str) -> None:
        """Announce that the node will say nothing until `task` is done, and that this is as it should be."""
        self._publish(Diagnosis(OK, f'{task}...', {BUSY: task}))

    def _publish(self, diagnosis: Diagnosis) -> None:
        values = {**diagnosis.values, PROCESS: own_identity()}
        status = DiagnosticStatus(
            level=diagnosis.level, name=self._name, message=shortened(diagnosis.message), hardware_id=self._hardware_id,
            values=[KeyValue(key=key, value=_text(value)) for key, value in values.items()])
        message = DiagnosticArray(status=[status])
        message.header.stamp = self._node.get_clock().now().to_msg()
        self._publisher.publish(message)


def sayings(message: DiagnosticArray, names: Container[str]) -> Iterator[tuple[str, NodeHealth]]:
    """What nodes of these names say there. Anybody may speak on /diagnostics: others are passed over, and of what is
    kept the size is bounded."""
    for status in message.status:
        name = status.name.partition(':')[0]
        if name in names:
            yield name, NodeHealth(status.level, shortened(status.message), {
                shortened(entry.key): shortened(entry.value) for entry in islice(status.values, MAX_VALUES)})


def shortened(text: str) -> str:
    """At most MAX_TEXT characters of it: whoever sends a message may have a say in the text."""
    return text if len(text) <= MAX_TEXT else f'{text[:MAX_TEXT]}…'


def _text(value: object) -> str:
    return f'{value:.4g}' if isinstance(value, float) else shortened(str(value))
