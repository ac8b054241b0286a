"""From the rotations under way and a target to new control rotations: transition first, then the limits.

With b under way, g the target and phi_j = log(b_j^T g_j), a way that runs on past pi, the transition is the geodesic

    c_j = b_j exp(w_j phi_j) = g_j exp(-(1 - w_j) phi_j)

Where the old chunk ends, phi goes over into its mean over the knots that both chunks cover, so that the run-out of the
old chunk never pulls at the motion. b keeps the limits, so going no way at all is always safe; a wish that breaks
them is approached as far as they allow, over gentler ones as in `vla_async.fusion.governor`.
"""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vla_async.fusion.config import FuserConfig
from vla_async.fusion.limits import PlanLimits
from vla_async.fusion.motion import REST
from vla_async.fusion.planner import CHANGE, GIVEN, RUNGS
from vla_async.fusion.poses import rotation
from vla_async.fusion.poses.limits import AngularLimits, approach, demand
from vla_async.fusion.poses.motion import RotationMotion, resting
from vla_async.fusion.poses.target import RotationTarget
from vla_async.fusion.smoother import averaged
from vla_async.fusion.transition import TransitionRule, blend_weights
from vla_async.types import FloatArray


@dataclass(frozen=True, slots=True)
class RotationPlan:
    """New control rotations (N, P, 4) and what was needed to keep the limits."""

    control: FloatArray
    transition_s: float
    samples_limited: int
    slowdown: FloatArray  # (P,) how many times faster than it may each hand was asked to turn; at most 1: not too fast


class RotationPlanner:
    """Plans for the hands of one robot and one grid."""

    def __init__(self, config: FuserConfig, limits: AngularLimits, knot_s: float) -> None:
        self._knot_s = knot_s
        self._bounds = limits.differences(knot_s)
        anywhere = np.full(limits.velocity.size, np.inf)
        self._rule = TransitionRule(config, PlanLimits(-anywhere, anywhere, limits.velocity, limits.acceleration,
                                                       limits.acceleration / config.ramp_s))
        self._shortest, self._longest = config.transition_min_s, config.transition_max_s
        self._horizon_s = config.horizon_s

    def plan(self, motion: RotationMotion, target: RotationTarget, index: int, covered: int) -> RotationPlan:
        """Control rotations from knot `index` + 3 on; `covered` is the last knot that the chunk before covers."""
        lead = target.first - index - GIVEN  # knots until the target begins, the motion under way goes on till then
        common = min(max(covered - target.first, 0), len(target.control))  # knots that both chunks cover
        base, goal = _aligned(motion, target, index, GIVEN + lead)
        way = rotation.log(rotation.continuous(rotation.multiply(rotation.inverse(base), goal)))  # (K, P, 3)
        disagreement, common_s = self._disagreement(way[GIVEN + lead:], common)
        noise = self._rule.noise(disagreement)
        durations, share = self._rule.durations(disagreement, noise, common_s)
        begin_s = (CHANGE - lead - GIVEN) * self._knot_s  # time of the first row since the transition began
        base, goal, way = self._prolonged(begin_s, durations.max(), base, goal, way)
        left = 1.0 - share * self._weights(begin_s, len(way), durations)
        wish = rotation.multiply(goal, rotation.exp(-left * _carried_on(way, GIVEN + lead, common, noise)))
        needed = demand(wish, self._bounds)  # (2, K - 3, P)
        limited = (needed > 1.0).any(axis=(0, 1))
        if limited.any():
            wish = self._within_limits(base, way, wish, begin_s, durations, np.flatnonzero(limited))
        control = rotation.normalised(wish[GIVEN:])
        slowdown = np.maximum(needed[0], np.sqrt(needed[1])).max(axis=0)
        return RotationPlan(resting(control), float(durations.max()), int((needed > 1.0).any(axis=(0, 2)).sum()),
                            slowdown)

    def _disagreement(self, way: FloatArray, common: int) -> tuple[FloatArray, float]:
        """Largest angles (P,) [rad] between both motions where both are known, and how long that is [s]."""
        common_s = common * self._knot_s
        shared = max(int(min(max(common_s, self._shortest), self._longest) / self._knot_s), 1)
        disagreement = rotation.length(way[:shared]).max(axis=0)
        return disagreement, self._longest if common_s >= self._shortest else self._shortest

    def _weights(self, begin_s: float, count: int, durations: FloatArray) -> FloatArray:
        """w of `count` rows for each hand, shape (count, P, 1)."""
        weights = blend_weights(begin_s + self._knot_s * np.arange(count, dtype=np.float64), durations)
        weights[:GIVEN] = 0.0
        return weights[..., None]

    def _prolonged(self, begin_s: float, end_s: float, *arrays: FloatArray) -> tuple[FloatArray, ...]:
        """The arrays (K, P, ...) with the last row held until `end_s` after the transition began."""
        extra = max(int((end_s - begin_s) / self._knot_s) + 2 - len(arrays[0]), 0) + REST
        return tuple(np.concatenate([a, np.repeat(a[-1:], extra, axis=0)]) for a in arrays)

    def _within_limits(self, base: FloatArray, way: FloatArray, wish: FloatArray, begin_s: float,
                       durations: FloatArray, hands: NDArray[np.intp]) -> FloatArray:
        """The wish with the given hands taken as near to it as the limits allow, over gentler wishes."""
        slowest = np.minimum(RUNGS[0][1] * durations, self._horizon_s)
        base, way, wish = self._prolonged(begin_s, slowest.max() + RUNGS[0][0], base, way, wish)
        bounds = (self._bounds[0][hands], self._bounds[1][hands])
        start, way, durations = base[:, hands], way[:, hands], durations[hands]
        safe = start
        for width_s, stretch in RUNGS:
            weights = self._weights(begin_s, len(way), np.minimum(stretch * durations, self._horizon_s))
            gentle = averaged(way.reshape(len(way), -1), int(width_s / self._knot_s)).reshape(way.shape)
            safe = approach(safe, rotation.multiply(start, rotation.exp(weights * gentle)), bounds)
        wish[:, hands] = approach(safe, wish[:, hands], bounds)
        return wish


def _aligned(motion: RotationMotion, target: RotationTarget, index: int, begin: int) -> tuple[FloatArray, FloatArray]:
    """The motion under way from knot `index` on, and the same with the target and its rest from row `begin` on."""
    end = begin + len(target.control)
    base = motion.from_index(index, max(end, motion.last_index - index + 1))
    goal = base.copy()
    goal[begin:end] = target.control
    goal[end:] = target.control[-1]
    return base, goal


def _carried_on(way: FloatArray, begin: int, common: int, noise: FloatArray) -> FloatArray:
    """The way (K, P, 3), led over into its mean over the `common` rows from `begin` on where it is `noise` (P,)."""
    if common < 2 or begin + common >= len(way):
        return way
    weights = blend_weights(np.arange(len(way), dtype=np.float64) - begin, np.array([float(common)]))[..., None]
    carried: FloatArray = way + noise[:, None] * weights * (way[begin:begin + common].mean(axis=0) - way)
    return carried
