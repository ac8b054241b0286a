"""Arithmetic with the same bits on every processor.

BLAS and LAPACK sum in the order that suits a processor's vectors, compilers for ARM make one rounding of a product and
a sum (`np.einsum`, `np.interp`), and libraries round functions in their own way. So a motion would differ in its last
bits from machine to machine, and with it a replay. Here are only + - * / and the square root, of which IEEE 754 says
every bit, one at a time and in an order that is fixed.
"""
from __future__ import annotations

from typing import Any

import numpy as np

from vla_async.types import FloatArray

SMALLEST, LARGEST = 1e-200, 1e200  # of what has a cube root with all its bits
# Veltkamp's: multiplied with (1 << n) + 1 a number can be cut to its first 53 - n bits
TO_31_BITS, TO_26_BITS = float((1 << 22) + 1), float((1 << 27) + 1)


def weighted(weights: FloatArray, points: FloatArray) -> FloatArray:
    """Sums (..., D) of points (..., K, D) with weights (..., K): `weights @ points` where both have two axes."""
    result: FloatArray = np.add.reduce(weights[..., None] * points, axis=-2)
    return result


def short(values: FloatArray, splitter: float = TO_26_BITS) -> FloatArray:
    """Values cut to their first bits, 26 by default: products of two such numbers have no more than 53, all of them."""
    split = splitter * values
    return split - (split - values)


def product(matrix: FloatArray, points: FloatArray) -> FloatArray:
    """`matrix @ points` for a `short` matrix (H, K) whose rows sum up to 1, and points (K, D); quick for many points.

    Products of short numbers are exact, so that nothing hangs on whether they are rounded before they are added. What
    is cut off the points, 1e-8 of how far they are from the first one, is less than any policy means.
    """
    apart = np.ascontiguousarray(short(points - points[0]).T)
    result: FloatArray = np.einsum('hk,dk->hd', matrix, apart)  # which likes to sum along contiguous memory
    return np.add(result, points[0], out=result)


def interpolated(values: FloatArray, places: FloatArray) -> FloatArray:
    """Values (K,) at the numbers 0, 1, ... K - 1, on straight lines between them, at places (N,); held outside."""
    at = np.minimum(np.maximum(places, 0.0), len(values) - 1.0)
    span = np.minimum(at.astype(np.intp), len(values) - 2)
    return values[span] + (at - span) * (values[span + 1] - values[span])


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
    root = short(np.cbrt(x), TO_31_BITS)
    cube = root * root * root
    return root + root * (x - cube) / (2.0 * cube + x)
