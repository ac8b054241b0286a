"""Membership of a process that stands by in place of a simulated robot: its cameras are members of their own."""
from __future__ import annotations

import os
import sys
from contextlib import suppress

from vla_async.errors import VlaAsyncError
from vla_async.nodes import membership
from vla_async.nodes.membership import leave, succeed
from vla_async.nodes.parameters import SceneParameters, foretold
from vla_async.nodes.simulated_cameras import Place, make_ready

__all__ = ['join', 'leave', 'succeed']


def join() -> None:
    """Become a member, and let the processes of the cameras become some; these end with this process."""
    membership.join()
    with suppress(VlaAsyncError):  # the robot will say what is wrong
        values = foretold(sys.argv, SceneParameters)
        make_ready(Place(values.robot, values.task, int(os.environ.get('ROS_DOMAIN_ID') or 0)))
