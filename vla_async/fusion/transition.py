"""Going over from the motion under way to a new target: c = b + w (g - b), with w from 0 to 1 along a quintic.

    w(u) = 10 u^3 - 15 u^4 + 6 u^5,   u = time since the switch / T

This is the quintic of VLA-RAIL's fuser [2512.24673] applied to the difference of two motions, so no state has to be
matched and no tail is needed. T is chosen per joint: long where the chunk disagrees no more than noise does (many
chunks in a row then average out), short for a real change, and never shorter than the limits allow for the difference
alone: T >= 1.875 d / V, sqrt(5.774 d / A), cbrt(80 d / J).
"""
from __future__ import annotations

import math

import numpy as np

from vla_async.fusion.config import FuserConfig
from vla_async.fusion.exact import cube_root, cube_root_of
from vla_async.fusion.limits import PlanLimits
from vla_async.types import FloatArray

# Largest first, second and third derivative of the quintic from 0 to 1 in unit time. The third is 60; the control
# points that are given cut off its begin, which makes it 80.
PEAKS = (1.875, 5.7736, 80.0)
# Share of the limits that the transition may use; the rest is for the motion itself.
SHARE = 0.9


class TransitionRule:
    """Chooses how long a transition takes."""

    def __init__(self, config: FuserConfig, limits: PlanLimits) -> None:
        self._limits = limits
        self._short, self._longest = config.transition_min_s, config.horizon_s
        self._change = config.real_change * limits.velocity  # (D,) [rad or m]
        self._doubt = (config.real_change - config.small_change) * limits.velocity  # (D,) [rad or m]
        self._per_way = np.stack([peak / SHARE / limit for peak, limit in zip(
            PEAKS, (limits.velocity, limits.acceleration, limits.jerk), strict=True)])  # (3, D)

    def noise(self, disagreement: FloatArray) -> FloatArray:
        """How much the largest differences (D,) [rad or m] between two motions look like noise: 1, or a change: 0."""
        share = (self._change - disagreement) / self._doubt
        return np.minimum(np.maximum(share, 0.0, out=share), 1.0, out=share)

    def durations(self, disagreement: FloatArray, noise: FloatArray, common_s: float) -> tuple[FloatArray, float]:
        """Transition times (D,) [s] for differences (D,) [rad or m], and the share of the way to go.

        Noise takes as long as both motions have in common, `common_s` [s]. No joint takes less than the slowest needs,
        so that all go straight to the target together; where that is more than the horizon, they go a share of the
        way, and the next chunk brings them on.
        """
        wanted = self._short + (common_s - self._short) * noise
        needed_s = self._slowest_s(disagreement)
        if needed_s <= self._longest:
            return np.maximum(wanted, needed_s), 1.0
        share = float(possible_way(self._longest, disagreement, self._limits).min())
        return np.maximum(wanted, self._longest), share

    def _slowest_s(self, way: FloatArray) -> float:
        """The longest of `shortest_s` for a way (D,) [rad or m]; roots are drawn of the largest only."""
        velocity, acceleration, jerk = (self._per_way * way).max(axis=1).tolist()
        return max(velocity, math.sqrt(acceleration), cube_root_of(jerk))


def shortest_s(way: FloatArray, limits: PlanLimits) -> FloatArray:
    """Time [s] (..., D) that the quintic needs for a way (..., D) [rad or m] inside SHARE of the limits."""
    room = way / SHARE
    return np.maximum(np.maximum(PEAKS[0] * room / limits.velocity, np.sqrt(PEAKS[1] * room / limits.acceleration)),
                      cube_root(PEAKS[2] * room / limits.jerk))


def possible_way(duration_s: float, way: FloatArray, limits: PlanLimits) -> FloatArray:
    """Share (D,) of a way (D,) [rad or m] that the quintic can go in so much time, the inverse of `shortest_s`."""
    room = SHARE * np.minimum(np.minimum(limits.velocity * duration_s / PEAKS[0],
                                         limits.acceleration * (duration_s * duration_s) / PEAKS[1]),
                              limits.jerk * (duration_s * duration_s * duration_s) / PEAKS[2])
    share: FloatArray = room / np.maximum(way, room)
    return share


def blend_weights(since_s: FloatArray, duration_s: FloatArray) -> FloatArray:
    """w at times (N,) since the switch for durations (D,), shape (N, D)."""
    return _quintic(since_s[:, None] / duration_s)


def weights_left(since_s: FloatArray, duration_s: FloatArray) -> FloatArray:
    """1 - w, exactly 0 at the end."""
    return _quintic(1.0 - since_s[:, None] / duration_s)


def _quintic(u: FloatArray) -> FloatArray:
    """From 0 to 1 where u does so; u is used up."""
    np.minimum(np.maximum(u, 0.0, out=u), 1.0, out=u)
    weights = 6.0 * u
    weights -= 15.0
    weights *= u
    weights += 10.0
    weights *= u
    weights *= u
    weights *= u
    return weights
