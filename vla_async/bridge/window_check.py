"""Is a window of motion fit to be followed at all? Sizes, numbers, limits, rest at its end, and its time."""
from __future__ import annotations

import numpy as np

from vla_async.bridge.config import FollowerConfig
from vla_async.bridge.motion import Spline
from vla_async.timebase import seconds
from vla_async.types import FloatArray, JointWindow

AT_REST = 1e-3  # speed that counts as none, at a window's last point [rad/s or m/s]
POSITION_SLACK = 1e-6  # [rad or m]


def window_fault(window: JointWindow, config: FollowerConfig, now_ns: int) -> str:
    """Why the window must not be followed, naming joint and quantity, or nothing."""
    return _shape_fault(window, config) or _time_fault(window, config, now_ns) or _limit_fault(window, config)


def _shape_fault(window: JointWindow, config: FollowerConfig) -> str:
    count, width = len(window.position), len(config.joint_names)
    for name in ('position', 'velocity', 'acceleration'):
        rows: FloatArray = getattr(window, name)
        if rows.shape != (count, width) or count < 2:
            return f'window: {name} has the shape {rows.shape}; needed: at least two rows of {width} joints'
        if not np.isfinite(rows).all():
            joint = config.joint_names[int(np.argwhere(~np.isfinite(rows))[0][1])]
            return f'window: {name} of {joint} is not finite'
    return '' if window.step_ns > 0 else 'window: its step must be longer than nothing'


def _time_fault(window: JointWindow, config: FollowerConfig, now_ns: int) -> str:
    if window.stamp_ns > now_ns + window.step_ns:
        return f'window: begins {seconds(window.stamp_ns - now_ns):.3f} s in the future'
    end_ns = window.stamp_ns + (len(window.position) - 1) * window.step_ns
    if end_ns <= now_ns + config.lead_ns:
        return f'window: ended {seconds(now_ns + config.lead_ns - end_ns):.3f} s before anything can still change'
    age_s = seconds(now_ns - window.stamp_ns)
    return f'window: {age_s:.3f} s old' if age_s > config.tolerances.window_age_s else ''


def _limit_fault(window: JointWindow, config: FollowerConfig) -> str:
    """At the points, and between them: points may each be within the limits and the way from one to the next not."""
    slack, between = config.tolerances, Spline(window).between()
    velocity, acceleration = config.velocity * slack.velocity_slack, config.acceleration * slack.acceleration_slack
    for name, at_points, rows, lower, upper in (
            ('position', window.position, between[0], config.lower - POSITION_SLACK, config.upper + POSITION_SLACK),
            ('velocity', window.velocity, between[1], -velocity, velocity),
            ('acceleration', window.acceleration, between[2], -acceleration, acceleration)):
        for values, where in ((at_points, ''), (rows, ' between two points')):
            outside = (values < lower) | (values > upper)
            if outside.any():
                row, joint = np.argwhere(outside)[0]
                return (f'window: {name} of {config.joint_names[joint]}{where} is {values[row, joint]:.3f}, '
                        f'limits {lower[joint]:.3f} to {upper[joint]:.3f}')
    moving = np.abs(window.velocity[-1]) > AT_REST
    if moving.any():
        return f'window: does not end at rest: {config.joint_names[int(moving.argmax())]}'
    return ''
