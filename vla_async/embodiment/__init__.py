"""Robots: what the suite knows of one, and the files that it reads this from."""
from vla_async.embodiment.output import GripperOutput, Output, TwistOutput, VelocityOutput
from vla_async.embodiment.robot import (
    JOINT_KINDS,
    UNBOUNDED_KINDS,
    Action,
    Camera,
    Embodiment,
    HandLimits,
    Joint,
    Rates,
)
from vla_async.embodiment.robot_file import available, load, parse

__all__ = ['JOINT_KINDS', 'UNBOUNDED_KINDS', 'Action', 'Camera', 'Embodiment', 'GripperOutput', 'HandLimits', 'Joint',
           'Output', 'Rates', 'TwistOutput', 'VelocityOutput', 'available', 'load', 'parse']
