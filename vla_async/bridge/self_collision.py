"""Does a robot that goes along a path come too near to itself, also between the postures that are looked at?

Two links that are a and b apart at two postures, and move by no more than t against each other from one to the other,
are nowhere nearer than (a + b - t) / 2. Where that is less than half of the margin, the posture in the middle is looked
at, too, and so on until t is the margin or less. Hence a path whose postures keep the margin keeps half of it all the
way.
"""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vla_async.kinematics.body import Body, Postures
from vla_async.types import FloatArray

SAME = 1e-5  # distances of the same posture, computed again, differ by less [m]


@dataclass(frozen=True, slots=True)
class Approach:
    """Two links that come too near to each other."""

    links: tuple[str, str]
    distance: float  # [m], negative: how deep they are in each other
    time: float  # when on the path [s]


def reach(travel: FloatArray, margin: float) -> FloatArray:
    """Up to where distances along a path must be known, (N, K) [m], for `Body.travel` (N - 1, K) along it."""
    none = np.zeros((1, travel.shape[1]))
    return margin + np.maximum(np.concatenate([none, travel]), np.concatenate([travel, none]))


def first_approach(body: Body, margin: float, times: FloatArray, path: FloatArray, postures: Postures
                   ) -> Approach | None:
    """Where on a path (N, D) at times (N,) [s] links come nearer than `margin` [m] and than they are at its start.

    `postures` are those of the path, their distances known up to `reach`.
    """
    travel, distance = body.travel(path), postures.distance
    allowed = np.minimum(distance[0], margin) - SAME
    found = _earliest(body, times, distance, allowed)
    steps = [np.stack([rows[:-1], rows[1:]], axis=1) for rows in (times, path, distance)]  # (N - 1, 2, ...) each
    while found is None:
        unsure: NDArray[np.bool_] = ((steps[2].sum(axis=1) - travel < margin) & (travel > margin)).any(axis=1)
        if not unsure.any():
            break
        steps, travel = [ends[unsure] for ends in steps], travel[unsure] / 2
        times, path = steps[0].mean(axis=1), steps[1].mean(axis=1)
        distance = body.look(path, margin + travel).distance
        found = _earliest(body, times, distance, allowed)
        steps = [_halved(ends, middle) for ends, middle in zip(steps, (times, path, distance), strict=True)]
        travel = np.concatenate([travel, travel])
    return found


def _halved(ends: FloatArray, middle: FloatArray) -> FloatArray:
    """Steps (2 M, 2, ...) from those with `ends` (M, 2, ...) and what is in the `middle` (M, ...) of them."""
    return np.concatenate([np.stack([ends[:, 0], middle], axis=1), np.stack([middle, ends[:, 1]], axis=1)])


def _earliest(body: Body, times: FloatArray, distance: FloatArray, allowed: FloatArray) -> Approach | None:
    """From distance (N, K) at times (N,), in any order, and what is allowed, (K,) [m]."""
    rows = np.flatnonzero((distance < allowed).any(axis=1))
    if not rows.size:
        return None
    row = rows[times[rows].argmin()]
    pair = int((distance[row] - allowed).argmin())
    return Approach(body.pairs[pair], float(distance[row, pair]), float(times[row]))
