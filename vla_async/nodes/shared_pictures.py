"""Pictures in memory that two processes share: where they lie, and the messages that say which are there."""
from __future__ import annotations

import mmap
from collections.abc import Sequence
from dataclasses import dataclass
from struct import Struct

import numpy as np

from vla_async.types import ImageArray

SLOTS = 3  # pictures of a camera under way at a time: one written, one read, one between
READY = Struct('<iiq')  # number of the place, slot, stamp of the picture [ns]
FREE = Struct('<ii')  # number of the place, slot


@dataclass(frozen=True, slots=True)
class Place:
    """Where the pictures of one camera go: full name of the topic, frame, size in pixels."""

    topic: str
    frame: str
    height: int
    width: int

    @property
    def size(self) -> int:
        """Bytes of all its slots."""
        return SLOTS * self.height * self.width * 3


def pictures_in(memory: mmap.mmap, places: Sequence[Place]) -> list[ImageArray]:
    """Views (SLOTS, height, width, 3) of each place in the memory."""
    views, begin = [], 0
    for place in places:
        flat = np.frombuffer(memory, np.uint8, place.size, begin)
        views.append(flat.reshape(SLOTS, place.height, place.width, 3))
        begin += place.size
    return views
