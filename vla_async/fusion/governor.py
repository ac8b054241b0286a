"""Keeps control points inside the limits of velocity, acceleration and jerk.

The limits are convex in the control points and the motion under way keeps them (it did when it was accepted, up to its
rest). So on the straight line from the motion under way b to a wish g every point b + s (g - b) up to the first s at
which a limit is met is safe, and s = 0 always is: this is exact and never fails. Position needs no check, being a
convex combination itself.

A line alone would stick where b already touches a limit. So a wish that breaks a limit is approached over gentler ones:
first to the target smoothed over half a second, from there to one smoothed less, from there to the wish.
"""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vla_async.fusion.limits import PlanLimits
from vla_async.types import FloatArray

# Changes below this share of a limit are rounding; they must not hold up a motion that touches the limit. A control
# point is changed a few hundred times at most, which `limits.ROUNDING` allows for.
NEGLIGIBLE = 1e-9


class Governor:
    """Checks and tames control points `knot_s` [s] apart."""

    def __init__(self, limits: PlanLimits, knot_s: float) -> None:
        self._bounds = limits.differences(knot_s)

    def approach(self, safe: FloatArray, wishes: Sequence[FloatArray],
                 joints: NDArray[np.intp]) -> FloatArray:
        """From `safe` (K, J) towards one wish after the other, (K, J) each, while limits allow.

        All begin with the same three control points, which are given; `joints` (J,) are the columns' joint indices.
        """
        for wish in wishes:
            share = self._share(safe, wish, joints)
            safe = np.where(share < 1.0, safe + share * (wish - safe), wish)
        return safe

    def _share(self, safe: FloatArray, wish: FloatArray, joints: NDArray[np.intp]) -> FloatArray:
        """Largest s in 0..1 per joint such that safe + s (wish - safe) keeps every limit, shape (J,)."""
        times = np.ones(joints.size)  # how many times longer the way is than the room for it
        for bound in (b[joints] for b in self._bounds):
            safe, wish = safe[1:] - safe[:-1], wish[1:] - wish[:-1]
            way = wish - safe
            room = bound - np.copysign(safe, safe * way)
            np.abs(way, out=way)
            way *= way > NEGLIGIBLE * bound
            with np.errstate(over='ignore'):  # no room at all: infinitely often
                way /= np.maximum(room, np.finfo(float).tiny)
            np.maximum(times, way.max(axis=0), out=times)
        share: FloatArray = 1.0 / times
        return share
