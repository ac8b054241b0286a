"""Whether a robot keeps its limits, judged at every step of the physics: what its controllers hold and what it does.

Velocity and acceleration are those of the motion behind a low-pass of four equal poles of 15 ms. They are averages of
the true ones: a motion within its limits never shows more, whereas the steps of set-points that are held from tick to
tick, which say nothing about the motion, are smoothed away. What it can hide is short: a jump of a resting set-point
breaks an acceleration limit of 8 rad/s^2 from 16 mrad on, and the slack with it from 20 mrad on.

A robot that touches something is moved by that, too: then, and shortly after, the acceleration of its joints tells
nothing of who commands them and is not judged. All else is.
"""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vla_async.embodiment import Embodiment, about_middle
from vla_async.sim.low_pass import LowPass
from vla_async.types import FloatArray

BATCH = 20  # physics steps that are judged at once
SPEED_STEPS = 5  # physics steps of one entry of the speeds
SPEEDS_KEPT = 256  # entries that wait to be taken
SIDES = ('set-point', 'joint')
QUANTITIES = ('position', 'velocity', 'acceleration')
# what is allowed beyond a limit: [rad or m], and as a factor for velocity and acceleration
SET_POINT_SLACK = (1e-6, 1.02, 1.25)  # late ticks move a held set-point late, and then by more
JOINT_SLACK = (0.01, 1.1, 1.5)  # the servo's overshoot, and other joints that pull
TOUCH_STEPS = 100  # after the last contact


@dataclass(frozen=True, slots=True)
class LimitReport:
    """What was seen since the reset. Ratios (2, 3): set-points and joints by position, velocity, acceleration [1]."""

    judged: int  # physics steps
    unjudged: int  # steps while the simulation itself ran late, and shortly after
    violations: int  # steps at which anything was beyond its limit and slack, or not finite
    violated: tuple[str, ...]  # what was, with its largest ratio to the limit
    ratios: FloatArray
    speeds: FloatArray  # (K, 2) largest ratio to the velocity limit, set-points and joints, since the report before


class LimitWatch:
    """Counts the steps at which a limit is broken and keeps the largest ratios; for one thread at a time.

    Steps are judged some at a time: one by one they cost the physics a fifth of its time.
    """

    def __init__(self, robot: Embodiment, timestep_s: float) -> None:
        self._names, self._dof = robot.joint_names, robot.dof
        limits, middle = limits_about_middle(robot)
        self._limits, self._middle = np.tile(limits, 2), np.tile(middle, 2)
        self._allowed = np.hstack([with_slack(limits, slack) for slack in (SET_POINT_SLACK, JOINT_SLACK)])
        self._low_pass = LowPass(timestep_s)
        self._seen = np.empty((BATCH, 2 * robot.dof))  # what waits to be judged: set-points, then joints
        self._judge, self._free = np.empty((2, BATCH), dtype=np.bool_)  # whether at all; joints that touch nothing
        self.restart(np.zeros(robot.dof))

    def restart(self, position: FloatArray) -> None:
        """Forget everything; the robot rests at `position` (D,) [rad or m], and is told to."""
        self._low_pass.restart(np.tile(position, 2))
        self._worst = np.zeros((3, 2 * self._dof))
        self._judged = self._unjudged = self._violations = self._excused = self._touched = self._waiting = 0
        self._ratios = np.empty((0, 2))  # of an entry of the speeds that is not complete
        self._speeds = np.empty((0, 2))

    def excuse(self, steps: int) -> None:
        """The next steps are not judged: the simulation ran late, which no controller of a robot would."""
        self._excused = max(self._excused, steps)

    def add(self, set_point: FloatArray, position: FloatArray, *, touching: bool = False) -> None:
        """One physics step: positions (D,) that the controllers held and that the joints have now [rad or m].

        `touching`: the robot is in contact with something.
        """
        self._touched = TOUCH_STEPS if touching else max(self._touched - 1, 0)
        row = self._waiting
        self._seen[row, :self._dof], self._seen[row, self._dof:] = set_point, position
        self._judge[row], self._free[row] = not self._excused, not self._touched
        self._excused = max(self._excused - 1, 0)
        self._waiting += 1
        if self._waiting == BATCH:
            self._settle()

    def report(self) -> LimitReport:
        """What was seen so far; speeds are handed out once."""
        self._settle()
        speeds, self._speeds = self._speeds, np.empty((0, 2))
        ratios = np.divide(self._worst, self._limits, out=np.zeros_like(self._worst), where=self._limits < np.inf)
        return LimitReport(self._judged, self._unjudged, self._violations, self._violated(ratios),
                           ratios.reshape(3, 2, self._dof).max(axis=2).T, speeds)

    def _settle(self) -> None:
        """Judge the steps that wait."""
        count, self._waiting = self._waiting, 0
        seen, judge = self._seen[:count], self._judge[:count]
        used = np.empty((3, *seen.shape))
        np.subtract(seen, self._middle, out=used[0])
        for row, position in enumerate(seen):
            used[1:, row] = self._low_pass.step(position)
        np.abs(used, out=used)
        self._note_speeds(used[1])
        used[2, ~self._free[:count], self._dof:] = 0.0
        used = used[:, judge]
        self._judged, self._unjudged = self._judged + used.shape[1], self._unjudged + count - used.shape[1]
        kept = used <= self._allowed[:, None]  # NaN is not <= anything either
        self._violations += int((~kept.all(axis=(0, 2))).sum())
        worst = np.where(np.isfinite(used), used, np.inf).max(axis=1, initial=0.0)
        np.maximum(self._worst, worst, out=self._worst)

    def _note_speeds(self, velocity: FloatArray) -> None:
        """Ratios to the limit of speeds (N, 2 D), as entries of the largest of some steps."""
        ratios = (velocity / self._limits[1]).reshape(-1, 2, self._dof).max(axis=2)
        ratios = np.concatenate([self._ratios, ratios])
        whole = len(ratios) // SPEED_STEPS * SPEED_STEPS
        entries = ratios[:whole].reshape(-1, SPEED_STEPS, 2).max(axis=1)
        self._speeds = np.concatenate([self._speeds, entries])[-SPEEDS_KEPT:]
        self._ratios = ratios[whole:]

    def _violated(self, ratios: FloatArray) -> tuple[str, ...]:
        rows, columns = np.nonzero(self._worst > self._allowed)
        return tuple(f'{QUANTITIES[row]} of {SIDES[column // self._dof]} {self._names[column % self._dof]}: '
                     f'{ratios[row, column]:.2f} of its limit' for row, column in zip(rows, columns, strict=True))


def limits_about_middle(robot: Embodiment) -> tuple[FloatArray, FloatArray]:
    """Limits (3, D) of position, velocity, acceleration; positions about the middle of each joint's range, (D,)."""
    middle, half = about_middle(robot.array('lower'), robot.array('upper'))
    return np.stack([half, robot.array('velocity'), robot.array('acceleration')]), middle


def with_slack(limits: FloatArray, slack: tuple[float, float, float]) -> FloatArray:
    """What is allowed, (3, D)."""
    return np.stack([limits[0] + slack[0], *(limits[1:] * np.array(slack[1:])[:, None])])
