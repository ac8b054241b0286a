"""A stretch of the rotations under way that ends at rest.

To brake is to change control rotations as well: from any knot on, |d_j| shrinks from one to the next by the bound of
|d_j - d_{j-1}|, about the axis of the last one that is given. So the limits hold by the same bounds.
"""
from __future__ import annotations

import numpy as np

from vla_async.errors import DataError
from vla_async.fusion.motion import REST
from vla_async.fusion.planner import GIVEN
from vla_async.fusion.poses import rotation
from vla_async.fusion.poses.motion import RotationMotion
from vla_async.timebase import NS_PER_S
from vla_async.types import FloatArray


def ending_at_rest(motion: RotationMotion, change: FloatArray, start_ns: int, end_ns: int) -> RotationMotion:
    """The motion from `start_ns` on, braked as late as lets it rest at `end_ns`; `change` (P,) [rad] is the bound.

    Raises DataError if the time is too short.
    """
    if motion.rest_ns <= end_ns:
        return motion
    first = max(start_ns, motion.begin_ns) // motion.knot_ns
    control = motion.from_index(first, max(end_ns // motion.knot_ns - first, 0) + GIVEN)
    sizes = rotation.length(rotation.difference(control[1:-1], control[2:]))  # (N, P) when given up at i
    knots = np.ceil(sizes / change).max(axis=1).astype(np.intp)  # (N,) until a brake from each knot on has ended
    rests_ns = (first + np.arange(len(knots)) + GIVEN + knots) * motion.knot_ns
    fits = np.flatnonzero(rests_ns <= end_ns)
    if not fits.size:
        raise DataError(f'{(end_ns - start_ns) / NS_PER_S:.3f} s are too short for the hands to stop turning; '
                        f'now {(rests_ns[0] - start_ns) / NS_PER_S:.3f} s are needed')
    return _braked(motion, first, int(fits[-1]), int(knots[fits[-1]]), change)


def _braked(motion: RotationMotion, first: int, kept: int, knots: int, change: FloatArray) -> RotationMotion:
    """The motion from knot `first` on that brakes from knot `first` + `kept` on, over `knots` control rotations."""
    given = motion.from_index(first - 1, kept + GIVEN + 1)
    step = rotation.difference(given[-2], given[-1])  # (P, 3)
    size = np.maximum(rotation.length(step)[:, None], np.finfo(float).tiny)
    sizes = np.maximum(size - change[:, None] * np.arange(1.0, knots + REST)[:, None, None], 0.0)  # (N, P, 1)
    brake = rotation.multiply(given[-1], rotation.exp(np.cumsum(sizes, axis=0) / size * step))
    brake[-REST:] = brake[-1]
    braked = RotationMotion(motion.knot_ns, given.shape[1])
    braked.start(first - 1, np.concatenate([given, brake]))
    return braked
