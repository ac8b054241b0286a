"""From the motion under way and a target to new control points: transition first, then the limits."""
from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vla_async.fusion.config import FuserConfig
from vla_async.fusion.governor import Governor
from vla_async.fusion.joint_kinds import from_spoken, of_kind, spoken_limits, to_spoken
from vla_async.fusion.limits import PlanLimits
from vla_async.fusion.motion import REST, SplineMotion
from vla_async.fusion.slowing import demand, instants_over, slowdown, slowed
from vla_async.fusion.smoother import averaged
from vla_async.fusion.target import Target
from vla_async.fusion.transition import TransitionRule, blend_weights, weights_left
from vla_async.types import FloatArray

# Control points that are given: they shape the present and are only looked at for differences.
GIVEN = 3
# A control point begins to act this many knots before its own: there the transition begins.
CHANGE = 2
# Gentler wishes on the way to one that breaks limits: smoothing half width [s], stretch of the transition.
RUNGS = ((0.25, 2.5), (0.1, 1.5))


class Plan(NamedTuple):
    """New control points (N, D) and what was needed to keep the limits."""

    points: FloatArray  # [rad or m]
    transition_s: float
    samples_limited: int
    slowdown: FloatArray  # (D,) how many times faster than it may each joint was asked to move; at most 1: not too fast
    beyond: FloatArray  # (D,) how far outside its position limits it was asked to go [rad or m]


class Planner:
    """Plans for one robot and grid."""

    def __init__(self, config: FuserConfig, limits: PlanLimits, knot_s: float) -> None:
        self._knot_s = knot_s
        self._governor = Governor(limits, knot_s)
        self._shares = limits.shares(knot_s)
        self._driven = of_kind(config.joint_kinds, 'velocity')
        self._swift = of_kind(config.joint_kinds, 'gripper')
        spoken = spoken_limits(limits, config.joint_kinds)
        self._lower, self._upper = spoken.lower, spoken.upper
        self._rule = TransitionRule(config, spoken)
        self._shortest, self._longest = config.transition_min_s, config.transition_max_s

    def plan(self, motion: SplineMotion, target: Target, index: int, covered: int) -> Plan:
        """Control points from knot `index` + 3 on; `covered` is the last knot that the chunk before covers."""
        first = index + GIVEN
        lead = target.first - first  # knots until the target begins, the motion under way goes on till then
        offset_s = (CHANGE - lead) * self._knot_s  # time of the plan's first row since the transition began
        common = min(max(covered - target.first, 0), len(target.points))  # knots that both chunks cover
        disagreement, common_s = self._disagreement(motion, target, common)
        noise = self._rule.noise(disagreement)
        durations, share = self._rule.durations(disagreement, noise, common_s)
        transition_s = float(durations.max())
        count = max(lead + len(target.points), int((transition_s - offset_s) / self._knot_s) + 2)
        under_way = motion.from_index(index - 1, 1 + GIVEN + count)
        base = to_spoken(under_way, self._driven, self._knot_s)
        goal = _goal(base, target, lead, share, self._driven)
        wish = self._joined(base, goal, GIVEN + lead, common, noise, durations)
        wish = from_spoken(wish, self._driven, self._knot_s, under_way[0])
        wish[-REST:] = wish[-REST - 1]  # the rest is checked like all else: an end that moves breaks a limit
        needed = demand(wish, self._shares)
        too_fast, too_much = target.slowdown, target.too_much
        if needed.max() > 1.0:
            too_fast, too_much = np.maximum(too_fast, slowdown(needed)), max(too_much, instants_over(needed))
            wish = self._kept(wish, needed, goal, motion, index, offset_s, durations)
        return Plan(_trimmed(wish[GIVEN:]), transition_s, too_much, too_fast, target.beyond)

    def _disagreement(self, motion: SplineMotion, target: Target, common: int) -> tuple[FloatArray, float]:
        """Largest difference (D,) between target and motion, and the time [s] that both have in common."""
        shared_s = max(common * self._knot_s, self._shortest)
        shared = min(int(min(shared_s, self._longest) / self._knot_s), len(target.points))
        under_way = to_spoken(motion.from_index(target.first - 1, shared + 1), self._driven, self._knot_s)
        apart = target.points[:shared] - under_way
        disagreement = np.abs(apart, out=apart).max(axis=0)
        if self._swift.size:  # a change of a gripper further ahead is the target's own and needs no transition
            soon = max(int(self._shortest / self._knot_s), 1)
            disagreement[self._swift] = apart[:soon, self._swift].max(axis=0)
        return disagreement, self._longest if common * self._knot_s >= self._shortest else self._shortest

    def _joined(self, base: FloatArray, goal: FloatArray, begin: int, common: int, noise: FloatArray,
                durations: FloatArray) -> FloatArray:
        """The motion under way `base` until row `begin`, from there on over to the goal, which has REST rows more."""
        wish = goal.copy()
        count = min(max(int(durations.max() / self._knot_s) + 1, common), len(base) - begin)
        on_way = wish[begin:begin + count]
        back = base[begin:begin + count] - on_way
        if common >= 2:
            self._carry_on(back, on_way, common, noise)
        if (durations == durations[0]).all():  # as a rule, when chunks differ by noise: one column does for all
            durations = durations[:1]
        back *= weights_left(self._knot_s * np.arange(CHANGE, CHANGE + count, dtype=np.float64), durations)
        on_way += back
        return wish

    def _carry_on(self, back: FloatArray, goal: FloatArray, common: int, noise: FloatArray) -> None:
        """Makes the way `back` to the motion under way, where its chunk ends, the mean over the `common` rows.

        So the motion can take longer for the way to the new chunk than the old one lasts. Joints that go to something
        else, `noise` (D,) being 0, go on as planned.
        """
        aside = goal + np.add.reduce(back[:common]) / common
        np.minimum(np.maximum(aside, self._lower, out=aside), self._upper, out=aside)
        aside -= goal
        aside -= back
        aside *= noise * _carried(common, len(back))
        back += aside

    def _kept(self, wish: FloatArray, needed: FloatArray, goal: FloatArray, motion: SplineMotion, index: int,
              offset_s: float, durations: FloatArray) -> FloatArray:
        """The wish inside the limits: slowed along its path, all joints together, and what is left joint by joint.

        Acceleration and jerk cannot be slowed away at the begin of a motion: what is left of them holds back the joint
        that asks for it, towards the motion under way.
        """
        if (needed[0] > 1.0).any():
            wish = slowed(wish, needed, GIVEN, self._knot_s)
        joints = np.flatnonzero((demand(wish, self._shares) > 1.0).any(axis=(0, 1)))
        if not joints.size:
            return wish
        count = max(len(wish), len(goal), motion.last_index - index + 1)
        count += int(RUNGS[0][0] / self._knot_s) + REST  # smoothing reaches beyond the end
        wish, goal = _extended(wish, count), _extended(goal, count)[:, joints]
        under_way = motion.from_index(index - 1, count + 1)[:, joints]
        driven = np.flatnonzero(np.isin(joints, self._driven))
        base = to_spoken(under_way, driven, self._knot_s)
        since_s = offset_s + self._knot_s * np.arange(-GIVEN, count - GIVEN, dtype=np.float64)
        wishes = []
        for width_s, stretch in RUNGS:
            gentle = averaged(goal, int(width_s / self._knot_s))
            gentle = _blend(base, gentle, since_s, np.minimum(durations[joints] * stretch, since_s[-REST]))
            wishes.append(from_spoken(gentle, driven, self._knot_s, under_way[0]))
        wish[:, joints] = self._governor.approach(under_way[1:], [*wishes, wish[:, joints]], joints)
        return wish


