"""Robots: what the suite knows of one, and the files that it reads this from."""
from vla_async.embodiment.robot import (
    JOINT_KINDS,
    UNBOUNDED_KINDS,
    Action,
    Camera,
    Embodiment,
    HandLimits,
    Joint,
    Output,
    Rates,
)
from vla_async.embodiment.robot_file import available, load, parse

__all__ = ['JOINT_KINDS', 'UNBOUNDED_KINDS', 'Action', 'Camera', 'Embodiment', 'HandLimits', 'Joint', 'Output',
           'Rates', 'available', 'load', 'parse']
