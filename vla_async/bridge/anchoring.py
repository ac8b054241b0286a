"""Where a fused motion must begin: there where the bridge holds the robot, else where the robot was measured.

A motion that the bridge follows is never re-anchored: that would be the jump which all this is here to avoid.
"""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vla_async.bridge.states import FOLLOWING
from vla_async.joint_order import JointReading
from vla_async.timebase import NS_PER_MS
from vla_async.types import FloatArray

RECENT_NS = 300 * NS_PER_MS  # set-points and joint states older, or by a clock that was set back newer, tell nothing


@dataclass(frozen=True, slots=True)
class SetPoint:
    """What the bridge sent last."""

    stamp_ns: int
    state: str
    position: FloatArray  # (D,) [rad or m]


@dataclass(frozen=True, slots=True)
class Anchor:
    """Begin at `position` (D,) [rad or m]; None: there is no need to, or, with a reason, no way to."""

    position: FloatArray | None = None
    reason: str = ''


def find_anchor(fused: FloatArray | None, set_point: SetPoint | None, measured: JointReading | None, now_ns: int,
                tolerance: float) -> Anchor:
    """Whether and where the motion must begin anew.

    fused (D,) is the motion's present position, None when there is no motion. A held robot that is further than
    `tolerance` [rad or m] from it has not followed.
    """
    if set_point is not None and abs(now_ns - set_point.stamp_ns) <= RECENT_NS:
        if set_point.state == FOLLOWING:
            return Anchor(reason='' if fused is not None else 'the bridge still follows an earlier motion')
        if fused is None or np.abs(fused - set_point.position).max() > tolerance:
            return Anchor(set_point.position)
        return Anchor()
    if fused is not None:
        return Anchor()
    if measured is None or abs(now_ns - measured.stamp_ns) > RECENT_NS:
        return Anchor(reason='neither set-points of the bridge nor joint states arrive')
    return Anchor(measured.position)
