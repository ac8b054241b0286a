"""A chunk as control points on the knots of the motion, led to rest after its last step.

Alignment is by stamp: step i holds at stamp + i * step, so the curve is simply read at the knots' own times and what
lies in the past is never looked at [VLA-RAIL 2512.24673 aligns the same way, by an index].
"""
from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from vla_async.fusion.chunk_path import ChunkPath
from vla_async.fusion.config import FuserConfig
from vla_async.fusion.gripper import GripperHold
from vla_async.fusion.joint_kinds import from_spoken, of_kind, spoken_limits, unwrapped
from vla_async.fusion.limits import PlanLimits
from vla_async.fusion.slowing import Pace, demand, instants_over, slowdown
from vla_async.fusion.smoother import averaged
from vla_async.timebase import NS_PER_S
from vla_async.types import ActionChunk, FloatArray

# Noise that the smoother left does not slow a chunk down: what it asks for is averaged over twice this time [s].
NOISE_S = 0.1
LOOK_BACK_S = 1.5  # how much of what a chunk wanted of the past is looked at [s]


class Target(NamedTuple):
    """Control points (N, D) that follow a chunk, the first at knot `first`; the last one is where it rests.

    Of a `velocity` joint they are velocities, see `joint_kinds`.
    """

    first: int
    points: FloatArray  # [rad or m, rad/s or m/s of velocity joints]
    last: int  # knot at which the chunk is at its end
    slowdown: FloatArray  # (D,) how many times faster than it may each joint was to move; at most 1: not too fast
    beyond: FloatArray  # (D,) how far it goes outside the position limits [rad or m]
    too_much: int  # how many of its instants ask for more than the limits


