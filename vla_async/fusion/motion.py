"""The motion under way: control points of a cubic B-spline on a fixed grid of knots, resting before and after.

Changing control points from index i + 3 on leaves the curve up to knot i + 1 exactly as it was, and since every cubic
B-spline is C2, so is the motion across every change [deBoor1978]. Not thread-safe.
"""
from __future__ import annotations

import numpy as np

from vla_async.fusion import spline
from vla_async.fusion.exact import weighted
from vla_async.timebase import NS_PER_S
from vla_async.types import FloatArray

# So much is kept from before a change that a reader a little behind still finds its motion: a change may lie a second
# ahead of the present, and windows begin before that.
HISTORY_NS = 3 * NS_PER_S // 2
# Equal control points at the end: one span, and so all after it, is at rest.
REST = 4


class SplineMotion:
    """Control points (K, D) [rad or m]; row r is centred at knot `first + r`, knot k at time k * knot_ns."""

    def __init__(self, knot_ns: int, dof: int) -> None:
        self.knot_ns = knot_ns
        self.knot_s = knot_ns / NS_PER_S
        self._basis = spline.basis(self.knot_s)
        self._flat = self._basis.transpose(0, 2, 1).reshape(12, 4).copy()  # a row for each weight of (3, 4)
        self._at_end, self._at_start = self._basis.sum(axis=1), self._basis[:, 0].copy()  # of a span: f = 1, f = 0
        self._keep(0, np.zeros((REST, dof)))

    def start(self, first: int, points: FloatArray) -> None:
        """Forget everything; `points` (K, D), K >= 4, the last four equal, begin at knot `first`."""
        self._keep(first, points)

    @property
    def last_index(self) -> int:
        """Knot of the first control point of the rest at the end."""
        return self._first + len(self._points) - REST

    def from_index(self, index: int, count: int) -> FloatArray:
        """`count` control points from knot `index` on, shape (count, D), resting ones added at the end: to be read."""
        row = index - self._first
        if 0 <= row <= len(self._points) - count:
            return self._points[row:row + count]
        return self._points.take(np.arange(row, row + count), axis=0, mode='clip')

    def replace(self, index: int, points: FloatArray) -> None:
        """New control points (N, D) from knot `index` on; the last four must be equal."""
        keep = max(self._first, index + -HISTORY_NS // self.knot_ns)
        self._keep(keep, np.concatenate([self.from_index(keep, index - keep), points]))

    def _keep(self, first: int, points: FloatArray) -> None:
        self._first, self._points = first, points
        self.begin_ns = (first + 1) * self.knot_ns  # earliest time that is still known
        self.rest_ns = (first + len(points) - REST + 1) * self.knot_ns  # time from which the motion is at rest
        self._resting = np.zeros((3, points.shape[1]))
        self._resting[0] = points[-1]
        self._row = -1  # no span's polynomials are known

    def state(self, t_ns: int) -> FloatArray:
        """Position, velocity, acceleration at one time, shape (3, D); at rest outside of what is known."""
        if t_ns >= self.rest_ns:
            return self._resting
        t_ns = max(t_ns, self.begin_ns)
        row, rest = divmod(t_ns - self.begin_ns, self.knot_ns)
        f = rest / self.knot_ns
        if row != self._row:  # several ticks fall into one span
            self._row, self._polynomials = row, self._of_span(row)
        return weighted(np.array((1.0, f, f * f, f * f * f)), self._polynomials).reshape(3, -1)

    def _of_span(self, row: int) -> FloatArray:
        """Polynomials of position, velocity and acceleration in a span, (4 powers, 3 D)."""
        return weighted(self._basis, self._points[row:row + 4]).transpose(1, 0, 2).reshape(4, -1)

    def sample(self, start_ns: int, step_ns: int, count: int) -> FloatArray:
        """Position, velocity, acceleration on a grid, shape (count, 3, D)."""
        origin = self.begin_ns
        times = np.minimum(np.maximum((start_ns - origin) + step_ns * np.arange(count), 0), self.rest_ns - origin)
        rows, rest = np.divmod(times, self.knot_ns)
        rows = np.minimum(rows, len(self._points) - 4)
        weights = weighted(self._flat, spline.powers(rest / self.knot_ns)).reshape(3, 4, count).transpose(2, 0, 1)
        states = weighted(weights, self._points.take(rows[:, None] + spline.SPAN, axis=0)[:, None])
        states[times == self.rest_ns - origin] = self._resting  # without the rounding of four equal control points
        return states

    def seam(self, index: int, before: FloatArray) -> list[float]:
        """Largest jumps over the joints in q, q', q'' at knot `index`.

        `before` holds the four control points (4, D) that shaped the span up to that knot before the change.
        """
        jumps = weighted(self._at_start, self.from_index(index - 1, 4)) - weighted(self._at_end, before)
        largest: list[float] = np.abs(jumps, out=jumps).max(axis=1).tolist()
        return largest
