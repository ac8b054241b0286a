"""Serialised joint states, read past the decoder: of a hundred a second most is the same names again."""
from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import numpy as np

from vla_async.joint_order import JointOrder, JointReading
from vla_async.replay.bag import to_ns
from vla_async.timebase import NS_PER_S
from vla_async.types import FloatArray

LITTLE_ENDIAN = b'\x00\x01\x00\x00'  # plain CDR
STAMP, COUNT = struct.Struct('<iI'), struct.Struct('<I')
AFTER_STAMP = len(LITTLE_ENDIAN) + STAMP.size


class JointStateReader:
    """Reads sensor_msgs/JointState as CDR; `decode` does so where the message is not like the one before."""

    def __init__(self, order: JointOrder, decode: Callable[[bytes], Any]) -> None:
        self._order, self._decode = order, decode
        self._same = b''  # frame and names, as they are serialised
        self._names: tuple[str, ...] = ()

    def read(self, raw: bytes) -> JointReading:
        """The joints in the embodiment's order; raises DataError, and for bytes that are no message any error."""
        end = AFTER_STAMP + len(self._same)
        if not self._same or raw[:4] != LITTLE_ENDIAN or raw[AFTER_STAMP:end] != self._same:
            return self._learn(raw)
        seconds, nanoseconds = STAMP.unpack_from(raw, len(LITTLE_ENDIAN))
        position, end = _doubles(raw, end)
        velocity, end = _doubles(raw, end)
        effort, _ = _doubles(raw, end)
        return self._order.arrange(seconds * NS_PER_S + nanoseconds, self._names, position, velocity, effort)

    def _learn(self, raw: bytes) -> JointReading:
        message = self._decode(raw)
        self._names, self._same = tuple(message.name), b''
        if raw[:4] == LITTLE_ENDIAN:
            self._same = bytes(raw[AFTER_STAMP:_end_of_names(raw)])
        arrays = (np.asarray(values, np.float64) for values in (message.position, message.velocity, message.effort))
        return self._order.arrange(to_ns(message.header.stamp), self._names, *arrays)


def _end_of_names(raw: bytes) -> int:
    place = _after_string(raw, AFTER_STAMP)  # the frame
    (count,) = COUNT.unpack_from(raw, place)
    place += COUNT.size
    for _ in range(count):
        place = _after_string(raw, place)
    return place


def _after_string(raw: bytes, place: int) -> int:
    """Where the next number of four bytes may be."""
    (length,) = COUNT.unpack_from(raw, place)
    return (place + COUNT.size + length + 3) // 4 * 4


def _doubles(raw: bytes, place: int) -> tuple[FloatArray, int]:
    """A sequence (N,) and where the next one begins; its numbers lie at multiples of eight bytes after the head."""
    (count,) = COUNT.unpack_from(raw, place)
    place += COUNT.size
    if count:
        place += (len(LITTLE_ENDIAN) - place) % 8
    return np.frombuffer(raw, '<f8', count, place), place + 8 * count
