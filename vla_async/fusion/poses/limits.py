"""Limits of angular velocity and acceleration, and the same as bounds on differences of control rotations.

With d_j = log(c_{j-1}^T c_j), the angular velocity of the cumulative spline is a sum of rotated d_j with weights
l'_k >= 0 of sum 1 / h, so |w| <= max |d_j| / h. The acceleration is (1-f) and f times two rotated d_j - d_{j-1} over
h^2 plus products l'_k l'_m d x d' = l'_k l'_m d x (d' - d), at most max |d| / 4 times max |d_j - d_{j-1}| / h^2. Hence

    |d_j| <= V h   and   |d_j - d_{j-1}| <= A h^2 / (1 + V h / 4)   hold V and A at every instant.
"""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vla_async.errors import ConfigError
from vla_async.fusion.limits import ROUNDING
from vla_async.fusion.poses import rotation
from vla_async.types import FloatArray

Bounds = tuple[FloatArray, FloatArray]  # of first and second differences

# A difference that exceeds its bound by this share is at the bound, but for rounding.
_NEGLIGIBLE = 1e-9
# A share of the way that proves too large is cut this often, by this factor.
_TRIES, _BACK = 6, 0.6


@dataclass(frozen=True)
class AngularLimits:
    """Limits of P hands, each array (P,): the length of the vector, about whatever axis. Raises ConfigError."""

    velocity: FloatArray  # [rad/s]
    acceleration: FloatArray  # [rad/s^2]

    def __post_init__(self) -> None:
        for name in ('velocity', 'acceleration'):
            object.__setattr__(self, name, _positive(f'angular_{name}', getattr(self, name)))
        if self.velocity.shape != self.acceleration.shape:
            raise ConfigError(f'limits: angular velocities for {self.velocity.size} hands '
                              f'but accelerations for {self.acceleration.size}')

    def differences(self, step_s: float) -> Bounds:
        """Bounds of |d_j| and |d_j - d_{j-1}| for control rotations `step_s` [s] apart, each (P,), see above."""
        first = self.velocity * step_s * (1.0 - ROUNDING)
        return first, self.acceleration * step_s**2 * (1.0 - ROUNDING) / (1.0 + 0.25 * first)


def demand(control: FloatArray, bounds: Bounds) -> FloatArray:
    """Angular velocity and acceleration as shares of the bounds, (2, K - 3, P), for control rotations (K, P, 4)."""
    shares = [rotation.length(change) / bound for change, bound in zip(_changes(control), bounds, strict=True)]
    return np.stack(shares) / (1.0 + _NEGLIGIBLE)


def approach(safe: FloatArray, wish: FloatArray, bounds: Bounds) -> FloatArray:
    """From `safe` (K, P, 4), which keeps the bounds, along geodesics towards `wish` while each hand keeps them.

    How far is the answer for rotations about one axis; about several it is tried, and taken back till it is right.
    """
    way = rotation.log(rotation.continuous(rotation.multiply(rotation.inverse(safe), wish)))
    share = _share(safe, wish, bounds)
    for _ in range(_TRIES):
        there = rotation.multiply(safe, rotation.exp(share[:, None] * way))
        broken: NDArray[np.bool_] = np.any(demand(there, bounds) > 1.0, axis=(0, 1))
        if not broken.any():
            return there
        share = np.where(broken, _BACK * share, share)
    return np.where(broken[:, None], safe, there)


def _share(safe: FloatArray, wish: FloatArray, bounds: Bounds) -> FloatArray:
    """Largest s in 0..1 (P,) with |a + s (b - a)| within the bounds, a and b being the differences of both."""
    share = np.ones(safe.shape[1])
    for a, b, bound in zip(_changes(safe), _changes(wish), bounds, strict=True):
        rows, hands = np.nonzero(rotation.length(b) > bound)
        start, towards, limit = a[rows, hands], (b - a)[rows, hands], bound[hands]
        square, along = (np.einsum('nk,nk->n', towards, other) for other in (towards, start))
        room = np.maximum(limit**2 - np.einsum('nk,nk->n', start, start), 0.0)
        root = np.sqrt(along**2 + square * room)
        np.minimum.at(share, hands, (root - along) / np.maximum(square, (_NEGLIGIBLE * limit) ** 2))
    return share


def _changes(control: FloatArray) -> Bounds:
    """d_j and d_j - d_{j-1} of the control rotations from the fourth on, each (K - 3, P, 3)."""
    first = rotation.difference(control[1:-1], control[2:])
    return first[1:], first[1:] - first[:-1]


def _positive(name: str, value: ArrayLike) -> FloatArray:
    array = np.array(value, dtype=np.float64)
    if array.ndim != 1 or array.size == 0 or not (np.isfinite(array).all() and (array > 0).all()):
        raise ConfigError(f'limits: {name} must be positive and finite for every hand')
    array.flags.writeable = False
    return array
