"""The newest state of a world in memory that processes share: one tells it, others draw it, and nobody waits."""
from __future__ import annotations

import mmap
import os
import zlib
from dataclasses import dataclass
from struct import Struct

import numpy as np

from vla_async.types import FloatArray

SIZE = 65536  # bytes
HEAD = Struct('<II')  # bytes that follow, and their checksum
FIELDS = Struct('<qqq')  # episode, seed, stamp; the positions follow
TRIES = 3


@dataclass(frozen=True, slots=True)
class StampedState:
    """Where everything is at an instant. What there is follows from the seed, whatever the instruction."""

    episode: int
    seed: int
    stamp_ns: int
    qpos: FloatArray  # (model.nq,)


class SharedState:
    """One slot for the newest state. `descriptor` is the memory's, for processes that shall see it, too.

    The checksum tells a reader who looks while it is written, on processors that reorder what they write as well.
    """

    def __init__(self, descriptor: int | None = None) -> None:
        """Opens the memory of this descriptor, or makes new one."""
        self.descriptor = os.memfd_create('state') if descriptor is None else descriptor
        if descriptor is None:
            os.ftruncate(self.descriptor, SIZE)
        self._memory = mmap.mmap(self.descriptor, SIZE)

    def write(self, state: StampedState) -> None:
        """Replace what is there."""
        told = FIELDS.pack(state.episode, state.seed, state.stamp_ns) + state.qpos.tobytes()
        self._memory[HEAD.size:HEAD.size + len(told)] = told
        HEAD.pack_into(self._memory, 0, len(told), zlib.crc32(told))

    def read(self) -> StampedState | None:
        """What was told last; None when nothing was yet, or it was about to be told each time."""
        for _ in range(TRIES):
            size, checksum = HEAD.unpack_from(self._memory)
            told = self._memory[HEAD.size:HEAD.size + size]
            if size and zlib.crc32(told) == checksum:
                episode, seed, stamp_ns = FIELDS.unpack_from(told)
                return StampedState(episode, seed, stamp_ns, np.frombuffer(told, np.float64, offset=FIELDS.size))
        return None

    def close(self) -> None:
        """Give the memory back."""
        self._memory.close()
        os.close(self.descriptor)
