"""What the bridge asked of the robot by its set-points' own stamps, however late they came.

The physics judges what the controllers held at each of its steps. The same low-pass here sees the same set-points as if
each had been there at the time of its stamp, on straight lines between them: where messages are never late, both show
the same. What a commander does that falls silent is told apart: a controller that gets single positions holds the last
one, so that a motion stops dead, and begins again with a jump if the next commander begins elsewhere.
"""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from vla_async.bridge import Tolerances
from vla_async.embodiment import Embodiment
from vla_async.replay.set_points import SetPoint
from vla_async.sim.limit_watch import QUANTITIES, SET_POINT_SLACK, limits_about_middle, with_slack
from vla_async.sim.low_pass import LowPass
from vla_async.timebase import NS_PER_MS, nanoseconds, seconds
from vla_async.types import FloatArray

STEP_NS = 2 * NS_PER_MS
GAP_NS = nanoseconds(Tolerances.gap_s)  # without set-points for longer the bridge takes the robot for stopped
SILENT_NS = 500 * NS_PER_MS  # at the end, where no later set-point tells
SETTLED_STEPS = 100  # then nothing is left of a stop or a jump in the low-pass
SPEAKING, SILENT, BEGINNING = range(3)


@dataclass(frozen=True, slots=True)
class StampReport:
    """Largest ratios to the limits [1]."""

    heard_s: float  # for so long
    unheard_s: float  # between set-points that others must have come between
    ratios: tuple[float, float, float]  # position, velocity, acceleration of what was asked for
    stop: float  # acceleration, as the set-points ended in motion
    jump: float  # acceleration, as they began elsewhere than they had ended
    longest_gap_s: float  # between two set-points of one motion
    beyond: tuple[str, ...]  # what was asked for beyond limits and slack, with its ratio

    @property
    def broken_off(self) -> bool:
        """Whether silence, and no set-point, asked for more than the limits."""
        return max(self.stop, self.jump) > SET_POINT_SLACK[2]


class StampWatch:
    """Takes set-points in the order in which they were sent."""

    def __init__(self, robot: Embodiment) -> None:
        self._names = robot.joint_names
        self._limits, self._middle = limits_about_middle(robot)
        self._holds = robot.holding  # (D,) the others go on, or come to rest by themselves
        self._low_pass = LowPass(seconds(STEP_NS))
        self._worst = np.zeros((3, 3, len(self._names)))  # phase, quantity, joint
        self._last: SetPoint | None = None
        self._grid_ns = self._settling = self._infinite = 0
        self._heard_ns = self._unheard_ns = self._longest_ns = 0

    def add(self, point: SetPoint, *, reborn: bool = False) -> None:
        """The next one; `reborn`: it is of another process than the one before."""
        if not np.isfinite(point.position).all():
            self._infinite += 1
            return
        last, self._last = self._last, point
        if last is not None and 0 <= point.stamp_ns - last.stamp_ns <= GAP_NS:
            self._follow(last, point)
        else:
            self._begin(last, point, reborn)

    def _begin(self, last: SetPoint | None, point: SetPoint, reborn: bool) -> None:
        """The first of a stretch. A bridge that neither died nor says that it is late was not silent: the recorder was
        away, or the clock was set, and nobody knows what was between."""
        silent = last is not None and (reborn or point.late)
        if last is not None and silent:
            self._stand(last)
        elif last is not None:
            self._unheard_ns += max(point.stamp_ns - last.stamp_ns, 0)
        rests = silent and not point.velocity.any()
        if not rests:
            self._low_pass.restart(point.position, point.velocity, point.acceleration)
        self._settling, self._grid_ns = SETTLED_STEPS if rests else 0, point.stamp_ns

    def end(self, silent_ns: int) -> None:
        """Nothing more has come for so long."""
        if self._last is not None and silent_ns > SILENT_NS:
            self._stand(self._last)

    def report(self) -> StampReport:
        """What was seen so far."""
        ratios = np.divide(self._worst, self._limits, out=np.zeros_like(self._worst), where=self._limits < np.inf)
        position, velocity, acceleration = (float(ratio) for ratio in ratios[SPEAKING].max(axis=1))
        return StampReport(seconds(self._heard_ns), seconds(self._unheard_ns), (position, velocity, acceleration),
                           float(ratios[SILENT, 2].max()), float(ratios[BEGINNING, 2].max()),
                           seconds(self._longest_ns), tuple(self._beyond(ratios)))

    def _follow(self, last: SetPoint, point: SetPoint) -> None:
        span_ns = point.stamp_ns - last.stamp_ns
        self._heard_ns += span_ns
        self._longest_ns = max(self._longest_ns, span_ns)
        way = point.position - last.position
        while self._grid_ns <= point.stamp_ns:
            share = (self._grid_ns - last.stamp_ns) / span_ns if span_ns else 1.0
            self._step(last.position + share * way, BEGINNING if self._settling else SPEAKING)
            self._settling = max(self._settling - 1, 0)
            self._grid_ns += STEP_NS

    def _stand(self, last: SetPoint) -> None:
        for _ in range(SETTLED_STEPS):
            self._step(last.position, SILENT)

    def _step(self, position: FloatArray, phase: int) -> None:
        used = np.abs(np.vstack([position - self._middle, self._low_pass.step(position)]))
        if phase != SPEAKING:
            used[1:, ~self._holds] = 0.0
        np.maximum(self._worst[phase], used, out=self._worst[phase])

    def _beyond(self, ratios: FloatArray) -> Iterator[str]:
        if self._infinite:
            yield f'{self._infinite} set-points are not finite'
        broken = self._worst[SPEAKING] > with_slack(self._limits, SET_POINT_SLACK)
        for row, joint in zip(*np.nonzero(broken), strict=True):
            yield f'{QUANTITIES[row]} of {self._names[joint]}: {ratios[SPEAKING, row, joint]:.2f} of its limit'
