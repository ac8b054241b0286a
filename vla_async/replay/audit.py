"""What a bag holds and lacks, topic by topic: while it is recorded, and of any bag later. Memory stays constant."""
from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from mcap.records import Channel, Message, Schema
from mcap.stream_reader import StreamReader

from vla_async.errors import DataError
from vla_async.replay.bag_files import bag_files, check_whole
from vla_async.replay.cdr import begins_with_header, header_stamp_ns
from vla_async.replay.open_loop.histogram import Histogram
from vla_async.timebase import NS_PER_MS, seconds

FILE = 'audit.json'
BATCH = 500  # durations are counted so many at a time, which costs a hundredth of one by one


class Durations:
    """Percentiles of any number of durations, in constant memory."""

    def __init__(self) -> None:
        self._histogram = Histogram()  # in ms
        self._pending_ns: list[int] = []

    def add(self, duration_ns: int) -> None:
        """One more; below zero, as between clocks that disagree, counts as zero."""
        self._pending_ns.append(max(duration_ns, 0))
        if len(self._pending_ns) >= BATCH:
            self._count()

    def summary_ms(self) -> dict[str, float] | None:
        """p50 and p99, exact to half a per cent, and the exact maximum [ms]; None without any."""
        self._count()
        spread = self._histogram.spread()
        return {key: value for key, value in spread.items() if value is not None} or None

    def _count(self) -> None:
        self._histogram.add(np.array(self._pending_ns, dtype=np.float64) / NS_PER_MS)
        self._pending_ns.clear()


class TopicAudit:
    """One topic, message by message."""

    def __init__(self, definition: str) -> None:
        """`definition`: text of the message; if it begins with a header, stamps are compared with the receipt."""
        self._stamped = begins_with_header(definition)
        self.messages = self.bytes = 0
        self.first_ns = self.last_ns = 0
        self._gaps, self._latencies = Durations(), Durations()

    def take(self, received_ns: int, data: bytes) -> None:
        """The next message, serialised."""
        if self.messages:
            self._gaps.add(received_ns - self.last_ns)
        else:
            self.first_ns = received_ns
        self.last_ns = received_ns
        self.messages += 1
        self.bytes += len(data)
        stamp_ns = header_stamp_ns(data) if self._stamped else 0
        if stamp_ns:  # zero: not stamped
            self._latencies.add(received_ns - stamp_ns)

    def as_dict(self, start_ns: int) -> dict[str, Any]:
        """Figures; times are seconds from `start_ns`, `latency_ms` is from the stamp to the receipt."""
        span_s = seconds(self.last_ns - self.first_ns)
        heard = self.messages > 0
        return {
            'messages': self.messages, 'bytes': self.bytes,
            'rate_hz': (self.messages - 1) / span_s if span_s > 0 else None,
            'first_s': seconds(self.first_ns - start_ns) if heard else None,
            'last_s': seconds(self.last_ns - start_ns) if heard else None,
            'gap_ms': self._gaps.summary_ms(), 'latency_ms': self._latencies.summary_ms()}


def summary(topics: Mapping[str, TopicAudit]) -> dict[str, Any]:
    """The whole audit, as it is written to audit.json."""
    heard = [topic for topic in topics.values() if topic.messages]
    start_ns, end_ns = min((t.first_ns for t in heard), default=0), max((t.last_ns for t in heard), default=0)
    return {
        'start_ns': start_ns, 'duration_s': seconds(end_ns - start_ns),
        'messages': sum(topic.messages for topic in heard), 'bytes': sum(topic.bytes for topic in heard),
        'silent': sorted(name for name, topic in topics.items() if not topic.messages),
        'topics': {name: topic.as_dict(start_ns) for name, topic in sorted(topics.items())}}


def write_audit(audit: Mapping[str, Any], folder: Path) -> None:
    """audit.json in the bag's folder; readers of bags take no notice of it."""
    (folder / FILE).write_text(json.dumps(audit, indent=2, allow_nan=False) + '\n')


def audit_bag(bag: Path) -> dict[str, Any]:
    """Audit of any MCAP bag; raises DataError when it is none, damaged, or was cut off."""
    if not bag_files(bag):
        raise DataError(f'{bag}: no MCAP file')
    check_whole(bag)
    topics: dict[str, TopicAudit] = {}
    for path in bag_files(bag):
        try:
            _audit_file(path, topics)
        except Exception as error:  # the reader and its decoders raise errors of their own, of any kind
            raise DataError(f'{path}: damaged bag: {error}') from error
    return summary(topics)


def _audit_file(path: Path, topics: dict[str, TopicAudit]) -> None:
    audits: dict[int, TopicAudit] = {}
    schemas: dict[int, str] = {}
    with path.open('rb') as stream:
        for record in StreamReader(stream).records:
            if isinstance(record, Schema):
                schemas[record.id] = record.data.decode(errors='replace')
            elif isinstance(record, Channel):
                audits[record.id] = topics.setdefault(record.topic, TopicAudit(schemas.get(record.schema_id, '')))
            elif isinstance(record, Message):
                audits[record.channel_id].take(record.log_time, record.data)
