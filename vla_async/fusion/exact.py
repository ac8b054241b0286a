"""Arithmetic with the same bits on every x86-64 processor.

BLAS and LAPACK sum in the order that suits a processor's vectors, and vector libraries round functions in their own
way, so a motion would differ in its last bits from machine to machine, and with it a replay. Here are only + - * / and
the square root, of which IEEE 754 says every bit, in an order that is fixed; numpy's einsum is compiled once, for all.
"""
from __future__ import annotations

import numpy as np

from vla_async.types import FloatArray


def weighted(weights: FloatArray, points: FloatArray) -> FloatArray:
    """Sums (..., D) of points (..., K, D) with weights (..., K): `weights @ points` where both have two axes."""
    result: FloatArray = np.einsum('...k,...kd->...d', weights, points)
    return result


def solve(matrix: FloatArray, right: FloatArray) -> FloatArray:
    """X (N, M) of matrix X = right, for a symmetric positive definite matrix (N, N), by elimination."""
    left, result = matrix.copy(), right.copy()
    for k in range(len(left) - 1):
        factors = (left[k + 1:, k] / left[k, k])[:, None]
        left[k + 1:] -= factors * left[k]
        result[k + 1:] -= factors * result[k]
    for k in reversed(range(len(left))):
        result[k] = (result[k] - weighted(left[k, k + 1:], result[k + 1:])) / left[k, k]
    return result


def cube_root(values: FloatArray) -> FloatArray:
    """Cube roots of values that are not negative, of any shape, by Halley's iteration."""
    usable = np.isfinite(values) & (values > 0.0)
    mantissa, exponent = np.frexp(np.where(usable, values, 1.0))
    thirds, rest = np.divmod(exponent, 3)
    reduced = np.ldexp(mantissa, rest)  # in [1/2, 4)
    root = 0.6 + 0.28 * reduced  # within 12 %, and the error is cubed by each step
    for _ in range(3):
        cube = root * root * root
        root = root * (cube + 2.0 * reduced) / (2.0 * cube + reduced)
    return np.where(usable, np.ldexp(root, thirds), values)
