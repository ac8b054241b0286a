"""Which points to draw of chunks and windows: the hands' paths, thinned out, the newest chunk brightest."""
from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

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

    def __init__(self, kinematics: ForwardKinematics, chunks: int) -> None:
        self._kinematics = kinematics
        self._chunks: deque[FloatArray] = deque(maxlen=chunks)
        self._window: FloatArray | None = None

    def add_chunk(self, positions: FloatArray) -> None:
        """Joint positions (H, D) of a raw chunk."""
        self._chunks.append(positions)

    def set_window(self, positions: FloatArray) -> None:
        """Joint positions (N, D) of the fused motion."""
        self._window = positions

    def lines(self) -> list[HandPath]:
        """All lines, older chunks first."""
        lines = [HandPath('chunk', hand, self._path(hand, chunk), (i + 1) / len(self._chunks))
                 for i, chunk in enumerate(self._chunks) for hand in self._kinematics.hands]
        if self._window is not None:
            lines += [HandPath('fused', hand, self._path(hand, self._window)) for hand in self._kinematics.hands]
        return lines

    def _path(self, hand: str, positions: FloatArray) -> FloatArray:
        count = min(len(positions), MOST_POINTS)
        kept = np.linspace(0, len(positions) - 1, count).round().astype(np.intp)
        return self._kinematics.hand_path(hand, positions[kept])
