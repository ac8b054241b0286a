"""What a recording tells, as values: the same whether it comes from a bag or from a dataset."""
from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Protocol

from vla_async.joint_order import JointReading
from vla_async.types import ActionChunk, FloatArray, ImageArray, Latent, Task


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture of a camera, decoded when it is asked for."""

    camera: str
    stamp_ns: int
    pixels: Callable[[], ImageArray]  # (height, width, 3) RGB


@dataclass(frozen=True, slots=True)
class ChunkJudged:
    """What the recorded fuser made of a chunk."""

    sequence: int
    judged_ns: int
    accepted: bool
    reason: str
    trajectory_ns: int  # stamp of the first trajectory that it had a part in
    anchor: FloatArray  # (D,) [rad or m] where the motion began anew with it; empty (0,): it went on


@dataclass(frozen=True, slots=True)
class Doing:
    """What the recorded robot was doing, and why."""

    stamp_ns: int
    state: str
    text: str


Value = JointReading | Picture | Task | Latent | ActionChunk | ChunkJudged | Doing


@dataclass(frozen=True, slots=True)
class Event:
    """Something that came at `at_ns` by the recording's clock."""

    at_ns: int
    value: Value


@dataclass(frozen=True, slots=True)
class Fault:
    """What was wrong in a recording; the rest of it is used."""

    file: str
    topic: str  # '' where it belongs to none
    at_ns: int | None  # None: nobody knows
    text: str

    def __str__(self) -> str:
        at = '' if self.at_ns is None else f' at {self.at_ns / 1e9:.3f} s'
        return f'{self.file}: {self.topic + ": " if self.topic else ""}{self.text}{at}'


class Recording(Protocol):
    """A source of events, read from the front as often as one likes; `faults` grows while it is read."""

    name: str
    tells: frozenset[type]  # what kinds of values are in it
    faults: list[Fault]

    def events(self, pictures: bool) -> Iterator[Event]:
        """All events in the order of their times; pictures only when they are wanted."""

    def stills(self, times_ns: Collection[int]) -> dict[int, ImageArray | None]:
        """What a camera saw last at each time, (height, width, 3) RGB; None when it saw nothing shortly before."""
