"""Velocity and acceleration of positions that come in steps: those of the motion behind a low-pass of equal poles."""
from __future__ import annotations

import numpy as np

from vla_async.types import FloatArray

POLES, POLE_S = 4, 0.015


class LowPass:
    """The motion of N positions, at even steps of time. Restart it before the first."""

    def __init__(self, timestep_s: float) -> None:
        self._decay, self._feed, self._derive = _filter(timestep_s)

    def restart(self, position: FloatArray, velocity: FloatArray | None = None,
                acceleration: FloatArray | None = None) -> None:
        """As if the motion had come to `position` (N,) [rad or m] evenly: at rest, or as the others (N,) say.

        Behind i poles a motion is late by i T, and spread by i T^2, which matters where it accelerates.
        """
        late = np.arange(1, POLES + 1)[:, None] * POLE_S
        self._state = np.tile(position, (POLES, 1))
        if velocity is not None:
            self._state -= velocity * late
        if acceleration is not None:
            self._state += acceleration * (late ** 2 + late * POLE_S) / 2

    def step(self, position: FloatArray) -> FloatArray:
        """Positions (N,) of the next step [rad or m]; returns velocity and acceleration, (2, N)."""
        self._state = self._decay @ self._state + self._feed * position
        return self._derive @ self._state


def _filter(timestep_s: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """x <- A x + b u of the low-pass in implicit steps, and C: velocity and acceleration of its output are C x.

    Pole i follows pole i - 1 by x_i' = (x_{i-1} - x_i) / T, so the differences between poles are derivatives:
    the output's velocity is (x_3 - x_4) / T, its acceleration (x_2 - 2 x_3 + x_4) / T^2.
    """
    share = timestep_s / (POLE_S + timestep_s)
    chain = np.linalg.inv(np.eye(POLES) - share * np.eye(POLES, k=-1)).astype(np.float64)
    derive = np.zeros((2, POLES))
    derive[0, -2:] = np.array([1.0, -1.0]) / POLE_S
    derive[1, -3:] = np.array([1.0, -2.0, 1.0]) / POLE_S ** 2
    return (1.0 - share) * chain, share * chain[:, :1], derive
