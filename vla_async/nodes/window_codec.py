"""Windows to the bytes of a JointTrajectory and back, without an object for every point.

rclpy makes two objects and four arrays of each point, when it writes a trajectory and again when it reads it: for 50
points of 25 joints two milliseconds on the way from the fuser to the bridge. Trajectories of the same joints and as
many points differ in their numbers alone, so the rest is written once, in CDR as DDS has it; what comes in and does
not look like that is left to rclpy.
"""
from __future__ import annotations

import numpy as np
from rclpy.serialization import deserialize_message
from trajectory_msgs.msg import JointTrajectory

from vla_async.errors import DataError
from vla_async.nodes.conversions import on_grid, window_value
from vla_async.timebase import NS_PER_S
from vla_async.types import JointWindow

ENCAPSULATION = b'\x00\x01\x00\x00'  # plain CDR, little endian
LEAD = 8 - len(ENCAPSULATION)  # bytes before it that bring what follows to a multiple of 8
QUANTITIES = 3  # position, velocity, acceleration


class WindowCodec:
    """For the windows of one robot, and for one thread."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self._names = names
        self._layout = _Layout(names, 0)

    def encode(self, window: JointWindow) -> bytes:
        """The JointTrajectory that `conversions.window_message` makes, serialised."""
        layout = self._of(len(window.position))
        layout.words[:2] = divmod(window.stamp_ns, NS_PER_S)
        layout.words[layout.times] = np.stack(divmod(window.step_ns * np.arange(layout.count), NS_PER_S), axis=1)
        for places, rows in zip(layout.numbers, (window.position, window.velocity, window.acceleration), strict=True):
            layout.doubles[places] = rows
        return layout.message.tobytes()

    def decode(self, raw: bytes) -> JointWindow:
        """Window of a serialised JointTrajectory on an even grid; raises DataError that says what does not fit."""
        if not self._layout.take(raw):
            window = window_value(_deserialised(raw), self._names)
            self._of(len(window.position))  # more of its kind will come
            return window
        layout = self._layout
        seconds, nanoseconds = layout.words[layout.times].astype(np.int64).T
        stamp_ns = int(layout.words[0]) * NS_PER_S + int(layout.words[1].view(np.uint32))
        rows = (layout.doubles[places] for places in layout.numbers)
        return on_grid(stamp_ns, seconds * NS_PER_S + nanoseconds, *rows)

    def _of(self, count: int) -> _Layout:
        if self._layout.count != count:
            self._layout = _Layout(self._names, count)
        return self._layout


class _Layout:
    """A serialised trajectory of `count` points, and where in it things are."""

    def __init__(self, names: tuple[str, ...], count: int) -> None:
        self.count = count
        body, fixed, numbers, times = _written(names, count)
        store = np.zeros(LEAD + len(ENCAPSULATION) + -(-len(body) // 8) * 8, np.uint8)
        self.message = store[LEAD:LEAD + len(ENCAPSULATION) + len(body)]
        self.message[:] = np.frombuffer(ENCAPSULATION + body, np.uint8)
        inside = store[LEAD + len(ENCAPSULATION):]
        self.doubles, self.words = inside.view('<f8'), inside.view('<i4')
        width = np.arange(len(names))
        self.numbers = (np.array(numbers, np.intp).reshape(count, QUANTITIES, 1) // 8 + width).swapaxes(0, 1)
        self.times = np.array(times, np.intp).reshape(count, 1) // 4 + np.arange(2)
        self._fixed = np.array([*range(2), *(len(ENCAPSULATION) + place for place in fixed)], np.intp)
        self._expected = self.message[self._fixed].copy()

    def take(self, raw: bytes) -> bool:
        """Whether it is such a trajectory; its numbers are in `words` and `doubles` then."""
        if not self.count or len(raw) < self.message.size:
            return False
        given = np.frombuffer(raw, np.uint8, self.message.size)  # rclpy's own are longer than what they hold
        if not np.array_equal(given[self._fixed], self._expected):
            return False
        self.message[:] = given
        return True


def _written(names: tuple[str, ...], count: int) -> tuple[bytes, list[int], list[int], list[int]]:
    """A trajectory of zeros in CDR, and the places of bytes that are the same in all, of rows of numbers, of times."""
    body = bytearray(8)  # the stamp
    fixed: list[int] = []
    numbers: list[int] = []
    times: list[int] = []

    def pad(size: int) -> None:
        body.extend(bytes(-len(body) % size))

    def write(value: int, text: bytes = b'') -> None:
        pad(4)
        fixed.extend(range(len(body), len(body) + 4 + len(text)))
        body.extend(value.to_bytes(4, 'little') + text)
    write(1, b'\0')  # no frame
    write(len(names))
    for name in names:
        text = name.encode() + b'\0'
        write(len(text), text)
    write(count)
    for _ in range(count):
        for _ in range(QUANTITIES):
            write(len(names))
            pad(8)
            numbers.append(len(body))
            body.extend(bytes(8 * len(names)))
        write(0)  # no effort
        times.append(len(body))
        body.extend(bytes(8))
    return bytes(body), fixed, numbers, times


def _deserialised(raw: bytes) -> JointTrajectory:
    try:
        return deserialize_message(raw, JointTrajectory)
    except Exception as error:  # rclpy says neither in its types nor in its documents which
        raise DataError(f'trajectory: {len(raw)} bytes that are none ({error})') from error
