"""Motion to set-points: the last place that keeps the robot safe. Knows no ROS, no clock, no model."""
from vla_async.bridge.config import FollowerConfig, Tolerances
from vla_async.bridge.follower import MotionFollower

__all__ = ['FollowerConfig', 'MotionFollower', 'Tolerances']
