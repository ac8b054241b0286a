"""Inverse kinematics: the joint motion that leads the hands through wanted poses, within position and velocity limits.

Levenberg-Marquardt with a damping that goes with the error [Fan & Yuan 2005]; each step dq = V x is a small QP:

    min  |W (J V x - e)|^2 + lambda |x - x_0|^2,   lambda = c |W e| + epsilon,   low <= q + V x <= high

It needs no case for singular or unreachable poses: there the hands come as near as the joints can, and stay quiet. V
are the velocity limits and x so a time, whatever the joint's unit: each joint shares in a motion as it is fast. x_0
pulls towards a posture where that costs the hands nothing. Errors are cut at some length (the gradient of Huber's
loss): J says little of how a stretched arm moves a hand that is far from its pose, full steps would swing to and fro.

[Fan & Yuan 2005] On the quadratic convergence of the Levenberg-Marquardt method without nonsingularity assumption.
"""
from __future__ import annotations

from dataclasses import dataclass

import daqp
import numpy as np

from vla_async.embodiment import Embodiment
from vla_async.kinematics.hand_model import HandModel
from vla_async.types import FloatArray

LEVER = 0.1  # an angle counts like the way of a point this far from the hand [m]
UNITS = np.array([1.0, LEVER])[:, None]  # W: a hand's way [m] and turn [rad] in one unit
FAR = 0.05  # where errors are cut [m]
DAMPING = 0.5  # c, of the size of link length times V^2: with less stretched arms swing, more is slow [m/s^2]
LEAST_DAMPING = 1e-4  # epsilon: keeps a small error beside a singularity from asking for large steps [m^2/s^2]
PULL = 0.02  # share of the way to the posture that each sample may go
ITERATIONS = 4  # per sample at most; the sample before is near, so two are the rule
SMALL_STEP = 5e-4  # a step that takes so short a time ends the iterations: the error it leaves is its square [s]
SOLVED = 1


@dataclass(frozen=True, slots=True)
class Tracked:
    """Joint positions (N, D) [rad or m] and by how much they miss the poses (N, P, 2) [m, rad]."""

    joints: FloatArray
    missed: FloatArray


class HandTracker:
    """Leads the named hands with all joints that have a position and are no grippers; the others stay."""

    def __init__(self, robot: Embodiment, hands: tuple[str, ...]) -> None:
        """Raises ConfigError like HandModel."""
        self._model = HandModel(robot, hands)
        self._moved = np.array([joint.kind not in ('gripper', 'velocity') for joint in robot.joints])
        self._lower, self._upper, self._speed = (robot.array(name) for name in ('lower', 'upper', 'velocity'))
        self._unit, self._no_rows = np.eye(self._moved.sum()), np.zeros((0, self._moved.sum()))

    def poses(self, position: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Forward kinematics: positions (P, 3) [m] and rotations (P, 3, 3) of the hands, for joints (D,)."""
        self._model.place(position)
        return self._model.poses()

    def track(self, start: FloatArray, posture: FloatArray, positions: FloatArray, rotations: FloatArray,
              step_s: float) -> Tracked:
        """Joints for poses (N, P, 3) [m], (N, P, 3, 3) that are `step_s` apart, from joints `start` (D,) on.

        Each sample begins at the one before, the first at `start`, and is at most `step_s` of full speed away from it.
        """
        joints = np.empty((len(positions), len(start)))
        missed = np.empty((*positions.shape[:2], 2))
        now = np.where(self._moved, np.clip(start, self._lower, self._upper), start)
        for i, target in enumerate(zip(positions, rotations, strict=True)):
            now = joints[i] = self._reach(now, posture, target, step_s)
            self._model.place(now)
            missed[i] = _lengths(self._model.error(*target))
        return Tracked(joints, missed)

    def _reach(self, before: FloatArray, posture: FloatArray, target: tuple[FloatArray, FloatArray],
               step_s: float) -> FloatArray:
        """Joints (D,) for one sample."""
        low = np.maximum(self._lower, before - self._speed * step_s)
        high = np.minimum(self._upper, before + self._speed * step_s)
        now, wish = before, PULL * (posture - before) / self._speed
        for _ in range(ITERATIONS):
            step = self._step(now, wish, target, low, high)
            now = np.clip(now + step * self._speed, low, high)
            if np.abs(step).max() < SMALL_STEP:
                break
            wish = np.zeros_like(now)
        return now

    def _step(self, now: FloatArray, wish: FloatArray, target: tuple[FloatArray, FloatArray], low: FloatArray,
              high: FloatArray) -> FloatArray:
        """x (D,) [s], zero for joints that stay."""
        self._model.place(now)
        moved, step = self._moved, np.zeros_like(now)
        error = _near(self._model.error(*target))
        slope = (UNITS[:, None] * self._model.jacobian()).reshape(len(error), -1)[:, moved] * self._speed[moved]
        damping = DAMPING * np.sqrt(error @ error) + LEAST_DAMPING
        square = slope.T @ slope + damping * self._unit
        bounds = (((end - now) / self._speed)[moved] for end in (high, low))
        found, _, flag, _ = daqp.solve(square, -(error @ slope) - damping * wish[moved], self._no_rows, *bounds)
        if flag == SOLVED:
            step[moved] = found
        return step


def _near(error: FloatArray) -> FloatArray:
    """W e (6 P,) [m] of errors (P, 2, 3) [m, rad], each of them at most FAR long."""
    error = UNITS * error
    return (error * (FAR / np.maximum(_lengths(error), FAR))[..., None]).ravel()


def _lengths(vectors: FloatArray) -> FloatArray:
    """Along the last axis."""
    lengths: FloatArray = np.sqrt(np.einsum('...i,...i->...', vectors, vectors))
    return lengths
