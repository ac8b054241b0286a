"""What a number in a chunk means, by the kind of its joint, where that is not simply a position between two limits.

| kind       | the chunk says                      | and so                                                          |
|------------|-------------------------------------|-----------------------------------------------------------------|
| continuous | an angle, whole turns do not matter | it is unwrapped and moved by whole turns next to the robot      |
| velocity   | the velocity of a driven base       | velocities are blended, their integral is the motion; rest is 0 |
| gripper    | where the fingers should be         | it is held with hysteresis (`gripper`)                          |
"""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vla_async.fusion.limits import PlanLimits
from vla_async.types import FloatArray

TURN = 2.0 * np.pi  # [rad]


def of_kind(kinds: Sequence[str], kind: str) -> NDArray[np.intp]:
    """Columns whose joint is of the kind."""
    return np.flatnonzero([entry == kind for entry in kinds])


def unwrapped(angles: FloatArray, row: int, near: FloatArray) -> FloatArray:
    """Angles (H, C) [rad] without jumps of a turn between rows, `row` within half a turn of `near` (C,)."""
    steady = np.unwrap(angles, axis=0)
    nearest: FloatArray = steady + TURN * np.round((near - steady[row]) / TURN)
    return nearest


def spoken_limits(limits: PlanLimits, kinds: Sequence[str]) -> PlanLimits:
    """The limits of what chunks speak of: for a velocity they bound itself, its first and its second derivative."""
    driven = np.array([kind == 'velocity' for kind in kinds])
    return PlanLimits(
        lower=np.where(driven, -limits.velocity, limits.lower),
        upper=np.where(driven, limits.velocity, limits.upper),
        velocity=np.where(driven, limits.acceleration, limits.velocity),
        acceleration=np.where(driven, limits.jerk, limits.acceleration),
        jerk=np.where(driven, np.inf, limits.jerk))


def to_spoken(points: FloatArray, columns: NDArray[np.intp], knot_s: float) -> FloatArray:
    """Rows (N, D) as chunks speak of the joints, from control points (N + 1, D) that begin one knot earlier."""
    rows = points[1:]
    if columns.size:
        rows = rows.copy()
        rows[:, columns] = (points[1:, columns] - points[:-1, columns]) / knot_s
    return rows


def from_spoken(rows: FloatArray, columns: NDArray[np.intp], knot_s: float, before: FloatArray) -> FloatArray:
    """The inverse of `to_spoken`: control points (N, D); `before` (D,) is the one that precedes them."""
    if not columns.size:
        return rows
    points = rows.copy()
    points[:, columns] = before[columns] + knot_s * np.cumsum(rows[:, columns], axis=0)
    return points
