"""Records of bags into other files, and a folder's metadata.yaml from what its files say of themselves."""
from __future__ import annotations

from pathlib import Path

import yaml
from mcap.reader import make_reader
from mcap.records import Channel, Message, Metadata, Schema
from mcap.writer import Writer

from vla_async.replay.bag_chunks import ChunkedMessages
from vla_async.replay.bag_metadata import FileFacts, TopicFacts, write_metadata
from vla_async.replay.bag_writer import LIBRARY, METADATA


class RecordCopy:
    """Writes records as they were, with an index; ids of schemas and channels are given anew."""

    def __init__(self, writer: Writer) -> None:
        self.messages = 0
        self._writer, self._chunks = writer, ChunkedMessages(writer)
        writer.start(profile='ros2', library=LIBRARY)
        self._schemas: dict[int, tuple[int, str]] = {}  # new number and type's name by old number
        self._channels: dict[int, tuple[int, str]] = {}

    def take(self, record: object) -> None:
        """The next record of the old file."""
        if isinstance(record, Metadata):
            self._writer.add_metadata(record.name, record.metadata)
        elif isinstance(record, Schema) and record.id not in self._schemas:
            number = self._writer.register_schema(record.name, record.encoding, record.data)
            self._schemas[record.id] = number, record.name
        elif isinstance(record, Channel) and record.id not in self._channels:
            schema, kind = self._schemas.get(record.schema_id, (0, ''))
            number = self._writer.register_channel(record.topic, record.message_encoding, schema, record.metadata)
            self._channels[record.id] = number, kind
        elif isinstance(record, Message) and record.channel_id in self._channels:
            self.messages += 1
            number, kind = self._channels[record.channel_id]
            self._chunks.add(number, record.log_time, record.data, record.publish_time, record.sequence, kind)

    def finish(self) -> None:
        """End the file with its index."""
        self._chunks.flush()
        self._writer.finish()


def write_metadata_of(bag: Path, paths: list[Path]) -> None:
    """metadata.yaml from what the files, which are whole, say of themselves."""
    files: list[FileFacts] = []
    topics: dict[str, TopicFacts] = {}
    about: dict[str, str] = {}
    for path in paths:
        with path.open('rb') as stream:
            reader = make_reader(stream)
            summary = reader.get_summary()
            about |= {k: v for m in reader.iter_metadata() if m.name == METADATA for k, v in m.metadata.items()}
        statistics = summary.statistics
        span = (statistics.message_start_time, statistics.message_end_time) if statistics.message_count else None
        files.append(FileFacts(path.name, statistics.message_count, span))
        for number, channel in sorted(summary.channels.items()):
            before = topics.get(channel.topic)
            qos = yaml.safe_load(channel.metadata.get('offered_qos_profiles', '[]'))
            count = statistics.channel_message_counts.get(number, 0) + (before.messages if before else 0)
            topics[channel.topic] = TopicFacts(channel.topic, summary.schemas[channel.schema_id].name, qos, count)
    write_metadata(bag, list(topics.values()), files, about)
