"""Fusion of action chunks to one motion: C2, inside the limits at every instant, at rest when chunks stop."""
from vla_async.fusion.config import FuserConfig, FuserSettings
from vla_async.fusion.factory import fuser_for, make_fuser
from vla_async.fusion.fuser import ChunkFuser
from vla_async.fusion.limits import JointLimits
from vla_async.fusion.stream import WindowStream

__all__ = ['ChunkFuser', 'FuserConfig', 'FuserSettings', 'JointLimits', 'WindowStream',
           'fuser_for', 'make_fuser']
