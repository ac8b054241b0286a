"""What can be read from a serialised message without decoding it."""
from __future__ import annotations

import re
import struct

from vla_async.timebase import NS_PER_S

LITTLE, BIG = struct.Struct('<4xiI'), struct.Struct('>4xiI')  # four bytes that tell the encoding, then the stamp
HEADER_FIRST = re.compile(r'(?:\s*(?:#.*)?\n)*\s*(?:std_msgs/(?:msg/)?)?Header\s+\w+')


def begins_with_header(definition: str) -> bool:
    """Whether the first field of a message definition is a std_msgs/Header."""
    return HEADER_FIRST.match(definition) is not None


def header_stamp_ns(data: bytes) -> int:
    """Stamp [ns] of a serialised message that begins with a header; raises struct.error when it is too short."""
    seconds, nanoseconds = (LITTLE if data[1:2] == b'\x01' else BIG).unpack_from(data)
    return int(seconds) * NS_PER_S + int(nanoseconds)
