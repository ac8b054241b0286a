"""Slows a chunk down along its own path where it asks for more than the limits, all joints together.

With the pace s <= 1 along the path p, q(t) = p(tau(t)), tau' = s, so that

    q' = s p',   q'' = s^2 p'' + s s_tau p',   q''' = s^3 p''' + ...

the direction of q' is that of p': the joints keep their proportions. s is the smallest over the joints of V / |p'|,
sqrt(A / |p''|), cbrt(J / |p'''|), taken over the neighbourhood and smoothed, so that s_tau costs little acceleration.
It is the idea of time-optimal path parameterisation [Bobrow1985] without the optimum: toppra takes milliseconds for
that, this tenths of one, and what rounding and s_tau leave over the limits the governor takes back.
"""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vla_async.fusion.exact import cube_root, interpolated, weighted
from vla_async.fusion.motion import REST
from vla_async.fusion.smoother import curve_weights
from vla_async.fusion.transition import blend_weights
from vla_async.types import FloatArray

# Share of each limit that the slowed path may use; the rest is for s_tau and for joining.
SHARES = (0.98, 0.8, 0.6)
NEARBY_S = 0.1  # slowing begins this much before it is needed and ends as much after [s]
SLOWEST = 0.02


def demand(points: FloatArray, shares: FloatArray) -> FloatArray:
    """Velocity, acceleration and jerk as shares of the limits, (3, K - 3, D), for control points (K, D).

    `shares` (3, 1, D) is one over the bounds of the first, second and third differences.
    """
    first = points[1:] - points[:-1]
    second = first[1:] - first[:-1]
    needed = np.empty((3, len(points) - 3, points.shape[1]))
    needed[0], needed[1] = first[2:], second[1:]
    np.subtract(second[1:], second[:-1], out=needed[2])
    needed *= shares
    return np.abs(needed, out=needed)


def instants_over(needed: FloatArray) -> int:
    """How many instants of a demand (3, K, D) are above the limits."""
    return int(np.count_nonzero(needed.max(axis=(0, 2)) > 1.0)) if needed.max(initial=0.0) > 1.0 else 0


def slowdown(needed: FloatArray) -> FloatArray:
    """How many times slower each joint must move to have a demand (3, K, D) of 1, (D,); at most 1: it is inside."""
    if needed.max(initial=0.0) <= 1.0:
        return np.zeros(needed.shape[2])
    return _times(needed.max(axis=1)).max(axis=0)


def _times(needed: FloatArray) -> FloatArray:
    """How many times slower a motion must be that needs these shares (3, ...) of velocity, acceleration, jerk."""
    return np.stack([needed[0], np.sqrt(needed[1]), cube_root(needed[2])])


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a path of K knots is followed: `speed` (K,) at each knot, `arrival` (K,) there, in knots of time."""

    speed: FloatArray
    arrival: FloatArray

    @classmethod
    def within(cls, needed: FloatArray, count: int, knot_s: float) -> Pace:
        """The pace of `count` knots, `knot_s` [s] apart, at which the `demand` (3, M, D) of the middle ones is 1."""
        return cls.of(_smoothed(_allowed(needed.max(axis=2), count), round(NEARBY_S / knot_s)))

    @classmethod
    def of(cls, speed: FloatArray) -> Pace:
        """The pace with these speeds (K,)."""
        return cls(speed, np.concatenate([[0.0], np.cumsum(2.0 / (speed[1:] + speed[:-1]))]))

    def places(self, longest: int) -> tuple[FloatArray, FloatArray]:
        """Where on the path [knots] each knot of time falls, and the speed there, each (N,), N <= `longest`."""
        at = np.arange(min(int(self.arrival[-1]) + 1, longest), dtype=np.float64)
        span = np.clip(np.searchsorted(self.arrival, at, side='right') - 1, 0, len(self.arrival) - 2)
        takes = self.arrival[span + 1] - self.arrival[span]
        u = (at - self.arrival[span]) / takes
        out, into = self.speed[span] * takes, self.speed[span + 1] * takes
        places = span + u * (out + u * (3.0 - 2.0 * out - into + u * (out + into - 2.0)))  # a cubic: smooth in time
        return places, interpolated(self.speed, places)

    def when(self, places: FloatArray) -> FloatArray:
        """When places on the path are reached, both in knots; before its begin nothing is slowed."""
        return np.minimum(places, 0.0) + interpolated(self.arrival, places)


def slowed(points: FloatArray, needed: FloatArray, given: int, knot_s: float) -> FloatArray:
    """Control points (N, D) of the motion of `points` (K, D), slower where its velocity is too high; no acceleration.

    The first `given` stay as they are; the last ones must be at rest. `needed` is the demand of `points`.
    """
    only_velocity = np.stack([needed[0], np.zeros_like(needed[0]), np.zeros_like(needed[0])])
    pace = Pace.within(only_velocity, len(points), knot_s)
    since = np.arange(len(points), dtype=np.float64) - (given - 1)
    begun = blend_weights(since, np.array([NEARBY_S / knot_s]))[:, 0]
    places, speed = Pace.of(1.0 - begun * (1.0 - pace.speed)).places(4 * len(points))
    places, speed = places[given:], speed[given:]
    span = np.clip(places.astype(np.intp), 1, len(points) - 3)
    weights = curve_weights(places - span, speed)
    follow = weighted(weights, points[(span - 1)[:, None] + np.arange(4)])
    return np.concatenate([points[:given], follow, np.repeat(points[-1:], REST, axis=0)])


def _allowed(needed: FloatArray, count: int) -> FloatArray:
    """Largest speed at each knot of the path, (K,), from the largest demands (3, M)."""
    times = np.where(needed > 1.0, _times(needed / np.array(SHARES)[:, None]), 1.0).max(axis=0)
    before = (count - len(times) + 1) // 2  # a demand takes four control points; it counts at the third
    return np.maximum(np.pad(1.0 / times, (before, count - len(times) - before), mode='edge'), SLOWEST)


def _smoothed(allowed: FloatArray, nearby: int) -> FloatArray:
    """Nowhere above `allowed` (K,) and without steps: the smallest of the neighbourhood, averaged twice."""
    wide = np.pad(allowed, 2 * nearby, mode='edge')
    lowest = np.lib.stride_tricks.sliding_window_view(wide, 2 * nearby + 1).min(axis=1)
    return _mean_of(_mean_of(lowest, nearby + 1), nearby + 1)


def _mean_of(values: FloatArray, count: int) -> FloatArray:
    """Means (K - count + 1,) of each `count` neighbours among values (K,)."""
    mean: FloatArray = np.lib.stride_tricks.sliding_window_view(values, count).sum(axis=1) / count
    return mean
