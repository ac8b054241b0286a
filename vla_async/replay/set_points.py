"""Serialised set-points (vla_async_msgs/JointSetPoint), read past the decoder: there are 250 a second."""
from __future__ import annotations

import struct
from dataclasses import dataclass

from vla_async.errors import DataError
from vla_async.replay.cdr import COUNT, LITTLE_ENDIAN, TIME, after_string, doubles, time_ns
from vla_async.types import FloatArray


@dataclass(frozen=True, slots=True)
class SetPoint:
    """What the bridge sent with one tick; arrays (D,) in SI, in the embodiment's order."""

    stamp_ns: int
    sent_ns: int
    late: bool  # the tick came more than a period after it was due
    position: FloatArray
    velocity: FloatArray
    acceleration: FloatArray


def read_set_point(raw: bytes) -> SetPoint:
    """Raises DataError for what is no little-endian message of this type."""
    if raw[:len(LITTLE_ENDIAN)] != LITTLE_ENDIAN:
        raise DataError('a set-point is not plain little-endian CDR')
    try:
        return _read(raw)
    except (struct.error, ValueError, IndexError) as error:
        raise DataError(f'a set-point is cut off: {error}') from error


def _read(raw: bytes) -> SetPoint:
    stamp_ns = time_ns(raw, len(LITTLE_ENDIAN))
    place = after_string(raw, len(LITTLE_ENDIAN) + TIME.size)  # the frame
    sent_ns = time_ns(raw, place)
    place = after_string(raw, place + 2 * TIME.size)  # the trajectory's stamp, the state
    place += COUNT.size + COUNT.unpack_from(raw, place)[0]  # the reason; what follows is a single byte
    late, place = bool(raw[place]), (place + 1 + 3) // 4 * 4
    position, place = doubles(raw, place)
    velocity, place = doubles(raw, place)
    acceleration, _ = doubles(raw, place)
    return SetPoint(stamp_ns, sent_ns, late, position, velocity, acceleration)
