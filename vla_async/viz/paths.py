"""Which lines to draw of chunks and windows: paths of hands and base, thinned out, coloured by age and time."""
from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from vla_async.embodiment import POSE_NUMBERS
from vla_async.timebase import NS_PER_S
from vla_async.types import ActionChunk, FloatArray, JointWindow
from vla_async.viz.forward_kinematics import BASE, ForwardKinematics

MOST_POINTS = 32  # of a fused path; rviz gets slow with more than twice as many
CHUNK_POINTS = 6  # of one raw chunk, of which there are many
FADE_NS = NS_PER_S  # a chunk is invisible at this age
RAW = np.array([1.0, 0.55, 0.0])  # RGB
NOW, SOON, END = np.array([[0.1, 0.9, 0.3], [0.1, 0.7, 1.0], [0.75, 0.25, 1.0]])  # RGB along the horizon
BASE_COLOUR = np.array([0.9, 0.9, 0.2, 1.0])  # RGBA


@dataclass(frozen=True)
class Line:
    """A line from point to point: `kind` is 'chunk', 'fused' or 'base', `name` the hand or link that moves along it."""

    kind: str
    name: str
    points: FloatArray  # (N, 3) [m], the robot's root frame
    colours: FloatArray  # (N, 4) RGBA of the points, 0 to 1


@dataclass(frozen=True)
class _Fan:
    """A raw chunk, worked out once: the paths (N, 3) [m] of its hands."""

    stamp_ns: int
    paths: Mapping[str, FloatArray]

    def lines(self, now_ns: int) -> list[Line]:
        """They fade with age; those of a clock that was set since are left out."""
        freshness = 1.0 - abs(now_ns - self.stamp_ns) / FADE_NS
        return [Line('chunk', hand, points, np.tile([*RAW, freshness], (len(points), 1)))
                for hand, points in self.paths.items() if freshness > 0.0]


class MotionPaths:
    """Keeps the last few chunks and the newest window, and turns them into lines when somebody looks."""

    def __init__(self, kinematics: ForwardKinematics, chunks: int, led: tuple[str, ...] = ()) -> None:
        """`led`: the hands whose poses the rows of chunks begin with; none: rows hold joints."""
        self._kinematics, self._led = kinematics, led
        self._fans: deque[_Fan] = deque(maxlen=chunks)
        self._window: JointWindow | None = None

    def add_chunk(self, chunk: ActionChunk) -> None:
        """A raw chunk: joint positions, or 9 numbers a hand, x, y, z [m] first."""
        rows = _thinned(chunk.positions, CHUNK_POINTS)
        hands = self._led or self._kinematics.hands
        self._fans.append(_Fan(chunk.stamp_ns, {hand: self._chunk_path(hand, rows) for hand in hands}))

    def set_window(self, window: JointWindow) -> None:
        """The fused motion."""
        self._window = window

    def horizon_end(self, now_ns: int) -> FloatArray | None:
        """Joint positions (D,) at which the fused motion comes to rest; None when there is none, or it is over.

        It is over once the time of its last point is past: the robot rests then, or something else moves it.
        """
        if self._window is None:
            return None
        end_ns = self._window.stamp_ns + (len(self._window.position) - 1) * self._window.step_ns
        return self._window.position[-1] if now_ns <= end_ns else None

    def lines(self, now_ns: int) -> list[Line]:
        """All lines, older chunks first."""
        return [*(line for fan in self._fans for line in fan.lines(now_ns)), *self._fused(now_ns)]

    def _fused(self, now_ns: int) -> list[Line]:
        """What is left of the fused motion, from now to its end."""
        if self._window is None:
            return []
        passed = max(now_ns - self._window.stamp_ns, 0) // self._window.step_ns
        rows = _thinned(self._window.position[passed:], MOST_POINTS)
        if len(rows) < 2:
            return []
        lines = [Line('fused', hand, self._kinematics.hand_path(hand, rows), along_horizon(len(rows)))
                 for hand in self._kinematics.hands]
        if self._kinematics.has_base:
            points = self._kinematics.link_path(BASE, rows)
            lines.append(Line('base', BASE, points, np.tile(BASE_COLOUR, (len(points), 1))))
        return lines

    def _chunk_path(self, hand: str, rows: FloatArray) -> FloatArray:
        if not self._led:
            return self._kinematics.hand_path(hand, rows)
        first = len(POSE_NUMBERS) * self._led.index(hand)
        return rows[:, first:first + 3]


def along_horizon(count: int) -> FloatArray:
    """Colours (count, 4) from now to the horizon's end: green over blue to violet."""
    place = np.linspace(0.0, 2.0, count)
    colours = [np.interp(place, (0.0, 1.0, 2.0), channel) for channel in zip(NOW, SOON, END, strict=True)]
    return np.stack([*colours, np.ones(count)], axis=1)


def segments(lines: Sequence[Line]) -> tuple[FloatArray, FloatArray]:
    """The lines cut into pieces: ends (S, 2, 3) [m] and their colours (S, 2, 4)."""
    ends = [np.stack([line.points[:-1], line.points[1:]], axis=1) for line in lines]
    colours = [np.stack([line.colours[:-1], line.colours[1:]], axis=1) for line in lines]
    return np.concatenate([np.empty((0, 2, 3)), *ends]), np.concatenate([np.empty((0, 2, 4)), *colours])


def _thinned(rows: FloatArray, most: int) -> FloatArray:
    """At most so many of the rows, both ends among them."""
    return rows[np.linspace(0, len(rows) - 1, min(len(rows), most)).round().astype(np.intp)]
