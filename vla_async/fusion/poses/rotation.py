"""Rotations as arrays: unit quaternions inside, matrices and the 6-D representation at the edges.

A quaternion is (..., 4) in the order w, x, y, z; it and its negative are the same rotation. A rotation vector (..., 3)
[rad] is axis times angle. For a few hundred rotations scipy's products and logarithms take four to ten times as long.
"""
from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vla_async.types import FloatArray

# The two columns of a 6-D rotation must be longer than this, and the sine between them larger.
_SHORTEST = 1e-6
_SINE = 1e-3
_TINY = 1e-300
_SIGNS = np.array([-1.0, 1.0])
_CONJUGATE = np.array([1.0, -1.0, -1.0, -1.0])
# Row ij: what the product q_i q_j adds to each entry of the rotation matrix, row by row.
_MATRIX = np.array([
    [1, 0, 0, 0, 1, 0, 0, 0, 1],
    [0, 0, 0, 0, 0, -1, 0, 1, 0],
    [0, 0, 1, 0, 0, 0, -1, 0, 0],
    [0, -1, 0, 1, 0, 0, 0, 0, 0],
    [0, 0, 0, 0, 0, -1, 0, 1, 0],
    [1, 0, 0, 0, -1, 0, 0, 0, -1],
    [0, 1, 0, 1, 0, 0, 0, 0, 0],
    [0, 0, 1, 0, 0, 0, 1, 0, 0],
    [0, 0, 1, 0, 0, 0, -1, 0, 0],
    [0, 1, 0, 1, 0, 0, 0, 0, 0],
    [-1, 0, 0, 0, 1, 0, 0, 0, -1],
    [0, 0, 0, 0, 0, 1, 0, 1, 0],
    [0, -1, 0, 1, 0, 0, 0, 0, 0],
    [0, 0, 1, 0, 0, 0, 1, 0, 0],
    [0, 0, 0, 0, 0, 1, 0, 1, 0],
    [-1, 0, 0, 0, -1, 0, 0, 0, 1],
], dtype=np.float64)
# Row i: what component i of the left vector multiplies the right one by in a cross product.
_CROSS = np.array([[[0, 0, 0], [0, 0, 1], [0, -1, 0]], [[0, 0, -1], [0, 0, 0], [1, 0, 0]],
                   [[0, 1, 0], [-1, 0, 0], [0, 0, 0]]], dtype=np.float64).reshape(3, 9)


def multiply(a: FloatArray, b: FloatArray) -> FloatArray:
    """a b, the rotation b in the frame that a leads to; (..., 4) each.

    With q = q_1 + q_2 j for complex q_1 = w + x i and q_2 = y + z i: (a_1 b_1 - a_2 b_2*) + (a_1 b_2 + a_2 b_1*) j.
    """
    left, right = a.view(np.complex128), b.view(np.complex128)
    product: FloatArray = (left[..., :1] * right + left[..., 1:] * right.conj()[..., ::-1] * _SIGNS).view(np.float64)
    return product


def inverse(q: FloatArray) -> FloatArray:
    """The way back, (..., 4)."""
    return q * _CONJUGATE


def normalised(q: FloatArray) -> FloatArray:
    """With length 1 along the last axis, which must not be 0 long."""
    return q / length(q)[..., None]


def exp(vector: FloatArray) -> FloatArray:
    """Quaternion (..., 4) of a rotation vector (..., 3) of any length."""
    half = 0.5 * length(vector)[..., None]
    return np.concatenate([np.cos(half), 0.5 * np.sin(half) / np.maximum(half, _TINY) * vector], axis=-1)


def log(q: FloatArray) -> FloatArray:
    """Rotation vector (..., 3) of a quaternion: up to pi long where w >= 0, on to 2 pi where w < 0."""
    sine = length(q[..., 1:])[..., None]
    vector: FloatArray = 2.0 * np.arctan2(sine, q[..., :1]) / np.maximum(sine, _TINY) * q[..., 1:]
    return vector


def difference(a: FloatArray, b: FloatArray) -> FloatArray:
    """The shortest rotation vector d with a exp(d) = b, in the frame of a as well as of b."""
    relative = multiply(inverse(a), b)
    return log(relative * np.copysign(1.0, relative[..., :1]))


def continuous(q: FloatArray) -> FloatArray:
    """The same rotations with signs such that each row (axis 0) is the near one of the two to the row before."""
    turned = _dot(q[1:], q[:-1]) < 0.0
    signs = np.cumprod(np.where(turned, -1.0, 1.0), axis=0)
    return np.concatenate([q[:1], signs[..., None] * q[1:]])


def to_matrix(q: FloatArray) -> FloatArray:
    """Rotation matrices (..., 3, 3)."""
    products = (q[..., :, None] * q[..., None, :]).reshape(*q.shape[:-1], 16)
    return (products @ _MATRIX).reshape(*q.shape[:-1], 3, 3)


def from_matrix(matrix: FloatArray) -> FloatArray:
    """Quaternions (..., 4) of rotation matrices (..., 3, 3).

    The matrix gives all products of two components of q [Shepperd 1978]; the row with the largest square is the best.
    """
    flat = matrix.reshape(*matrix.shape[:-2], 9) @ _MATRIX.T
    table = flat.reshape(*matrix.shape[:-2], 4, 4) + np.eye(4)  # 4 q q^T
    best = np.argmax(np.diagonal(table, axis1=-2, axis2=-1), axis=-1)
    rows = table.reshape(-1, 4)[4 * np.arange(best.size) + best.ravel()]
    return normalised(rows).reshape(*best.shape, 4)


def to_6d(matrix: FloatArray) -> FloatArray:
    """The first two columns (..., 6) of rotation matrices, one after the other [Zhou et al. 2019]."""
    return np.concatenate([matrix[..., 0], matrix[..., 1]], axis=-1)


def from_6d(six: FloatArray) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Rotation matrices (..., 3, 3) by Gram-Schmidt of finite (..., 6), and which of them are degenerate (...).

    Degenerate is a column that is nearly zero, or two that are nearly parallel; such a matrix means nothing.
    """
    columns = np.stack([six[..., :3], six[..., 3:]])
    scale = np.abs(columns).max(axis=-1, keepdims=True)  # squares of large numbers overflow without
    columns = columns / np.maximum(scale, _TINY)
    first, second = columns / np.maximum(length(columns), _TINY)[..., None]
    second = second - _dot(first, second)[..., None] * first
    sine = length(second)
    second = second / np.maximum(sine, _TINY)[..., None]
    degenerate: NDArray[np.bool_] = (scale[..., 0] < _SHORTEST).any(axis=0) | (sine < _SINE)
    return np.stack([first, second, cross(first, second)], axis=-1), degenerate


def cross(a: FloatArray, b: FloatArray) -> FloatArray:
    """a x b, (..., 3) each."""
    product: FloatArray = np.matmul(b[..., None, :], (a @ _CROSS).reshape(*a.shape, 3))[..., 0, :]
    return product


def length(vector: FloatArray) -> FloatArray:
    """Lengths (...) of vectors along the last axis."""
    return np.sqrt(_dot(vector, vector))


def _dot(a: FloatArray, b: FloatArray) -> FloatArray:
    """Products (...) along the last axis; numpy 1.26, which ROS distributions have, knows no `vecdot`."""
    products: FloatArray = np.einsum('...i,...i->...', a, b)
    return products
