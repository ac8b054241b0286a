"""`metadata.yaml`, by which rosbag2 knows a bag without opening its files."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

VERSION = 9  # as written since ROS 2 Jazzy


@dataclass(frozen=True)
class TopicFacts:
    """A topic of the bag."""

    name: str
    type: str
    qos: Any  # profiles as rosbag2 notes them
    messages: int


@dataclass(frozen=True)
class FileFacts:
    """A file of the bag; `span_ns` is first and last time of receipt, None without messages."""

    name: str
    messages: int
    span_ns: tuple[int, int] | None


def write_metadata(folder: Path, topics: Sequence[TopicFacts], files: Sequence[FileFacts],
                   custom: Mapping[str, str]) -> None:
    """Write the file in one go; `topics` in the order of their channels' numbers."""
    text = yaml.safe_dump({'rosbag2_bagfile_information': _information(topics, files, custom)}, sort_keys=False)
    fresh = folder / 'metadata.yaml.new'
    fresh.write_text(text)
    fresh.replace(folder / 'metadata.yaml')  # never half a file


def _information(topics: Sequence[TopicFacts], files: Sequence[FileFacts], custom: Mapping[str, str]
                 ) -> dict[str, Any]:
    spans = [file.span_ns for file in files if file.span_ns is not None]
    whole = (min(first for first, _ in spans), max(last for _, last in spans)) if spans else None
    return {
        'version': VERSION, 'storage_identifier': 'mcap', **_times(whole),
        'message_count': sum(file.messages for file in files),
        'topics_with_message_count': [
            {'topic_metadata': {'name': t.name, 'type': t.type, 'serialization_format': 'cdr',
                                'offered_qos_profiles': t.qos, 'type_description_hash': ''},
             'message_count': t.messages} for t in topics],
        'compression_format': '', 'compression_mode': '', 'relative_file_paths': [file.name for file in files],
        'files': [{'path': file.name, **_times(file.span_ns), 'message_count': file.messages} for file in files],
        'custom_data': dict(custom) or None, 'ros_distro': 'kilted',
    }


def _times(span_ns: tuple[int, int] | None) -> dict[str, Any]:
    first, last = span_ns or (0, 0)
    return {'duration': {'nanoseconds': last - first}, 'starting_time': {'nanoseconds_since_epoch': first}}
