"""Robots: what the suite knows of one, and the files that it reads this from."""
from vla_async.embodiment.body_limits import Box, Collision
from vla_async.embodiment.output import (
    GripperOutput,
    Output,
    TrajectoryOutput,
    TwistOutput,
    VelocityOutput,
)
from vla_async.embodiment.ranges import about_middle
from vla_async.embodiment.robot import (
    JOINT_KINDS,
    POSE_NUMBERS,
    UNBOUNDED_KINDS,
    Action,
    Camera,
    Embodiment,
    HandLimits,
    Joint,
    Rates,
)
from vla_async.embodiment.robot_file import available, files, load, parse

__all__ = ['JOINT_KINDS', 'POSE_NUMBERS', 'UNBOUNDED_KINDS', 'Action', 'Box', 'Camera', 'Collision', 'Embodiment',
           'GripperOutput', 'HandLimits', 'Joint', 'Output', 'Rates', 'TrajectoryOutput', 'TwistOutput',
           'VelocityOutput', 'about_middle', 'available', 'files', 'load', 'parse']
