"""A long recording out of a short one: the same again and again, later each time."""
from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import fields, replace
from typing import Any

from vla_async.replay.recordings.events import Event, Recording, Value
from vla_async.timebase import NS_PER_S
from vla_async.types import ImageArray

DURATIONS = ('step_ns', 'inference_ns')
PAUSE_NS = NS_PER_S  # between two rounds


class Looped:
    """Recording that is read from the front until `length_ns` of it have gone by.

    `reopening_s` is what it cost by `clock` to open it again and again, which a bag of that length does not cost.
    """

    def __init__(self, recording: Recording, length_ns: int, each_round: Callable[[float], None],
                 clock: Callable[[], float]) -> None:
        """`each_round` is told the share of the length that has gone by."""
        self.reopening_s, self._clock = 0.0, clock
        self.name, self.tells, self.faults = recording.name, recording.tells, recording.faults
        self._recording, self._length_ns, self._each_round = recording, length_ns, each_round

    def events(self, pictures: bool) -> Iterator[Event]:
        """As `Recording.events`."""
        shift_ns = 0
        while True:
            begin_ns, last_ns, opens_s = 0, 0, self._clock()
            for event in self._recording.events(pictures):
                if not begin_ns and shift_ns:
                    self.reopening_s += self._clock() - opens_s
                begin_ns, last_ns = begin_ns or event.at_ns, event.at_ns
                if last_ns - begin_ns + shift_ns >= self._length_ns:
                    return
                yield Event(event.at_ns + shift_ns, later(event.value, shift_ns))
            shift_ns += last_ns - begin_ns + PAUSE_NS
            self._each_round(shift_ns / self._length_ns)

    def stills(self, times_ns: Collection[int]) -> dict[int, ImageArray | None]:
        """As `Recording.stills`: of the first round."""
        return self._recording.stills(times_ns)


def later(value: Value, shift_ns: int) -> Value:
    """The same with every stamp `shift_ns` later; a stamp of 0 means unknown and stays."""
    names = [entry.name for entry in fields(value) if entry.name.endswith('_ns') and entry.name not in DURATIONS]
    stamps: dict[str, Any] = {name: _later(getattr(value, name), shift_ns) for name in names}
    return replace(value, **stamps)


def _later(stamp: int | tuple[int, ...], shift_ns: int) -> int | tuple[int, ...]:
    if isinstance(stamp, tuple):
        return tuple(one + shift_ns for one in stamp)
    return stamp + shift_ns if stamp else 0
