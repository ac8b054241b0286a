"""Synthetic demonstrations: coloured squares on grey, and a robot that moves towards the one that is named."""
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vla_async import embodiment
from vla_async.embodiment import Embodiment
from vla_async.training.demonstrations_store import STRIDE, Demonstrations
from vla_async.training.initialise import initialise

COLOURS = {'red': (230, 20, 20), 'green': (20, 170, 30), 'blue': (20, 50, 240)}
EPISODES, FRAMES = 6, 10  # pictures per episode


@pytest.fixture(scope='session')
def robot() -> Embodiment:
    return embodiment.load('astribot_s1')


@pytest.fixture
def folder(tmp_path: Path, robot: Embodiment) -> Path:
    return initialise(tmp_path / 'tiny', robot, 'tiny')


@pytest.fixture(scope='session')
def data(robot: Embodiment) -> Demonstrations:
    rng = np.random.default_rng(0)
    rows, length = EPISODES * FRAMES * STRIDE, FRAMES * STRIDE
    pictures = {c.name: np.full((EPISODES * FRAMES, c.height, c.width, 3), 128, np.uint8) for c in robot.cameras}
    position = np.tile(robot.array('home'), (rows, 1)) + rng.normal(0, 0.02, (rows, robot.dof))
    action, pixel, named = position.copy(), np.zeros((rows, 2)), []
    for episode in range(EPISODES):
        places = rng.uniform(0.2, 0.8, (2, 2))
        colours = rng.permutation(list(COLOURS))[:2]
        for colour, (x, y) in zip(colours, (places * 224).astype(int), strict=True):
            pictures['head'][episode * FRAMES:(episode + 1) * FRAMES, y - 6:y + 6, x - 6:x + 6] = COLOURS[colour]
        stretch = slice(episode * length, (episode + 1) * length)
        pixel[stretch] = places[0]
        action[stretch, 7:9] += places[0] - 0.5
        named.append(f'{colours[0]} cube')
    starts = np.arange(EPISODES) * length
    place = np.pad(pixel, ((0, 0), (0, 1)))
    return Demonstrations(
        30.0, position, np.zeros_like(position), action, place, pixel, starts, starts + length,
        [f'touch the {n} with your left hand' for n in named], ['left'] * EPISODES, named, np.arange(0, rows, STRIDE),
        pictures)
