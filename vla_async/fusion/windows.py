"""A stretch of the motion that ends at rest, so that a receiver that hears nothing more stops inside the limits.

The window follows the motion as long as the quickest stop of every joint still fits before its end, then stops. Such a
stop keeps the limits from any state of a motion that keeps them: its velocity never exceeds that of the motion, which
can shed acceleration no faster, and it ends at most the margin of `PlanLimits` beyond where the motion turns back.
"""
from __future__ import annotations

import numpy as np

from vla_async.errors import DataError
from vla_async.fusion.braking import stop
from vla_async.fusion.limits import PlanLimits
from vla_async.fusion.motion import SplineMotion
from vla_async.timebase import NS_PER_S
from vla_async.types import JointWindow

# A grid point counts as reached by a stop that ends this much later: below the resolution of stamps [s].
_INSTANT_S = 1e-10


def resting_window(motion: SplineMotion, limits: PlanLimits, start_ns: int, step_ns: int, count: int) -> JointWindow:
    """Window of `count` points from `start_ns`; raises DataError if it is too short to come to rest in it."""
    if count < 1 or step_ns < 1:
        raise DataError(f'a window needs count >= 1 and step_ns >= 1, got {count} and {step_ns}')
    states = motion.sample(start_ns, step_ns, count)  # (N, 3, D)
    position, velocity, acceleration = (np.ascontiguousarray(states[:, k]) for k in range(3))
    stops = stop(velocity, acceleration, limits.acceleration, limits.jerk)
    left_s = step_ns / NS_PER_S * np.arange(count - 1, -1, -1)  # (N,) from each point to the end
    longest = stops.duration_s.max(axis=1)
    fits = longest <= left_s + _INSTANT_S
    if not fits.any():
        needed = int(np.ceil(longest[0] * NS_PER_S / step_ns)) + 1
        raise DataError(f'{count} points, {step_ns} ns apart, are too few to come to rest; now {needed} are needed, '
                        f'and FuserConfig.stop_s = {limits.stop_s:.3f} s always suffices')
    last = count - 1 - int(np.argmax(fits[::-1]))
    since_s = step_ns / NS_PER_S * np.arange(count - last, dtype=np.float64)[:, None]
    way, velocity[last:], acceleration[last:] = stops.of_row(last).at(since_s)
    position[last:] = position[last] + way
    velocity[-1] = acceleration[-1] = 0.0
    return JointWindow(start_ns, step_ns, position, velocity, acceleration)
