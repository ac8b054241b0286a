"""What the robot was about, from what it did: phases that mean the same for every task."""
from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vla_async.embodiment import Embodiment
from vla_async.replay.open_loop.stretch import Stretch
from vla_async.types import StampArray

PHASES = ('moving', 'resting', 'starved')
MOVING = 0.02  # of any joint's velocity limit


def phases(stretch: Stretch, robot: Embodiment) -> dict[str, tuple[StampArray, NDArray[np.bool_]]]:
    """By name when each phase is on: times (N,) of the set-points and flags (N,), of which one is true at each time.

    starved: no chunk covers the present; moving: the recorded robot moves; resting: it does not.
    """
    points, measured = stretch.trace.set_points, stretch.measured
    starved = ~points.following
    fast = (np.abs(measured.velocity) > MOVING * robot.array('velocity')).any(axis=1)
    newest = np.searchsorted(measured.stamp_ns, points.sent_ns, 'right') - 1
    moving = (newest >= 0) & np.append(fast, False)[newest] & ~starved  # -1, before the first, is that last False
    return {'moving': (points.sent_ns, moving), 'resting': (points.sent_ns, ~moving & ~starved),
            'starved': (points.sent_ns, starved)}
