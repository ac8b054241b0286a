"""Motions that a set-point can be sampled from at any time: at rest, along a window, braking.

A sample is an array (3, D): position [rad or m], velocity and acceleration of D joints.
"""
from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from vla_async.timebase import NS_PER_S, nanoseconds
from vla_async.types import FloatArray, JointWindow, StampArray

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
_QUARTERS = np.concatenate([(_BASES @ u ** _POWERS).reshape(3, 6) for u in (0.25, 0.5, 0.75)])  # (9, 6)


class Motion(Protocol):
    """Position, velocity and acceleration as functions of time; at rest from `end_ns` on."""

    end_ns: int

    def sample(self, now_ns: int) -> FloatArray:
        """State (3, D) at `now_ns`."""

    def positions(self, stamps_ns: StampArray) -> FloatArray:
        """Positions (N, D) at ascending stamps (N,) [ns], the same to within rounding."""


class BodyCheck(Protocol):
    """What knows the robot's body."""

    def motion_fault(self, motion: Motion, now_ns: int) -> str:
        """Why the robot, which is where `motion` is at `now_ns`, must not go along it, or nothing."""


class Rest:
    """Stays at one position (D,) [rad or m]."""

    def __init__(self, position: FloatArray, since_ns: int) -> None:
        self.end_ns = since_ns
        self._state = np.zeros((3, position.size))
        self._state[0] = position

    def sample(self, now_ns: int) -> FloatArray:
        return self._state.copy()

    def positions(self, stamps_ns: StampArray) -> FloatArray:
        return np.tile(self._state[0], (len(stamps_ns), 1))


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

    def positions(self, stamps_ns: StampArray) -> FloatArray:
        since_ns = np.clip(stamps_ns, self._start_ns, self.end_ns) - self._start_ns
        i = np.minimum(since_ns // self._step_ns, self._last)
        u = (since_ns - i * self._step_ns) / self._step_ns
        basis = (u[:, None] ** _POWERS) @ _BASIS.T  # (N, 6)
        ends = np.concatenate([self._knots[i], self._knots[i + 1]], axis=1)  # (N, 6, D)
        return (basis[:, None] @ ends)[:, 0]


    def between(self) -> FloatArray:
        """States (3, M, D) at the quarters between the knots."""
        ends = np.concatenate([self._knots[:-1], self._knots[1:]], axis=1)  # (N - 1, 6, D)
        states = (_QUARTERS @ ends).reshape(len(ends), 3, 3, -1) * self._scale
        inner: FloatArray = states.reshape(-1, 3, states.shape[-1]).swapaxes(0, 1)
        return inner


def fade(offset: FloatArray, now_ns: int, duration_s: float) -> Spline:
    """Motion from `offset` (3, D) at `now_ns` to nothing within `duration_s`."""
    ends = np.stack([offset, np.zeros_like(offset)], axis=1)  # (3, 2, D)
    return Spline(JointWindow(now_ns, nanoseconds(duration_s), *ends))


class Glide:
    """A motion plus a fading offset: joins what was sent to what is wanted without a seam.

    The sum may go beyond position limits (D,) [rad or m] that the motion itself keeps; it is kept there.
    """

    def __init__(self, onto: Motion, offset: Motion, lower: FloatArray, upper: FloatArray) -> None:
        self.onto, self.offset = onto, offset
        self._lower, self._upper = lower, upper
        self.end_ns = max(onto.end_ns, offset.end_ns)

    def sample(self, now_ns: int) -> FloatArray:
        state = self.onto.sample(now_ns) + self.offset.sample(now_ns)
        np.clip(state[0], self._lower, self._upper, out=state[0])
        return state

    def positions(self, stamps_ns: StampArray) -> FloatArray:
        return np.clip(self._sums(stamps_ns), self._lower, self._upper)

    def excess(self, stamps_ns: StampArray) -> FloatArray:
        """How far (D,) [rad or m] the sum goes beyond the limits at these stamps (N,) [ns]; negative: nowhere."""
        sums = self._sums(stamps_ns)
        beyond: FloatArray = np.maximum(sums - self._upper, self._lower - sums).max(axis=0)
        return beyond

    def _sums(self, stamps_ns: StampArray) -> FloatArray:
        return self.onto.positions(stamps_ns) + self.offset.positions(stamps_ns)


class Pieces:
    """Motions one after the other, each from its time on; the first one also before that."""

    def __init__(self, pieces: tuple[tuple[int, Motion], ...]) -> None:
        self._pieces = pieces
        since_ns, self.last = pieces[-1]
        self.end_ns = max(self.last.end_ns, since_ns)

    def sample(self, now_ns: int) -> FloatArray:
        for since_ns, motion in reversed(self._pieces):
            if now_ns >= since_ns:
                return motion.sample(now_ns)
        return self._pieces[0][1].sample(now_ns)

    def positions(self, stamps_ns: StampArray) -> FloatArray:
        begins = np.array([since_ns for since_ns, _ in self._pieces[1:]], dtype=np.int64)
        piece = np.searchsorted(begins, stamps_ns, side='right')
        found = [motion.positions(stamps_ns[piece == number]) for number, (_, motion) in enumerate(self._pieces)]
        return np.concatenate(found)

    def then(self, motion: Motion, since_ns: int, forget_ns: int) -> Pieces:
        """Another one from `since_ns` on; what is over before `forget_ns` is left out."""
        kept = [piece for piece in self._pieces if piece[0] < since_ns]
        while len(kept) > 1 and kept[1][0] <= forget_ns:
            del kept[0]
        return Pieces((*kept, (since_ns, motion)))


class Split:
    """Some joints along one motion, the others along another."""

    def __init__(self, joints: NDArray[np.bool_], these: Motion, others: Motion) -> None:
        """`joints` (D,) tells which go along `these`."""
        self._joints, self._these, self._others = joints, these, others
        self.end_ns = max(these.end_ns, others.end_ns)

    def sample(self, now_ns: int) -> FloatArray:
        return np.where(self._joints, self._these.sample(now_ns), self._others.sample(now_ns))

    def positions(self, stamps_ns: StampArray) -> FloatArray:
        return np.where(self._joints, self._these.positions(stamps_ns), self._others.positions(stamps_ns))


class Within:
    """A motion kept between position limits (D,) [rad or m]."""

    def __init__(self, motion: Motion, lower: FloatArray, upper: FloatArray) -> None:
        self._motion, self._lower, self._upper = motion, lower, upper
        self.end_ns = motion.end_ns

    def sample(self, now_ns: int) -> FloatArray:
        state = self._motion.sample(now_ns)
        np.clip(state[0], self._lower, self._upper, out=state[0])
        return state

    def positions(self, stamps_ns: StampArray) -> FloatArray:
        return np.clip(self._motion.positions(stamps_ns), self._lower, self._upper)


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
