"""Bags whose recording was cut off: what lies in their files is read as far as it is whole, and gets its index."""
from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml
from mcap.reader import make_reader
from mcap.records import Channel, Message, Metadata, Schema
from mcap.stream_reader import StreamReader
from mcap.writer import Writer

from vla_async.errors import DataError
from vla_async.replay.bag_files import bag_files, is_whole
from vla_async.replay.bag_metadata import FileFacts, TopicFacts, write_metadata
from vla_async.replay.bag_writer import LIBRARY, METADATA


def mend(bag: Path) -> dict[Path, int]:
    """Give every file of a bag folder its index, and the folder its metadata.yaml; returns messages by file mended.

    A file is written anew beside the old one, which stays until that is done. Raises DataError for what is no bag
    folder, for one that is still being recorded, and for one that cannot be written.
    """
    paths = bag_files(bag) if bag.is_dir() else []
    if not paths:
        raise DataError(f'{bag}: no folder with MCAP files')
    try:
        mended = {path: _mend_file(path) for path in paths if not is_whole(path)}
        if mended or not (bag / 'metadata.yaml').exists():
            _write_metadata(bag, paths)
    except OSError as error:
        raise DataError(f'{bag}: cannot be mended in its place: {error}') from error
    return mended


def mended_copy(bag: Path, folder: Path) -> Path:
    """A bag in `folder`, which is made, with all that can be read of `bag`, a folder or one MCAP file, which stays.

    Files that are whole are linked to and take no space. Raises DataError as `mend` does.
    """
    paths = bag_files(bag)
    if not paths:
        raise DataError(f'{bag}: no MCAP file')
    folder.mkdir(parents=True)
    copies = [folder / path.name for path in paths]
    for path, copy in zip(paths, copies, strict=True):
        if is_whole(path):
            copy.symlink_to(path.resolve())
        else:
            _copy_whole(path, copy)
    _write_metadata(folder, copies)
    return folder


def _mend_file(path: Path) -> int:
    fresh = path.with_suffix('.mcap.new')
    messages = _copy_whole(path, fresh)
    fresh.replace(path)
    return messages


def _copy_whole(path: Path, fresh: Path) -> int:
    """What is whole of a file, with an index, into a fresh one; returns how many messages that is."""
    with path.open('rb') as old, fresh.open('wb') as new:
        try:
            fcntl.flock(old, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError as error:
            fresh.unlink()
            raise DataError(f'{path} is still being recorded; end its recorder first') from error
        copy = _Copy(Writer(new))  # also of an empty file there will be one that can be read
        for record in _whole_records(old):
            copy.take(record)
        copy.writer.finish()
    return copy.messages


class _Copy:
    """Writes records as they were, with an index; ids of schemas and channels are given anew."""

    def __init__(self, writer: Writer) -> None:
        self.writer, self.messages = writer, 0
        writer.start(profile='ros2', library=LIBRARY)
        self._schemas: dict[int, int] = {}
        self._channels: dict[int, int] = {}

    def take(self, record: object) -> None:
        """The next record of the old file."""
        if isinstance(record, Metadata):
            self.writer.add_metadata(record.name, record.metadata)
        elif isinstance(record, Schema) and record.id not in self._schemas:
            self._schemas[record.id] = self.writer.register_schema(record.name, record.encoding, record.data)
        elif isinstance(record, Channel) and record.id not in self._channels:
            self._channels[record.id] = self.writer.register_channel(
                record.topic, record.message_encoding, self._schemas.get(record.schema_id, 0), record.metadata)
        elif isinstance(record, Message) and record.channel_id in self._channels:
            self.messages += 1
            self.writer.add_message(self._channels[record.channel_id], record.log_time, record.data,
                                    record.publish_time, record.sequence)


def _whole_records(stream: Any) -> Iterator[object]:
    """Records up to the first that is not whole; the reader and its decoders raise errors of their own, of any kind."""
    records = iter(StreamReader(stream).records)
    with suppress(Exception):
        while True:
            yield next(records)


def _write_metadata(bag: Path, paths: list[Path]) -> None:
    """metadata.yaml from what the files, which are whole now, say of themselves."""
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
