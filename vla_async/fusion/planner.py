"""From the motion under way and a target to new control points: transition first, then the limits."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vla_async.fusion.config import FuserConfig
from vla_async.fusion.governor import Governor, smoothed
from vla_async.fusion.limits import PlanLimits
from vla_async.fusion.motion import REST, SplineMotion
from vla_async.fusion.target import Target
from vla_async.fusion.transition import TransitionRule, blend_weights
from vla_async.types import FloatArray

# Control points that are given: they shape the present and are only looked at for differences.
GIVEN = 3
# A control point begins to act this many knots before its own: there the transition begins.
CHANGE = 2
# Gentler wishes on the way to one that breaks limits: smoothing half width [s], stretch of the transition.
RUNGS = ((0.25, 2.5), (0.1, 1.5))


@dataclass(frozen=True, slots=True)
class Plan:
    """New control points (N, D) and what was needed to keep the limits."""

    points: FloatArray  # [rad or m]
    transition_s: float
    samples_limited: int
    limited: NDArray[np.bool_]  # (D,) joints that do not get what the chunk asks for


class Planner:
    """Plans for one robot and grid."""

    def __init__(self, config: FuserConfig, limits: PlanLimits, knot_s: float) -> None:
        self._knot_s = knot_s
        self._governor = Governor(limits, knot_s)
        self._lower, self._upper = limits.lower, limits.upper
        self._rule = TransitionRule(config, limits)
        self._shortest, self._longest = config.transition_min_s, config.transition_max_s
        self._horizon_s = config.horizon_s

    def plan(self, motion: SplineMotion, target: Target, index: int, covered: int) -> Plan:
        """Control points from knot `index` + 3 on; `covered` is the last knot that the chunk before covers."""
        first = index + GIVEN
        lead = target.first - first  # knots until the target begins, the motion under way goes on till then
        offset_s = (CHANGE - lead) * self._knot_s  # time of the plan's first row since the transition began
        common = min(max(covered - target.first, 0), len(target.points))  # knots that both chunks cover
        shared_s = max(common * self._knot_s, self._shortest)
        shared = min(int(min(shared_s, self._longest) / self._knot_s), len(target.points))
        common_s = self._longest if common * self._knot_s >= self._shortest else self._shortest
        under_way = motion.from_index(target.first, shared)
        disagreement = np.abs(target.points[:shared] - under_way).max(axis=0)
        durations = self._rule.durations(disagreement, common_s, self._horizon_s)
        count = max(lead + len(target.points), int((durations.max() - offset_s) / self._knot_s) + 2,
                    motion.last_index - first + 1) + REST
        base = motion.from_index(index, GIVEN + count)
        goal = _goal(base, target, lead)
        since_s = offset_s + self._knot_s * np.arange(-GIVEN, count, dtype=np.float64)
        wish = _blend(self._carried_on(base, goal, GIVEN + lead, common), goal, since_s, durations)
        broken = self._governor.excess(wish)
        clipped = target.clipped > 0
        if not broken.any():
            return Plan(_trimmed(wish[GIVEN:]), float(durations.max()), int(target.clipped.max()), clipped)
        joints = np.flatnonzero(broken.any(axis=0))
        wish, share = self._within_limits(base, goal, wish, joints, offset_s, durations)
        clipped[joints[share < 1.0]] = True
        return Plan(_trimmed(wish[GIVEN:]), float(durations.max()), int(broken.any(axis=1).sum()), clipped)

    def _carried_on(self, base: FloatArray, goal: FloatArray, begin: int, common: int) -> FloatArray:
        """The motion under way, and where its chunk ends the new one, as far off as both were over the `common` rows.

        So the motion can take longer for the way to the new chunk than the old one lasts.
        """
        if common < 2 or begin + common >= len(base):
            return base
        apart = (base - goal)[begin:begin + common].mean(axis=0)
        aside = np.clip(goal + apart, self._lower, self._upper)
        weight = blend_weights(np.arange(len(base), dtype=np.float64) - begin, np.array([float(common)]))
        carried: FloatArray = base + weight * (aside - base)
        return carried

    def _within_limits(self, base: FloatArray, goal: FloatArray, wish: FloatArray, joints: NDArray[np.intp],
                       offset_s: float, durations: FloatArray) -> tuple[FloatArray, FloatArray]:
        """The wish with the given joints taken back into the limits, and the share of it that each of them got."""
        extra = int(RUNGS[0][0] / self._knot_s) + REST  # smoothing reaches beyond the end
        base, goal, wish = (np.concatenate([a, np.repeat(a[-1:], extra, axis=0)]) for a in (base, goal, wish))
        since_s = offset_s + self._knot_s * np.arange(-GIVEN, len(base) - GIVEN, dtype=np.float64)
        safe, columns = base[:, joints], goal[:, joints]
        wishes = []
        for width_s, stretch in RUNGS:
            gentle = smoothed(columns, int(width_s / self._knot_s))
            wishes.append(_blend(safe, gentle, since_s, np.minimum(durations[joints] * stretch, since_s[-REST])))
        tamed, share = self._governor.approach(safe, [*wishes, wish[:, joints]], joints)
        wish[:, joints] = tamed
        return wish, share


def _goal(base: FloatArray, target: Target, lead: int) -> FloatArray:
    """Rows as `base`: the motion under way until the target begins, then the target, then its rest."""
    goal = base.copy()
    begin = GIVEN + lead
    goal[begin:begin + len(target.points)] = target.points
    goal[begin + len(target.points):] = target.points[-1]
    return goal


def _blend(base: FloatArray, goal: FloatArray, since_s: FloatArray, durations: FloatArray) -> FloatArray:
    """w goal + (1 - w) base; exactly one of them at either end, and the given rows untouched."""
    weights = blend_weights(since_s, durations)
    weights[:GIVEN] = 0.0
    blend: FloatArray = weights * goal + (1.0 - weights) * base
    return blend


def _trimmed(points: FloatArray) -> FloatArray:
    """Without the resting rows that say nothing: the last REST rows are equal and the one before them is not."""
    moving = np.flatnonzero((points != points[-1]).any(axis=1))
    return points[:(moving[-1] + 1 if moving.size else 0) + REST]
