"""Where a bridge begins that takes the place of one that died, and whether it may move."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vla_async.bridge.config import FollowerConfig
from vla_async.embodiment import Embodiment
from vla_async.types import FloatArray, JointCommand

HOLDING = ('forward_position', 'joint_trajectory')
KNOWN_S = 5.0  # a reserve takes over sooner; later somebody else may have commanded the robot


@dataclass(frozen=True, slots=True)
class LastWord:
    """What was known of a bridge when it had ended, and its robot was at rest."""

    set_point: JointCommand | None  # the last one that anybody sent; None: not known, or the robot was told more since
    state: str  # of the bridge
    latch: str  # why nothing moves before a release; empty: it may


def held_set_points(robot: Embodiment, last: FloatArray, age_s: float) -> FloatArray:
    """What the controllers hold since their bridge is dead, (D,), by what they were told last; NaN: not known.

    Known of those that are given positions; `last` (D,) has the ends of trajectories. A base goes on to its time-out.
    `age_s`: how long ago the last set-points were sent.
    """
    held = np.full(robot.dof, np.nan)
    if last.shape != held.shape or not 0.0 <= age_s <= KNOWN_S:
        return held
    joints = [robot.joint_names.index(name) for output in robot.outputs if output.kind in HOLDING
              for name in output.joints]
    held[joints] = last[joints]
    return held


def start_position(measured: FloatArray, held: FloatArray | None, config: FollowerConfig) -> FloatArray:
    """Where to begin, (D,), inside the limits: what is held, but where that is unknown or far off what is measured.

    A hindered joint is not where it is held, and would jump if it was commanded from where it is.
    """
    if held is not None:
        with np.errstate(invalid='ignore'):  # NaN and infinity are near nothing
            near = config.apart(held, measured) <= config.tolerances.start
        measured = np.where(near, held, measured)
    return np.clip(measured, config.lower, config.upper)
