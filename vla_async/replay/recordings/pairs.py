"""Chunks and what the recorded fuser said of each: they come on two topics, in either order."""
from __future__ import annotations

from vla_async.replay.recordings.events import ChunkJudged
from vla_async.types import ActionChunk

WAITING = 64  # halves that wait for their other one; older ones never get it


class Pairs:
    """Joins the two halves by the chunk's number."""

    def __init__(self) -> None:
        self._halves: dict[int, ActionChunk | ChunkJudged] = {}

    def add(self, half: ActionChunk | ChunkJudged) -> tuple[ActionChunk, ChunkJudged] | None:
        """The pair that is whole with this half, or nothing."""
        other = self._halves.pop(half.sequence, None)
        if isinstance(half, ActionChunk) and isinstance(other, ChunkJudged):
            return half, other
        if isinstance(half, ChunkJudged) and isinstance(other, ActionChunk):
            return other, half
        self._halves[half.sequence] = half
        while len(self._halves) > WAITING:
            del self._halves[next(iter(self._halves))]
        return None
