"""The newest stretch of a bag that this suite's recorder writes, also while it does so; older ones are passed over."""
from __future__ import annotations

import os
import struct
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from mcap.data_stream import ReadDataStream
from mcap.opcode import Opcode
from mcap.records import Channel, Chunk, Message, Metadata
from mcap.stream_reader import breakup_chunk
from mcap.writer import MCAP0_MAGIC, Writer

from vla_async.replay.bag_copy import RecordCopy, write_metadata_of
from vla_async.replay.bag_files import bag_files, file_name

HEAD, SPAN = struct.Struct('<BQ'), struct.Struct('<QQ')  # of a record: kind, length; of a chunk: first, last time
CHANNEL = struct.Struct('<H')  # of the index of a channel's messages in a chunk


def tail(path: Path, since_ns: int) -> Iterator[object]:
    """All metadata, schemas and channels of a file, and its messages from the first received at `since_ns` or later on.

    Pictures, which lie behind other messages of their time, may be a little older. Ends at the first record that is not
    whole.
    """
    begun = False
    with path.open('rb') as stream, suppress(Exception):  # the decoders raise errors of their own, of any kind
        for record in _records(stream, since_ns):
            begun = begun or (isinstance(record, Message) and record.log_time >= since_ns)
            if begun or not isinstance(record, Message):
                yield record


def copy_tail(bags: Sequence[Path], since_ns: int, folder: Path) -> int:
    """A bag in `folder`, which is made, of the tails of these bags, oldest first; returns how many messages it has."""
    copies: list[Path] = []
    messages = 0
    for source in [path for bag in bags for path in bag_files(bag)]:
        fresh = folder / file_name(folder, len(copies))
        if copied := _copy(source, since_ns, fresh):
            copies.append(fresh)
            messages += copied
    if copies:
        write_metadata_of(folder, copies)
    return messages


def _copy(source: Path, since_ns: int, fresh: Path) -> int:
    fresh.parent.mkdir(parents=True, exist_ok=True)
    with fresh.open('wb') as stream:
        copy = RecordCopy(Writer(stream))
        for record in tail(source, since_ns):
            copy.take(record)
        copy.finish()
    if not copy.messages:
        fresh.unlink()
    return copy.messages


def _records(stream: Any, since_ns: int) -> Iterator[object]:
    """Metadata, and what is in chunks that name a channel, and in those that are new enough."""
    begun, passed_over, known = False, list[int](), set[int]()
    for kind in _kinds(stream):
        if kind == Opcode.METADATA:
            yield Metadata.read(ReadDataStream(stream))
        elif kind == Opcode.CHUNK:
            place = stream.tell()
            _, last_ns = SPAN.unpack(stream.read(SPAN.size))
            begun = begun or last_ns >= since_ns
            if begun:
                yield from _chunk(stream, place)
            else:
                passed_over.append(place)
        elif kind == Opcode.MESSAGE_INDEX and not begun:  # one for each channel that its chunk has messages of
            (channel,) = CHANNEL.unpack(stream.read(CHANNEL.size))
            if channel not in known:
                records = _introduction(stream, channel, passed_over)
                known |= {channel, *(record.id for record in records if isinstance(record, Channel))}
                yield from records


def _introduction(stream: Any, channel: int, places: Sequence[int]) -> list[object]:
    """What the chunk holds that has a channel's record: that of its first message, or one before."""
    for place in reversed(places):
        records = list(_chunk(stream, place))
        if any(isinstance(record, Channel) and record.id == channel for record in records):
            return records
    return []


def _chunk(stream: Any, place: int) -> Iterator[object]:
    stream.seek(place)
    return iter(breakup_chunk(Chunk.read(ReadDataStream(stream))))


def _kinds(stream: Any) -> Iterator[int]:
    """Kind of each record that is whole; the stream then stands at its content."""
    end = stream.seek(0, os.SEEK_END)
    place = stream.seek(len(MCAP0_MAGIC))
    while place + HEAD.size <= end:
        kind, length = HEAD.unpack(stream.read(HEAD.size))
        place += HEAD.size + length
        if place > end:
            return
        yield kind
        stream.seek(place)