class TargetMaker:
    """Makes targets for one robot and one grid of knots; everything that does not depend on the chunk is made here."""

    def __init__(self, config: FuserConfig, limits: PlanLimits, knot_ns: int) -> None:
        kinds, allowed, spoken = config.joint_kinds, config.limits, spoken_limits(limits, config.joint_kinds)
        self._limits = spoken
        self._turning, self._driven = of_kind(kinds, 'continuous'), of_kind(kinds, 'velocity')
        self._allowed = allowed.position_min.copy(), allowed.position_max.copy()
        for bound, side in zip(self._allowed, (-1.0, 1.0), strict=True):
            bound[self._driven] = side * allowed.velocity[self._driven]
        self._grippers = GripperHold(of_kind(kinds, 'gripper'), limits, config.gripper_band,
                                     knot_ns / NS_PER_S)
        self._knot_ns, self._knot_s, self._cutoff_hz = knot_ns, knot_ns / NS_PER_S, config.smoothing_hz
        self._shares = limits.shares(self._knot_s)
        self._inside = np.zeros((3, 0, len(kinds)))  # the demand of a path that is nowhere above the limits
        self._nowhere = np.zeros(len(kinds))  # by how much it is too fast, and outside the position limits
        self._noise_knots, self._look_back = round(NOISE_S / self._knot_s), round(LOOK_BACK_S / self._knot_s)
        self._reach = limits.velocity * (2.0 * config.horizon_s)  # (D,) farther nothing can be within the horizon
        self._reach[self._driven] = np.inf  # where it is does not bound how fast it goes
        self._settling = _settling(limits, kinds, knot_ns / NS_PER_S)
        steps, bends, _ = spoken.differences(self._knot_s)
        self._most = np.stack([np.full(steps.shape, np.inf), steps, bends])  # of where a chunk ends, see `_settle`
        self._least = -self._most
        self.max_knots = max(4, int(config.horizon_s * NS_PER_S / knot_ns) - self._settling.shape[1])

    def reset(self, position: FloatArray) -> None:
        """Begin anew from `position` (D,) [rad or m]."""
        self._grippers.reset(position)

    def last_knot(self, chunk: ActionChunk) -> int:
        """The last knot that the chunk itself covers."""
        return (chunk.stamp_ns + (len(chunk.positions) - 1) * chunk.step_ns) // self._knot_ns

    def make(self, chunk: ActionChunk, first: int, around: FloatArray) -> Target:
        """Target from knot `first` on, which the chunk must reach; `around` (D,) is where the robot is [rad or m]."""
        last = min(self.last_knot(chunk), first + self.max_knots)
        first = min(max(first, -(-chunk.stamp_ns // self._knot_ns)), last)
        start = min(first, last - 2)  # two more in front, for velocity and acceleration at the end
        wanted = self._wanted(chunk, first, around)
        low = np.maximum(self._limits.lower, around - self._reach)
        high = np.minimum(self._limits.upper, around + self._reach)
        within = np.maximum(wanted, low)
        path = ChunkPath(chunk, np.minimum(within, high, out=within), self._knot_ns, self._cutoff_hz)
        follow, needed, row_knots = self._paced(path, start, last)
        points = np.concatenate([follow[first - start:], self._settle(follow)])
        np.minimum(np.maximum(points, low, out=points), high, out=points)
        if self._grippers.columns.size:
            points = self._with_grippers(points, chunk, (row_knots() - (first - start)) * self._knot_s, first)
        beyond, outside = self._outside(wanted) if (wanted != within).any() else (self._nowhere, 0)
        too_fast, over = (slowdown(needed), instants_over(needed)) if needed.size else (self._nowhere, 0)
        return Target(first, points, start + len(follow) - 1, too_fast, beyond, max(outside, over))

    def _paced(self, path: ChunkPath, start: int, last: int) -> tuple[FloatArray, FloatArray, Callable[[], FloatArray]]:
        """Control points (N, D) from knot `start` on, slowed as the limits need; its demand; when its rows are, (H,)
        [knots since then].

        What lies before `start` is slowed as well: it tells how far a robot that kept the limits has come by now.
        """
        begin = min(max(path.first_knot, start - self._look_back), start)
        follow = path.at(begin, np.arange(last + 1 - begin, dtype=np.float64), 1.0)
        if demand(self._moved(follow), self._shares).max(initial=0.0) > 1.0:
            needed = self._lasting_demand(follow)
            if needed.max(initial=0.0) > 1.0:
                return self._slowed(path, follow, needed, begin, start)
        return follow[start - begin:], self._inside, lambda: path.row_knots(start)

    def _slowed(self, path: ChunkPath, follow: FloatArray, needed: FloatArray, begin: int,
                start: int) -> tuple[FloatArray, FloatArray, Callable[[], FloatArray]]:
        """The same with the pace that the limits allow, from knot `begin` on."""
        pace = Pace.within(needed, len(follow), self._knot_s)
        places, speed = pace.places(start - begin + self.max_knots)
        follow = path.at(begin, places, speed)
        follow[:, self._driven] *= speed[:, None]
        return follow[start - begin:], needed, lambda: begin - start + pace.when(path.row_knots(begin))

    def _lasting_demand(self, follow: FloatArray) -> FloatArray:
        """The demand of the path without its noise, which can be told `NOISE_S` from its ends and further."""
        width = min(self._noise_knots, max((len(follow) - 4) // 2, 0))
        moved = self._moved(follow)
        return demand(averaged(moved, width)[width:len(moved) - width], self._shares)

    def _outside(self, wanted: FloatArray) -> tuple[FloatArray, int]:
        """How far rows (H, D) lie outside the position limits, (D,), and how many of them."""
        beyond = np.maximum(self._allowed[0] - wanted, wanted - self._allowed[1])
        return np.maximum(beyond.max(axis=0), 0.0), int((beyond > 0.0).any(axis=1).sum())

    def _wanted(self, chunk: ActionChunk, first: int, around: FloatArray) -> FloatArray:
        """The chunk's positions (H, D), turning joints next to where the robot is."""
        columns = self._turning
        if not columns.size:
            return chunk.positions
        row = np.clip(round((first * self._knot_ns - chunk.stamp_ns) / chunk.step_ns), 0, len(chunk.positions) - 1)
        wanted = chunk.positions.copy()
        wanted[:, columns] = unwrapped(wanted[:, columns], row, around[columns])
        return wanted

    def _with_grippers(self, points: FloatArray, chunk: ActionChunk, row_s: FloatArray, first: int) -> FloatArray:
        """The target (N, D) with what grippers hold; a change that ends after all else makes it longer."""
        columns = self._grippers.columns
        held = self._grippers.follow(chunk, row_s, first * self._knot_ns, len(points))
        points = np.concatenate([points, np.repeat(points[-1:], len(held) - len(points), axis=0)])
        points[:, columns] = held
        return points

    def _moved(self, follow: FloatArray) -> FloatArray:
        """Control points of the path; grippers, which have their own, stand still."""
        moved = from_spoken(follow, self._driven, self._knot_s, np.zeros(follow.shape[1]))
        if self._grippers.columns.size:
            moved = moved.copy()
            moved[:, self._grippers.columns] = 0.0
        return moved

    def _settle(self, follow: FloatArray) -> FloatArray:
        """Control points after the chunk: velocity and acceleration at its end fade out along a Hermite cubic."""
        step = follow[-1] - follow[-2]
        ends = np.array((follow[-1], step, step - (follow[-2] - follow[-3])))
        np.minimum(np.maximum(ends, self._least, out=ends), self._most, out=ends)
        settled: FloatArray = np.add.reduce(self._settling * ends[:, None], axis=0)
        return settled


def _settling(limits: PlanLimits, kinds: Sequence[str], knot_s: float) -> FloatArray:
    """What a chunk's last control point and its first and second difference add to each one after it, (3, N, D).

    Over T = max(1.5 V / A, sqrt(6 V / J)) a Hermite cubic takes the largest velocity V to zero inside A and J. A
    position takes the way of that; of a `velocity` joint the cubic itself is the target.
    """
    duration = np.maximum(1.5 * limits.velocity / limits.acceleration, np.sqrt(6.0 * limits.velocity / limits.jerk))
    knots = np.ceil(duration / knot_s) + 1.0  # (D,)
    u = np.minimum(np.arange(1.0, knots.max() + 1.0)[:, None] / knots, 1.0)
    velocity = 1.0 - 3.0 * u**2 + 2.0 * u * u * u
    acceleration = knots * (u - 2.0 * u * u + u * u * u)
    driven = np.array([kind == 'velocity' for kind in kinds])
    return np.stack([np.where(driven, velocity, 1.0), np.where(driven, acceleration, np.cumsum(velocity, axis=0)),
                     np.where(driven, 0.0, np.cumsum(acceleration, axis=0))])
