"""Which points to draw of chunks and windows: the hands' paths, thinned out, the newest chunk brightest."""
from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from vla_async.embodiment import POSE_NUMBERS
from vla_async.types import FloatArray
from vla_async.viz.forward_kinematics import ForwardKinematics

MOST_POINTS = 64  # of one path; rviz gets slow with more


@dataclass(frozen=True)
class HandPath:
    """One line to draw: `kind` is 'chunk' or 'fused', `freshness` 1 for the newest and towards 0 for older ones."""

    kind: str
    hand: str
    points: FloatArray  # (N, 3) [m], the robot's root frame
    freshness: float = 1.0


class HandPaths:
    """Keeps the last few chunks and the newest window, and turns them into lines when somebody looks."""

    def __init__(self, kinematics: ForwardKinematics, chunks: int, led: tuple[str, ...] = ()) -> None:
        """`led`: the hands whose poses the rows of chunks begin with; none: rows hold joints."""
        self._kinematics, self._led = kinematics, led
        self._chunks: deque[FloatArray] = deque(maxlen=chunks)
        self._window: FloatArray | None = None

    def add_chunk(self, positions: FloatArray) -> None:
        """Rows of a raw chunk: joint positions (H, D), or 9 numbers a hand, x, y, z [m] first."""
        self._chunks.append(positions)

    def set_window(self, positions: FloatArray) -> None:
        """Joint positions (N, D) of the fused motion."""
        self._window = positions

    def lines(self) -> list[HandPath]:
        """All lines, older chunks first."""
        lines = [HandPath('chunk', hand, self._chunk_path(hand, chunk), (i + 1) / len(self._chunks))
                 for i, chunk in enumerate(self._chunks) for hand in self._led or self._kinematics.hands]
        if self._window is not None:
            lines += [HandPath('fused', hand, self._path(hand, self._window)) for hand in self._kinematics.hands]
        return lines

    def _chunk_path(self, hand: str, rows: FloatArray) -> FloatArray:
        if not self._led:
            return self._path(hand, rows)
        first = len(POSE_NUMBERS) * self._led.index(hand)
        return _thinned(rows)[:, first:first + 3]

    def _path(self, hand: str, positions: FloatArray) -> FloatArray:
        return self._kinematics.hand_path(hand, _thinned(positions))


def _thinned(rows: FloatArray) -> FloatArray:
    """At most MOST_POINTS of the rows, both ends among them."""
    return rows[np.linspace(0, len(rows) - 1, min(len(rows), MOST_POINTS)).round().astype(np.intp)]