@lru_cache(maxsize=128)
def _carried(common: int, count: int) -> FloatArray:
    """By how much the first `count` rows are carried on after a chunk that covers `common` of them, (count, 1)."""
    return blend_weights(np.arange(count, dtype=np.float64), np.array([float(common)]))


def _goal(base: FloatArray, target: Target, lead: int, share: float, driven: NDArray[np.intp]) -> FloatArray:
    """Rows as `base` and REST more: the motion under way until the target begins, then the target, then its rest.

    A `share` below 1 draws it in to that part of the way from where the motion under way leads.
    """
    begin, points = GIVEN + lead, target.points
    goal = np.empty((len(base) + REST, base.shape[1]))
    goal[:begin], goal[begin:begin + len(points)], goal[begin + len(points):] = base[:begin], points, points[-1]
    if share < 1.0:
        drawn = base[-1] + share * (goal[begin:] - base[-1])
        drawn[:, driven] = goal[begin:, driven]  # a velocity that is not drawn in ends at zero
        goal[begin:] = drawn
    return goal


def _blend(base: FloatArray, goal: FloatArray, since_s: FloatArray, durations: FloatArray) -> FloatArray:
    """w goal + (1 - w) base; without rounding the goal at the end, which is at rest, and the given rows."""
    blend: FloatArray = base - goal
    blend *= weights_left(since_s, durations)
    blend += goal
    blend[:GIVEN] = base[:GIVEN]
    return blend


def _extended(points: FloatArray, count: int) -> FloatArray:
    """`count` rows, the last one repeated."""
    return np.concatenate([points, np.repeat(points[-1:], count - len(points), axis=0)])


def _trimmed(points: FloatArray) -> FloatArray:
    """Without the resting rows that say nothing: the last REST rows are equal and the one before them is not."""
    tail = 4 * REST
    while True:  # the last moving row is almost always among the last ones
        moving = (points[-tail:] != points[-1]).any(axis=1).nonzero()[0]
        if moving.size:
            return points[:max(len(points) - tail, 0) + moving[-1] + 1 + REST]
        if tail >= len(points):
            return points[:REST]
        tail *= 4
