"""A world in another process is drawn as it is there."""
import os

import numpy as np
import pytest

from vla_async import embodiment
from vla_async.sim.cameras import Renderer
from vla_async.sim.shared_state import SharedState, ToldState
from vla_async.sim.studio import Studio
from vla_async.sim.world import World

ROBOT = embodiment.load('astribot_s1')


@pytest.fixture
def states():
    made = SharedState()
    yield made
    made.close()


@pytest.fixture
def studio(states):
    made = Studio(ROBOT, 'touch', SharedState(os.dup(states.descriptor)))
    yield made
    made.close()


@pytest.fixture(scope='module')
def world():
    return World(ROBOT, 'touch')


def tell(states, world, episode, seed):
    states.tell(ToldState(episode, seed, 10 * episode, world.snapshot().qpos))


def test_there_is_nothing_to_see_before_something_was_told(studio):
    assert studio.capture() is None


@pytest.mark.parametrize(('episode', 'seed'), [(0, 5), (1, 0), (7, 6)])
def test_the_scene_of_the_seed_is_drawn_with_everything_where_it_was_told(states, studio, world, episode, seed):
    world.reset(seed, None)
    for _ in range(20):
        world.step(ROBOT.array('home') + 0.05)
    tell(states, world, episode, seed)
    assert studio.capture() == 10 * episode
    renderer = Renderer(world)
    renderer.capture()
    for camera in renderer.cameras:
        np.testing.assert_array_equal(studio.render(camera), renderer.render(camera))
    renderer.close()


def test_a_world_that_stands_still_is_not_seen_twice(states, studio, world):
    tell(states, world, 1, world.scene.seed)
    assert studio.capture() == 10
    assert studio.capture() is None
    tell(states, world, 2, world.scene.seed)
    assert studio.capture() == 20


def test_a_new_episode_brings_its_scene(states, studio, world):
    pictures = []
    for episode, seed in ((0, 3), (1, 4), (2, 3)):
        world.reset(seed)
        tell(states, world, episode, seed)
        studio.capture()
        pictures.append(studio.render('head'))
    assert (pictures[0] != pictures[1]).any()
    np.testing.assert_array_equal(pictures[0], pictures[2])
