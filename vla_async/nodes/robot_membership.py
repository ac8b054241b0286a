"""Membership of a process that stands by in place of a simulated robot: its camera drivers are members of their own."""
from __future__ import annotations

import os

from vla_async.nodes import membership
from vla_async.nodes.membership import leave, succeed
from vla_async.nodes.picture_sender import CameraDrivers

__all__ = ['join', 'leave', 'prepared_drivers', 'succeed']
_drivers: list[CameraDrivers] = []


def join() -> None:
    """Become a member, and let the drivers become one; these end with this process."""
    membership.join()
    _drivers.append(CameraDrivers(int(os.environ.get('ROS_DOMAIN_ID') or 0)))


def prepared_drivers() -> CameraDrivers | None:
    """Those that were started ahead, for who asks first."""
    return _drivers.pop() if _drivers else None
