"""Arithmetic with the same bits on every x86-64 processor.

BLAS and LAPACK sum in the order that suits a processor's vectors, and vector libraries round functions in their own
way, so a motion would differ in its last bits from machine to machine, and with it a replay. Here are only + - * / and
the square root, of which IEEE 754 says every bit, in an order that is fixed; numpy's einsum is compiled once, for all.
"""
from __future__ import annotations

import numpy as np

from vla_async.types import FloatArray

SMALLEST, LARGEST = 1e-200, 1e200  # of what has a cube root with all its bits
DROPPED = 1 << 22  # times the last bit of a number


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
    """Cube roots of values that are not negative, of any shape: one step of Halley's iteration, which cubes the error,
    from the first 30 bits of a library's root, in which no two libraries differ."""
    if values.size and values.min() > SMALLEST and values.max() < LARGEST:  # NaN is neither
        return _refined(values)
    usable = (values > SMALLEST) & (values < LARGEST)
    return np.where(usable, _refined(np.where(usable, values, 1.0)), np.cbrt(values))


def _refined(x: FloatArray) -> FloatArray:
    root = ((np.cbrt(x).view(np.int64) + (DROPPED >> 1)) & -DROPPED).view(np.float64)
    cube = root * root * root
    refined: FloatArray = root + root * (x - cube) / (2.0 * cube + x)
    return refined
