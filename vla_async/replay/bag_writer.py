"""An MCAP bag of serialised messages in rosbag2's layout: `<folder>/<folder's name>_0.mcap` and `metadata.yaml`."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from mcap.well_known import SchemaEncoding
from mcap.writer import CompressionType, Writer

LIBRARY = 'vla_async'
METADATA_VERSION = 9  # of metadata.yaml, as written since ROS 2 Jazzy


@dataclass
class _Channel:
    id: int
    topic: str
    type: str
    qos: str
    count: int = 0


class BagWriter:
    """Writes messages as they come; what lies before the last `flush` survives a kill of the process."""

    def __init__(self, folder: Path, metadata: Mapping[str, str], *, compress: bool) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._file = folder, folder / f'{folder.name}_0.mcap'
        self._compression = CompressionType.ZSTD if compress else CompressionType.NONE
        self._stream = self._file.open('wb')
        self._writer = Writer(self._stream, compression=self._compression)
        self._writer.start(profile='ros2', library=LIBRARY)
        self._writer.add_metadata('vla_async', dict(metadata))
        self._channels: list[_Channel] = []
        self._schemas: dict[str, int] = {}
        self._span_ns: tuple[int, int] | None = None

    @property
    def messages(self) -> int:
        """Messages written so far."""
        return sum(channel.count for channel in self._channels)

    def channel(self, topic: str, type_name: str, definition: str, qos: str) -> int:
        """Handle of a new channel for serialised messages (CDR) of a ROS type; `qos`: YAML for rosbag2."""
        if type_name not in self._schemas:
            self._schemas[type_name] = self._writer.register_schema(
                type_name, SchemaEncoding.ROS2, definition.encode())
        number = self._writer.register_channel(
            topic, 'cdr', self._schemas[type_name], {'offered_qos_profiles': qos})
        self._channels.append(_Channel(number, topic, type_name, qos))
        return len(self._channels) - 1

    def write(self, channel: int, received_ns: int, sent_ns: int, data: bytes) -> None:
        """One message; times are ROS time [ns]."""
        entry = self._channels[channel]
        self._writer.add_message(entry.id, received_ns, data, sent_ns, entry.count)
        entry.count += 1
        first, last = self._span_ns or (received_ns, received_ns)
        self._span_ns = min(first, received_ns), max(last, received_ns)

    def flush(self) -> None:
        """Bring everything written so far, and a fitting metadata.yaml, to the file system."""
        self._writer.flush()
        self._write_metadata()

    def close(self) -> None:
        """End the bag with its index."""
        self._writer.finish()
        self._stream.close()
        self._write_metadata()

    def _write_metadata(self) -> None:
        text = yaml.safe_dump({'rosbag2_bagfile_information': self._information()}, sort_keys=False)
        fresh = self._folder / 'metadata.yaml.new'
        fresh.write_text(text)
        fresh.replace(self._folder / 'metadata.yaml')  # never half a file

    def _information(self) -> dict[str, Any]:
        first, last = self._span_ns or (0, 0)
        count = self.messages
        start, duration = {'nanoseconds_since_epoch': first}, {'nanoseconds': last - first}
        return {
            'version': METADATA_VERSION, 'storage_identifier': 'mcap',
            'duration': duration, 'starting_time': start, 'message_count': count,
            'topics_with_message_count': [
                {'topic_metadata': {'name': c.topic, 'type': c.type, 'serialization_format': 'cdr',
                                    'offered_qos_profiles': yaml.safe_load(c.qos), 'type_description_hash': ''},
                 'message_count': c.count} for c in self._channels],
            'compression_format': '', 'compression_mode': '', 'relative_file_paths': [self._file.name],
            'files': [{'path': self._file.name, 'starting_time': start, 'duration': duration, 'message_count': count}],
            'custom_data': None, 'ros_distro': 'kilted',
        }
