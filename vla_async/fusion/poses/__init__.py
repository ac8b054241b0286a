"""Fusion of chunks of hand poses, positions with 6-D rotations, to one motion that is C2 also on SO(3)."""
from vla_async.fusion.poses.config import PoseFuserConfig
from vla_async.fusion.poses.fuser import PoseFuser
from vla_async.fusion.poses.limits import AngularLimits

__all__ = ['AngularLimits', 'PoseFuser', 'PoseFuserConfig']
