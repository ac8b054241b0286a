"""Serialised joint states, read past the decoder: of a hundred a second most is the same names again."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from vla_async.joint_order import JointOrder, JointReading
from vla_async.replay.bag import to_ns
from vla_async.replay.cdr import COUNT, LITTLE_ENDIAN, TIME, after_string, doubles, time_ns

AFTER_STAMP = len(LITTLE_ENDIAN) + TIME.size


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
        position, end = doubles(raw, end)
        velocity, end = doubles(raw, end)
        effort, _ = doubles(raw, end)
        return self._order.arrange(time_ns(raw, len(LITTLE_ENDIAN)), self._names, position, velocity, effort)

    def _learn(self, raw: bytes) -> JointReading:
        message = self._decode(raw)
        self._names, self._same = tuple(message.name), b''
        if raw[:4] == LITTLE_ENDIAN:
            self._same = bytes(raw[AFTER_STAMP:_end_of_names(raw)])
        arrays = (np.asarray(values, np.float64) for values in (message.position, message.velocity, message.effort))
        return self._order.arrange(to_ns(message.header.stamp), self._names, *arrays)


def _end_of_names(raw: bytes) -> int:
    place = after_string(raw, AFTER_STAMP)  # the frame
    (count,) = COUNT.unpack_from(raw, place)
    place += COUNT.size
    for _ in range(count):
        place = after_string(raw, place)
    return place
