"""The moments of a replay that are worth looking at first.

They are compared by what is told of them: where several are as bad, the last bits, which may differ from processor to
processor, shall not choose among them.
"""
from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from vla_async.embodiment import Embodiment
from vla_async.replay import metrics
from vla_async.replay.open_loop.measures import runs
from vla_async.replay.open_loop.rounding import rounded
from vla_async.replay.open_loop.stretch import Stretch
from vla_async.types import FloatArray

EACH = 3  # of a kind that are told
APART_NS = 1_000_000_000  # moments of a kind that are nearer are one
SHORT_S = 0.1  # to have no chunk for less is nothing to look at


@dataclass(frozen=True, order=True)
class Moment:
    """Something at `at_ns`; `badness` compares moments of one kind."""

    badness: float
    at_ns: int
    kind: str
    words: str


class WorstMoments:
    """Keeps the worst of each kind, whatever the length of the bag."""

    def __init__(self, robot: Embodiment) -> None:
        self._robot = robot
        self._kept: dict[str, list[Moment]] = {}

    def add(self, stretch: Stretch) -> None:
        """Look at a stretch."""
        for moment in (*self._disagreements(stretch), *self._limits(stretch), *self._starvation(stretch),
                       *self._errors(stretch)):
            self._keep(replace(moment, badness=rounded(moment.badness)))

    def worst(self) -> list[Moment]:
        """The worst of each kind, kind by kind, worst first."""
        return [moment for kind in sorted(self._kept) for moment in sorted(self._kept[kind], reverse=True)]

    def _keep(self, moment: Moment) -> None:
        kept = self._kept.setdefault(moment.kind, [])
        near = [other for other in kept if abs(other.at_ns - moment.at_ns) < APART_NS]
        if any(other.badness >= moment.badness for other in near):
            return
        self._kept[moment.kind] = heapq.nlargest(EACH, [*(other for other in kept if other not in near), moment])

    def _disagreements(self, stretch: Stretch) -> Iterator[Moment]:
        jumps = stretch.disagreement[:, 0]
        for i in _largest(jumps):
            yield Moment(float(jumps[i]), int(stretch.trace.fusions.judged_ns[i]), 'disagreement',
                         f'a chunk was {jumps[i]:.3f} rad or m away from the motion under way')

    def _limits(self, stretch: Stretch) -> Iterator[Moment]:
        points = stretch.trace.set_points
        if len(points) < 3:
            return
        _, acceleration = metrics.difference_quotients(points.stamp_ns, points.position)
        shares = np.abs(acceleration) / self._robot.array('acceleration')  # (N-2, D)
        for i in _largest(shares.max(axis=1)):
            joint = _first_of_largest(shares[i])
            yield Moment(float(shares[i, joint]), int(points.stamp_ns[i + 1]), 'acceleration',
                         f'{self._robot.joint_names[joint]} at {shares[i, joint]:.2f} times its acceleration limit')

    def _starvation(self, stretch: Stretch) -> Iterator[Moment]:
        points = stretch.trace.set_points
        for first, end in runs(~points.following):
            seconds = float(points.sent_ns[end - 1] - points.sent_ns[first]) / 1e9
            if seconds >= SHORT_S:
                yield Moment(seconds, int(points.sent_ns[first]), 'starvation', f'no chunk for {seconds:.2f} s')

    def _errors(self, stretch: Stretch) -> Iterator[Moment]:
        points = stretch.trace.set_points
        if len(points) == 0:
            return
        done, known = stretch.measured.at(points.stamp_ns)
        error = np.abs(points.position - done) * (known & points.following)[:, None]  # (N, D)
        for i in _largest(error.max(axis=1)):
            joint = _first_of_largest(error[i])
            yield Moment(float(error[i, joint]), int(points.stamp_ns[i]), 'distance',
                         f'{self._robot.joint_names[joint]} would have been {error[i, joint]:.3f} rad or m from '
                         'where the robot was')


def _largest(values: FloatArray) -> list[int]:
    """Places of the EACH largest of values (N,), in order of time; those that are nothing are left out."""
    told = np.array(rounded(values.tolist()))
    return sorted(int(i) for i in np.argsort(-told, kind='stable')[:EACH] if told[i] > 0)


def _first_of_largest(values: FloatArray) -> int:
    """Place of the largest of values (N,), the first of those that are told alike."""
    return int(np.argmax(rounded(values.tolist())))
