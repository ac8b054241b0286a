"""Positions as distances from the middle of each joint's range."""
from __future__ import annotations

import numpy as np

from vla_async.types import FloatArray


def about_middle(lower: FloatArray, upper: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Middle of each joint's range, and how far it may go from there, (D,) [rad or m]; 0 and infinity without ends."""
    middle, bounded = np.zeros_like(lower), np.isfinite(lower) & np.isfinite(upper)
    np.add(lower, upper, out=middle, where=bounded)
    middle /= 2
    return middle, upper - middle
