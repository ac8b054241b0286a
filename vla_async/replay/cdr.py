"""What can be read from a serialised message without decoding it."""
from __future__ import annotations

import re
import struct

import numpy as np

from vla_async.timebase import NS_PER_S
from vla_async.types import FloatArray

LITTLE_ENDIAN = b'\x00\x01\x00\x00'  # plain CDR
COUNT, TIME = struct.Struct('<I'), struct.Struct('<iI')
LITTLE, BIG = struct.Struct('<4xiI'), struct.Struct('>4xiI')  # four bytes that tell the encoding, then the stamp
HEADER_FIRST = re.compile(r'(?:\s*(?:#.*)?\n)*\s*(?:std_msgs/(?:msg/)?)?Header\s+\w+')


def begins_with_header(definition: str) -> bool:
    """Whether the first field of a message definition is a std_msgs/Header."""
    return HEADER_FIRST.match(definition) is not None


def header_stamp_ns(data: bytes) -> int:
    """Stamp [ns] of a serialised message that begins with a header; raises struct.error when it is too short."""
    seconds, nanoseconds = (LITTLE if data[1:2] == b'\x01' else BIG).unpack_from(data)
    return int(seconds) * NS_PER_S + int(nanoseconds)


def time_ns(raw: bytes, place: int) -> int:
    """Time at `place` of a little-endian message [ns]."""
    seconds, nanoseconds = TIME.unpack_from(raw, place)
    return int(seconds) * NS_PER_S + int(nanoseconds)


def after_string(raw: bytes, place: int) -> int:
    """Where the next number of four bytes may be, after a string at `place` of a little-endian message."""
    (length,) = COUNT.unpack_from(raw, place)
    return (place + COUNT.size + length + 3) // 4 * 4


def doubles(raw: bytes, place: int) -> tuple[FloatArray, int]:
    """A sequence (N,) and where the next one begins; its numbers lie at multiples of eight bytes after the head."""
    (count,) = COUNT.unpack_from(raw, place)
    place += COUNT.size
    if count:
        place += (len(LITTLE_ENDIAN) - place) % 8
    return np.frombuffer(raw, '<f8', count, place), place + 8 * count
