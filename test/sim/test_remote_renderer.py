"""A world in another process is drawn as it is there."""
import os

import numpy as np
import pytest

from vla_async import embodiment
from vla_async.sim.cameras import Renderer
from vla_async.sim.remote_renderer import RemoteRenderer
from vla_async.sim.shared_state import SharedState, StampedState
from vla_async.sim.world import World

ROBOT = embodiment.load('astribot_s1')


@pytest.fixture
def states():
    made = SharedState()
    yield made
    made.close()


@pytest.fixture
def renderer(states):
    made = RemoteRenderer(ROBOT, 'touch', SharedState(os.dup(states.descriptor)))
    yield made
    made.close()


@pytest.fixture(scope='module')
def world():
    return World(ROBOT, 'touch')


def write(states, world, episode, seed):
    states.write(StampedState(episode, seed, 10 * episode, world.snapshot().qpos))


def test_there_is_nothing_to_see_before_something_was_told(renderer):
    assert renderer.capture() is None


@pytest.mark.parametrize(('episode', 'seed'), [(0, 5), (1, 0), (7, 6)])
def test_the_scene_of_the_seed_is_drawn_with_everything_where_it_was_told(states, renderer, world, episode, seed):
    world.reset(seed, None)
    for _ in range(20):
        world.step(ROBOT.array('home') + 0.05)
    write(states, world, episode, seed)
    assert renderer.capture() == 10 * episode
    local = Renderer(world)
    local.capture()
    for camera in local.cameras:
        np.testing.assert_array_equal(renderer.render(camera), local.render(camera))
    local.close()


def test_a_world_that_stands_still_is_not_seen_twice(states, renderer, world):
    write(states, world, 1, world.scene.seed)
    assert renderer.capture() == 10
    assert renderer.capture() is None
    write(states, world, 2, world.scene.seed)
    assert renderer.capture() == 20


def test_a_new_episode_brings_its_scene(states, renderer, world):
    pictures = []
    for episode, seed in ((0, 3), (1, 4), (2, 3)):
        world.reset(seed)
        write(states, world, episode, seed)
        renderer.capture()
        pictures.append(renderer.render('head'))
    assert (pictures[0] != pictures[1]).any()
    np.testing.assert_array_equal(pictures[0], pictures[2])
