"""Fixtures: a tiny untrained policy and an observation that fits it."""
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vla_async import embodiment
from vla_async.embodiment import Embodiment
from vla_async.training.initialise import initialise
from vla_async.types import Observation


@pytest.fixture(scope='session')
def robot() -> Embodiment:
    return embodiment.load('astribot_s1')


@pytest.fixture(scope='session')
def folder(tmp_path_factory: pytest.TempPathFactory, robot: Embodiment) -> Path:
    return initialise(tmp_path_factory.mktemp('policy') / 'tiny', robot, 'tiny')


@pytest.fixture
def observation(robot: Embodiment) -> Observation:
    rng = np.random.default_rng(0)
    images = {c.name: rng.integers(0, 256, (c.height, c.width, 3), dtype=np.uint8) for c in robot.cameras}
    return Observation(1_000_000_000, images, robot.array('home'), np.zeros(robot.dof))
