"""A trajectory as joint_trajectory_controller samples it: what `trajectory.cpp` of ros2_controllers does.

Source: https://github.com/ros-controls/ros2_controllers, joint_trajectory_controller/src/trajectory.cpp at master
94e74de (2026-08-18), jazzy ed360c9, kilted 0f8eb14 and humble ad559d9, which agree in all of this. No code is copied.

- each segment is interpolated by what *both* of its ends have: positions only: linear; and velocities: cubic; and
  accelerations: quintic. Accelerations without velocities fall between the cases and give zeros, also as positions;
- before the first point: from the point before the trajectory, which counts as having what the first point has;
- from the last point on: that point, also its velocity, if it has one;
- the segment is searched from the last one found onwards: a time that runs back by more than a segment finds none, and
  then the trajectory counts as played out;
- start 0: it starts with the first sample.

Effort, `interpolation_method: none` and points without positions are not modelled.
"""
from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vla_async.timebase import NS_PER_S
from vla_async.types import FloatArray

_POWERS = np.arange(6)
# rows: value, first and second derivative of u^n, as factor times u^exponent
_FACTORS = np.array([[math.perm(n, k) for n in _POWERS] for k in range(3)], dtype=np.float64)
_EXPONENTS = np.maximum(_POWERS - np.arange(3)[:, None], 0)


def _derivatives(u: float, width: int) -> FloatArray:
    """Value and two derivatives by u of the powers 0 to width - 1, shape (3, width)."""
    rows: FloatArray = _FACTORS[:, :width] * u ** _EXPONENTS[:, :width]
    return rows


def _hermite(given: int) -> FloatArray:
    """From `given` derivatives at either end, position first, to coefficients of the powers of u in 0..1."""
    ends = [_derivatives(u, 2 * given)[:given] for u in (0.0, 1.0)]
    return np.linalg.inv(np.concatenate(ends))


_HERMITE = {given: _hermite(given) for given in (1, 2, 3)}


@dataclass(frozen=True, slots=True)
class Points:
    """N points of J joints; times count from the trajectory's start and may be negative."""

    times_ns: NDArray[np.int64]  # (N,)
    states: FloatArray  # (N, 3, J): position [rad or m], velocity and acceleration, zero where not given
    velocities: NDArray[np.bool_]  # (N,) whether the point has velocities
    accelerations: NDArray[np.bool_]  # (N,) whether the point has accelerations

    def shifted(self, by_ns: int) -> Points:
        """The same, later."""
        return Points(self.times_ns + by_ns, self.states, self.velocities, self.accelerations)

    def chosen(self, rows: NDArray[np.bool_]) -> Points:
        """Those of the rows (N,)."""
        return Points(self.times_ns[rows], self.states[rows], self.velocities[rows], self.accelerations[rows])

    @classmethod
    def joined(cls, *parts: Points) -> Points:
        """One after the other, in this order whatever their times are."""
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in cls.__slots__))

    @classmethod
    def one(cls, time_ns: int, state: FloatArray) -> Points:
        """A single complete point (3, J)."""
        return cls(np.array([time_ns]), state[None], np.ones(1, dtype=bool), np.ones(1, dtype=bool))


class Trajectory:
    """Points from `start_ns` on; 0: from the first sample on."""

    def __init__(self, points: Points, start_ns: int) -> None:
        self.points, self.start_ns = points, start_ns
        self.sampled = False
        self._times_ns: list[int] = points.times_ns.tolist()
        self._before_ns, self._before = 0, np.zeros_like(points.states[0])
        self._segments: dict[int, FloatArray] = {}  # coefficients (2 * given, J), -1: the one before the first point
        self._found = 0

    def begin_from(self, time_ns: int, state: FloatArray, continuous: NDArray[np.bool_]) -> None:
        """The state (3, J) that the way to the first point leads from; of joints without end the nearer turn counts."""
        turn = 2.0 * np.pi
        apart = self.points.states[0, 0] - state[0]
        self._before_ns, self._before = time_ns, state.copy()
        self._before[0] += np.where(continuous, turn * np.round(apart / turn), 0.0)

    def sample(self, time_ns: int, *, advance: bool) -> FloatArray | None:
        """State (3, J); None before the point that the way to the first point leads from.

        `advance`: later samples are searched from this one's segment onwards.
        """
        if not self.sampled:
            self.start_ns = self.start_ns or time_ns
            self.sampled = True
        if time_ns < self._before_ns:
            return None
        since_ns, times_ns = time_ns - self.start_ns, self._times_ns
        if since_ns < times_ns[0]:
            return self._between(-1, self._before_ns - self.start_ns, times_ns[0], since_ns)
        for i in range(self._found, len(times_ns) - 1):
            if times_ns[i] <= since_ns < times_ns[i + 1]:
                self._found = i if advance else self._found
                return self._between(i, times_ns[i], times_ns[i + 1], since_ns)
        self._found = len(times_ns) - 1 if advance else self._found
        return self.points.states[-1].copy()

    def played_out(self, time_ns: int) -> bool:
        """Whether the last point has been reached."""
        return time_ns - self.start_ns >= self._times_ns[-1]

    def _between(self, i: int, from_ns: int, to_ns: int, since_ns: int) -> FloatArray:
        """State (3, J) on segment i."""
        span_s = (to_ns - from_ns) / NS_PER_S
        if i not in self._segments:
            self._segments[i] = self._coefficients(i, span_s)
        segment = self._segments[i]
        rows = _derivatives((since_ns - from_ns) / (to_ns - from_ns), len(segment))
        rows /= np.array([[1.0], [span_s], [span_s * span_s]])
        state: FloatArray = rows @ segment
        return state

    def _coefficients(self, i: int, span_s: float) -> FloatArray:
        """Of segment i, (2 * given, J)."""
        points, ends = self.points, (max(i, 0), i + 1)  # the point before has what the first point has
        velocities, accelerations = (all(has[end] for end in ends) for has in (points.velocities, points.accelerations))
        first = self._before if i < 0 else points.states[i]
        if accelerations and not velocities:
            return np.zeros((2, first.shape[1]))
        given = 1 + velocities + accelerations
        scale = np.array([[1.0], [span_s], [span_s * span_s]])[:given]
        conditions = np.concatenate([first[:given] * scale, points.states[i + 1, :given] * scale])
        return _HERMITE[given] @ conditions
