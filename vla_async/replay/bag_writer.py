"""An MCAP bag of serialised messages in rosbag2's layout: `<folder>/<folder's name>_<n>.mcap` and `metadata.yaml`."""
from __future__ import annotations

import fcntl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import yaml
from mcap.well_known import SchemaEncoding
from mcap.writer import CompressionType, Writer

from vla_async.replay.bag_chunks import ChunkedMessages
from vla_async.replay.bag_files import file_name
from vla_async.replay.bag_metadata import FileFacts, TopicFacts, write_metadata

LIBRARY = 'vla_async'
METADATA = 'vla_async'  # name of the record in each file that says whose bag it is


@dataclass(frozen=True)
class Channel:
    """What is the same for all messages of a topic; `qos`: YAML for rosbag2."""

    topic: str
    type: str
    definition: str
    qos: str


class _File:
    """One file, which stands alone: schemas, channels, metadata and messages."""

    def __init__(self, path: Path, metadata: Mapping[str, str], compression: CompressionType) -> None:
        self.path, self.messages, self.span_ns = path, 0, (2**63, 0)
        self._stream = path.open('wb')
        fcntl.flock(self._stream, fcntl.LOCK_EX)  # until it is closed or its process dies: not to be mended meanwhile
        self._writer = Writer(self._stream, compression=compression)
        self._writer.start(profile='ros2', library=LIBRARY)
        self._writer.add_metadata(METADATA, dict(metadata))
        self._messages = ChunkedMessages(self._writer)
        self._schemas: dict[str, int] = {}
        self._kinds: list[str] = []  # by channel

    @property
    def size(self) -> int:
        """Bytes, but for those of the chunks that are being filled."""
        return self._stream.tell()

    @property
    def facts(self) -> FileFacts:
        return FileFacts(self.path.name, self.messages, self.span_ns if self.messages else None)

    def add(self, channel: Channel) -> None:
        """Channels are numbered from 1 in the order in which they are added."""
        if channel.type not in self._schemas:
            self._schemas[channel.type] = self._writer.register_schema(
                channel.type, SchemaEncoding.ROS2, channel.definition.encode())
        self._writer.register_channel(
            channel.topic, 'cdr', self._schemas[channel.type], {'offered_qos_profiles': channel.qos})
        self._kinds.append(channel.type)

    def write(self, number: int, received_ns: int, sent_ns: int, data: bytes, sequence: int) -> None:
        self._messages.add(number, received_ns, data, sent_ns, sequence, self._kinds[number - 1])
        self.messages += 1
        first, last = self.span_ns
        self.span_ns = min(first, received_ns), max(last, received_ns)

    def flush(self) -> None:
        self._messages.flush()

    def close(self) -> None:
        """End it with its index."""
        self._messages.flush()
        self._writer.finish()
        self._stream.close()

    def abandon(self) -> None:
        """Let go of it as it is; of what it has not written yet the file takes what it can."""
        with suppress(OSError):
            self._stream.close()


class BagWriter:
    """Writes messages as they come; what lies before the last `flush` survives a kill of the process."""

    def __init__(self, folder: Path, metadata: Mapping[str, str], *, compress: bool, split_bytes: int = 0) -> None:
        """A new file is begun at the first flush that finds `split_bytes` in the present one; 0: never."""
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._about, self._split_bytes = folder, dict(metadata), split_bytes
        self._compression = CompressionType.ZSTD if compress else CompressionType.NONE
        self._channels: list[Channel] = []
        self._qos: list[object] = []
        self._counts: list[int] = []
        self._full: list[FileFacts] = []
        self._full_bytes = 0
        self.size = 0  # bytes in the file system at the last flush
        self._file = self._open()

    @property
    def messages(self) -> int:
        """Messages written so far."""
        return sum(self._counts)

    def channel(self, channel: Channel) -> int:
        """Handle of a new channel for serialised messages (CDR), in the present file and all that follow."""
        self._file.add(channel)
        self._channels.append(channel)
        self._qos.append(yaml.safe_load(channel.qos))
        self._counts.append(0)
        return len(self._channels) - 1

    def write(self, handle: int, received_ns: int, sent_ns: int, data: bytes) -> None:
        """One message; times are ROS time [ns]."""
        self._file.write(handle + 1, received_ns, sent_ns, data, self._counts[handle])
        self._counts[handle] += 1

    def flush(self) -> None:
        """Bring everything written so far, and a fitting metadata.yaml, to the file system."""
        self._file.flush()
        self.size = self._full_bytes + self._file.size
        if 0 < self._split_bytes <= self._file.size:
            self._end_file()
            self._file = self._open()
        self._write_metadata([*self._full, self._file.facts])

    def close(self) -> None:
        """End the bag with its index."""
        self._end_file()
        self.size = self._full_bytes
        self._write_metadata(self._full)

    def abandon(self) -> None:
        """Let go of the bag after a write that failed: it can be mended from now on."""
        self._file.abandon()

    def _open(self) -> _File:
        file = _File(self._folder / file_name(self._folder, len(self._full)), self._about, self._compression)
        for channel in self._channels:
            file.add(channel)
        return file

    def _end_file(self) -> None:
        self._file.close()
        self._full.append(self._file.facts)
        self._full_bytes += self._file.path.stat().st_size

    def _write_metadata(self, files: list[FileFacts]) -> None:
        topics = [TopicFacts(channel.topic, channel.type, qos, count)
                  for channel, qos, count in zip(self._channels, self._qos, self._counts, strict=True)]
        write_metadata(self._folder, topics, files, self._about)
