"""Uniform cubic B-spline: weights of the four control points that shape one span [deBoor1978].

Control point c_j is centred at knot j. On the span from knot i to i + 1, at fraction f of the span,

    q = sum_k w_k(f) c_{i-1+k},  k = 0..3,

and q, q' and q'' run on without a jump into the next span whatever the control points are: the curve is C2.
"""
from __future__ import annotations

import numpy as np

from vla_async.types import FloatArray

# Row m: coefficients of 1, f, f^2, f^3 in the weight of the span's four control points.
_BASIS = np.array([[1.0, 4.0, 1.0, 0.0], [-3.0, 0.0, 3.0, 0.0], [3.0, -6.0, 3.0, 0.0], [-1.0, 3.0, -3.0, 1.0]]) / 6.0
# The same for q, q', q'' with derivatives by the span: (3 derivatives, 4 powers, 4 control points).
_DERIVATIVES = np.stack([
    _BASIS,
    np.concatenate([_BASIS[1:] * np.array([[1.0], [2.0], [3.0]]), np.zeros((1, 4))]),
    np.concatenate([_BASIS[2:] * np.array([[2.0], [6.0]]), np.zeros((2, 4))]),
])


# Of q and of q'' with derivatives by the span: (4 control points, 4 powers).
VALUE, BEND = _DERIVATIVES[0].T.copy(), _DERIVATIVES[2].T.copy()
# Steps to the four control points of a span from the first of them.
SPAN = np.arange(4)


def basis(knot_s: float) -> FloatArray:
    """Coefficients of (q, q', q'') in SI units for knots `knot_s` [s] apart, shape (3, 4 powers, 4 control points)."""
    return _DERIVATIVES / np.array([1.0, knot_s, knot_s * knot_s])[:, None, None]


def powers(fraction: FloatArray) -> FloatArray:
    """1, f, f^2, f^3 of fractions (N,), shape (4, N)."""
    out = np.empty((4, fraction.size))
    out[0], out[1] = 1.0, fraction
    np.multiply(fraction, fraction, out=out[2])
    np.multiply(out[2], fraction, out=out[3])
    return out
