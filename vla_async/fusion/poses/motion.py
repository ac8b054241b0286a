"""The rotations under way: a cumulative cubic B-spline on SO(3), on the fixed grid of knots of the joint motion.

On the span from knot i to i + 1, at fraction f, four control rotations act [Kim, Kim & Shin 1995; Sommer et al. 2020]:

    R(t) = c_{i-1} exp(l_1 d_i) exp(l_2 d_{i+1}) exp(l_3 d_{i+2}),   d_j = log(c_{j-1}^T c_j),   l_k = sum_{m>=k} w_m(f)

with the weights w_m of `spline`. The curve is C2 whatever the control rotations are, and changing them from index i + 3
on leaves it up to knot i + 1 exactly as it was. Not thread-safe.
"""
from __future__ import annotations

import numpy as np

from vla_async.fusion import spline
from vla_async.fusion.motion import REST, SplineMotion
from vla_async.fusion.poses import rotation
from vla_async.types import FloatArray


class RotationMotion:
    """Control rotations of P hands; `SplineMotion` keeps them as rows (K, 4 P) on its grid."""

    def __init__(self, knot_ns: int, hands: int) -> None:
        self._grid = SplineMotion(knot_ns, 4 * hands)
        self._hands = hands
        self.knot_ns, self.knot_s = knot_ns, self._grid.knot_s
        self._basis = spline.basis(self.knot_s)[..., ::-1].cumsum(axis=-1)[..., 2::-1]  # (3, 4 powers, l_1 to l_3)

    def start(self, first: int, control: FloatArray) -> None:
        """Forget everything; `control` (K, P, 4), K >= 4, the last four equal, begins at knot `first`."""
        self._grid.start(first, control.reshape(len(control), -1))

    @property
    def begin_ns(self) -> int:
        """Earliest time that is still known."""
        return self._grid.begin_ns

    @property
    def rest_ns(self) -> int:
        """Time from which the motion is at rest."""
        return self._grid.rest_ns

    @property
    def last_index(self) -> int:
        """Knot of the first control rotation of the rest at the end."""
        return self._grid.last_index

    def from_index(self, index: int, count: int) -> FloatArray:
        """`count` control rotations from knot `index` on, shape (count, P, 4), resting ones added at the end."""
        return self._grid.from_index(index, count).reshape(count, self._hands, 4)

    def replace(self, index: int, control: FloatArray) -> None:
        """New control rotations (N, P, 4) from knot `index` on; the last four must be equal."""
        self._grid.replace(index, control.reshape(len(control), -1))

    def sample(self, start_ns: int, step_ns: int, count: int) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Matrices (count, P, 3, 3), angular velocities and accelerations (count, P, 3), see `states`, on a grid.

        At rest outside of what is known.
        """
        begin_ns, rest_ns = self.begin_ns, self.rest_ns
        times = np.minimum(np.maximum((start_ns - begin_ns) + step_ns * np.arange(count), 0), rest_ns - begin_ns)
        spans, rest = np.divmod(times, self.knot_ns)
        low = int(spans[0])
        control = self.from_index(begin_ns // self.knot_ns - 1 + low, int(spans[-1]) - low + 4)
        matrices, velocity, acceleration = self.states(control[(spans - low)[:, None] + np.arange(4)],
                                                       rest / self.knot_ns)
        still = times == rest_ns - begin_ns  # without the rounding of four equal control rotations
        velocity[still] = acceleration[still] = 0.0
        return matrices, velocity, acceleration

    def states(self, control: FloatArray, fraction: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """R (N, P, 3, 3), angular velocity and acceleration (N, P, 3) [rad/s, rad/s^2]; `control` (N, 4, P, 4).

        R leads from the hand's frame to that of the poses, in which both vectors are given, too. In the hand's frame,
        factor by factor, w <- E^T w + l' d and a <- E^T a + l'' d + l' (E^T w) x d with E = exp(l d).
        """
        steps = rotation.difference(control[:, :-1], control[:, 1:])  # (N, 3, P, 3)
        weights = (spline.powers(fraction).T @ self._basis)[..., None, None]  # (3, N, 3, 1, 1)
        factors = rotation.to_matrix(np.concatenate([control[:, :1], rotation.exp(weights[0] * steps)], axis=1))
        parts = weights[1:] * steps  # (2, N, 3, P, 3): l' d and l'' d
        matrices, rates = factors[:, 0] @ factors[:, 1], parts[:, :, 0]
        for k in (1, 2):
            matrices = matrices @ factors[:, k + 1]
            rates = np.matmul(rates[..., None, :], factors[:, k + 1])[..., 0, :] + parts[:, :, k]
            rates[1] += rotation.cross(rates[0], parts[0, :, k])
        velocity, acceleration = np.matmul(matrices, rates[..., None])[..., 0]
        return matrices, velocity, acceleration

    def seam(self, index: int, before: FloatArray) -> tuple[float, ...]:
        """Largest jump over the hands in the entries of R, angular velocity and acceleration at knot `index`.

        `before` holds the four control rotations (4, P, 4) that shaped the span up to that knot before the change.
        """
        sides = np.stack([before, self.from_index(index - 1, 4)])
        matrices, velocity, acceleration = self.states(sides, np.array([1.0, 0.0]))
        return tuple(float(np.abs(side[1] - side[0]).max()) for side in (matrices, velocity, acceleration))


def resting(control: FloatArray) -> FloatArray:
    """`control` (N, P, 4) with the last row held: without the rows that repeat it, then REST equal ones."""
    moving = np.flatnonzero((control != control[-1]).any(axis=(1, 2)))
    kept = moving[-1] + 1 if moving.size else 0
    return np.concatenate([control[:kept], np.repeat(control[-1:], REST, axis=0)])
