"""Where a bridge begins that takes the place of one that died."""
from __future__ import annotations

import numpy as np

from vla_async.bridge.config import FollowerConfig
from vla_async.embodiment import Embodiment
from vla_async.types import FloatArray


def held_set_points(robot: Embodiment, last: FloatArray) -> FloatArray:
    """What the controllers hold since their bridge is dead, (D,), by its last set-points; NaN: not known.

    Known of those that are given single positions. The others go on: a trajectory to its end, a twist to its time-out.
    """
    held = np.full(robot.dof, np.nan)
    if last.shape != held.shape:
        return held
    joints = [robot.joint_names.index(name) for output in robot.outputs if output.kind == 'forward_position'
              for name in output.joints]
    held[joints] = last[joints]
    return held


def start_position(measured: FloatArray, held: FloatArray, config: FollowerConfig) -> FloatArray:
    """Where to begin, (D,): what is held, but measured positions of joints that are far from it or hold nothing known.

    A hindered joint is not where it is held, and would jump if it was commanded from where it is.
    """
    with np.errstate(invalid='ignore'):  # NaN and infinity are near nothing
        near = config.apart(held, measured) <= config.tolerances.start
    return np.where(near, held, measured)
