"""Arithmetic with the same bits on every x86-64 processor.

BLAS and LAPACK sum in the order that suits a processor's vectors, and vector libraries round functions in their own
way, so a motion would differ in its last bits from machine to machine, and with it a replay. Here are only + - * / and
the square root, of which IEEE 754 says every bit, in an order that is fixed; numpy's einsum is compiled once, for all.
"""
from __future__ import annotations

from typing import Any

import numpy as np

from vla_async.types import FloatArray

SMALLEST, LARGEST = 1e-200, 1e200  # of what has a cube root with all its bits
SPLITTER = float((1 << 22) + 1)  # Veltkamp's: leaves a number its first 31 bits


def weighted(weights: FloatArray, points: FloatArray) -> FloatArray:
    """Sums (..., D) of points (..., K, D) with weights (..., K): `weights @ points` where both have two axes."""
    result: FloatArray = np.einsum('...k,...kd->...d', weights, points)
    return result


def product(matrix: FloatArray, points: FloatArray) -> FloatArray:
    """`matrix @ points`, quicker than `weighted` for many points: einsum likes to sum along contiguous memory."""
    result: FloatArray = np.einsum('hk,dk->hd', matrix, np.ascontiguousarray(points.T))
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
    from the first bits of a library's root, in which no two libraries differ."""
    if values.size and values.min() > SMALLEST and values.max() < LARGEST:  # NaN is neither
        refined: FloatArray = _refined(values)
        return refined
    usable = (values > SMALLEST) & (values < LARGEST)
    return np.where(usable, _refined(np.where(usable, values, 1.0)), np.cbrt(values))


def cube_root_of(value: float) -> float:
    """The same of one number, in a fraction of the time."""
    return float(_refined(value) if SMALLEST < value < LARGEST else np.cbrt(value))


def _refined(x: Any) -> Any:
    whole = np.cbrt(x)
    split = SPLITTER * whole
    root = split - (split - whole)
    cube = root * root * root
    return root + root * (x - cube) / (2.0 * cube + x)
