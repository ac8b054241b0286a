"""Motions that a set-point can be sampled from at any time: at rest, along a window, braking.

A sample is an array (3, D): position [rad or m], velocity and acceleration of D joints.
"""
from __future__ import annotations

from typing import Protocol

import numpy as np

from vla_async.timebase import NS_PER_S, nanoseconds
from vla_async.types import FloatArray, JointWindow

# Quintic Hermite basis over u in 0..1; rows: position, velocity*h, acceleration*h^2 at u=0, the same at u=1;
# columns: powers of u.
_BASIS = np.array([
    [1.0, 0.0, 0.0, -10.0, 15.0, -6.0],
    [0.0, 1.0, 0.0, -6.0, 8.0, -3.0],
    [0.0, 0.0, 0.5, -1.5, 1.5, -0.5],
    [0.0, 0.0, 0.0, 10.0, -15.0, 6.0],
    [0.0, 0.0, 0.0, -4.0, 7.0, -3.0],
    [0.0, 0.0, 0.0, 0.5, -1.0, 0.5],
])


def _derivative(coefficients: FloatArray) -> FloatArray:
    """Coefficients of the derivative with respect to u."""
    lowered = np.zeros_like(coefficients)
    lowered[:, :-1] = coefficients[:, 1:] * np.arange(1, coefficients.shape[1])
    return lowered


_BASES = np.concatenate([_BASIS, _derivative(_BASIS), _derivative(_derivative(_BASIS))])  # (18, 6)
_POWERS = np.arange(6)


class Motion(Protocol):
    """Position, velocity and acceleration as functions of time; at rest from `end_ns` on."""

    end_ns: int

    def sample(self, now_ns: int) -> FloatArray:
        """State (3, D) at `now_ns`."""


class Rest:
    """Stays at one position (D,) [rad or m]."""

    def __init__(self, position: FloatArray, since_ns: int) -> None:
        self.end_ns = since_ns
        self._state = np.zeros((3, position.size))
        self._state[0] = position

    def sample(self, now_ns: int) -> FloatArray:
        return self._state.copy()


class Spline:
    """Quintic Hermite through knots (N, D): goes through position, velocity and acceleration of each, hence C2."""

    def __init__(self, window: JointWindow) -> None:
        h = window.step_ns / NS_PER_S
        self._start_ns, self._step_ns = window.stamp_ns, window.step_ns
        self._last = len(window.position) - 2
        knots = np.stack([window.position, window.velocity * h, window.acceleration * h * h], axis=1)  # (N, 3, D)
        self._knots = np.ascontiguousarray(knots)
        self._scale = np.array([[1.0], [1 / h], [1 / (h * h)]])
        self.end_ns = window.stamp_ns + (self._last + 1) * window.step_ns

    def sample(self, now_ns: int) -> FloatArray:
        since_ns = min(max(now_ns, self._start_ns), self.end_ns) - self._start_ns
        i = min(since_ns // self._step_ns, self._last)
        u = (since_ns - i * self._step_ns) / self._step_ns
        basis = (_BASES @ u ** _POWERS).reshape(3, 6)
        state: FloatArray = basis @ self._knots[i:i + 2].reshape(6, -1)
        state *= self._scale
        return state


def fade(offset: FloatArray, now_ns: int, duration_s: float) -> Spline:
    """Motion from `offset` (3, D) at `now_ns` to nothing within `duration_s`."""
    ends = np.stack([offset, np.zeros_like(offset)], axis=1)  # (3, 2, D)
    return Spline(JointWindow(now_ns, nanoseconds(duration_s), *ends))


class Glide:
    """A motion plus a fading offset: joins what was sent to what is wanted without a seam."""

    def __init__(self, onto: Motion, offset: Motion) -> None:
        self.onto, self.offset = onto, offset
        self.end_ns = max(onto.end_ns, offset.end_ns)

    def sample(self, now_ns: int) -> FloatArray:
        return self.onto.sample(now_ns) + self.offset.sample(now_ns)


def glide_duration_s(offset: FloatArray, velocity: FloatArray, acceleration: FloatArray) -> tuple[float, int]:
    """Time [s] that an offset (3, D) needs to fade within velocity (D,) and acceleration (D,), and the slowest joint.

    A quintic from offset d to 0 in T has the peak velocity 1.875 d/T and the peak acceleration 5.78 d/T^2; from speed
    v it has the peak acceleration 3.94 v/T.
    """
    distance, speed = np.abs(offset[0]), np.abs(offset[1])
    needed = np.maximum.reduce([1.875 * distance / velocity, np.sqrt(5.78 * distance / acceleration),
                                3.94 * speed / acceleration])
    slowest = int(needed.argmax())
    return float(needed[slowest]), slowest
