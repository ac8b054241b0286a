"""What every test needs: one thread a process, software rendering, and a ROS domain of its own."""
from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings
from own_domain import own_domain

from vla_async.launcher.environment import environment

# before torch, mujoco or rclpy are imported, which read these once
for _name in ('OMP_NUM_THREADS', 'OMP_WAIT_POLICY', 'MUJOCO_GL', 'AMENT_PREFIX_PATH'):
    os.environ[_name] = environment(0, os.environ)[_name]

# what an example may be is judged, not how long it takes: the machine may be busy
settings.register_profile('busy', deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile('busy')


@pytest.fixture
def ros_domain(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A ROS domain of this machine that no other test or program uses, set for this process and its children."""
    claim = own_domain()
    for name, value in environment(claim.id, os.environ).items():
        monkeypatch.setenv(name, value)
    yield claim.id
    claim.release()
