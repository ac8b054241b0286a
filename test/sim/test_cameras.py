"""Pictures show the scene as the world says it is; off-screen, by software, from any one thread."""
from __future__ import annotations

from collections.abc import Iterator
from threading import Thread

import numpy as np
import pytest
from numpy.typing import ArrayLike

from vla_async import embodiment
from vla_async.errors import ConfigError, EnvironmentFault
from vla_async.sim.cameras import Renderer, make_gl_context
from vla_async.sim.scene import COLOURS
from vla_async.sim.world import World

OVERVIEW = {'astribot_s1': 'head', 'so101': 'overhead'}


@pytest.fixture(params=['astribot_s1', 'so101'], scope='module')
def world(request: pytest.FixtureRequest) -> World:
    return World(embodiment.load(request.param), 'touch')


@pytest.fixture
def renderer(world: World) -> Iterator[Renderer]:
    renderer = Renderer(world)
    yield renderer
    renderer.close()


def nearest_colour(pixel: np.ndarray) -> str:
    """Name of the colour with the direction in RGB nearest to that of a pixel (3,)."""
    def direction(rgb: ArrayLike) -> np.ndarray:
        return np.asarray(rgb, float) / np.linalg.norm(rgb)

    return max(COLOURS, key=lambda name: float(direction(pixel) @ direction(COLOURS[name])))


def test_pictures_have_the_sizes_of_the_robot_file(world: World, renderer: Renderer) -> None:
    images = renderer.images()
    assert list(images) == [camera.name for camera in world.robot.cameras]
    for camera in world.robot.cameras:
        assert images[camera.name].shape == (camera.height, camera.width, 3)
        assert images[camera.name].dtype == np.uint8
        assert images[camera.name].std() > 10, camera.name


@pytest.mark.parametrize('seed', [1, 2, 3])
def test_every_object_shows_its_colour_where_it_is_projected(world: World, renderer: Renderer, seed: int) -> None:
    camera, scene = OVERVIEW[world.robot.name], world.reset(seed)
    picture = renderer.images()[camera]
    for thing in scene.objects:
        u, v, depth = world.project(camera, world.object_position(thing.name))
        assert depth > 0
        assert nearest_colour(picture[int(v), int(u)]) == thing.colour, f'{thing} at {u:.0f}, {v:.0f}'


def test_pictures_follow_the_captured_state_and_not_the_world(world: World, renderer: Renderer) -> None:
    camera = OVERVIEW[world.robot.name]
    world.reset(1)
    renderer.capture()
    before = renderer.render(camera)
    for _ in range(200):
        world.step(world.robot.array('home') + 0.2)
    assert np.array_equal(renderer.render(camera), before)
    renderer.capture()
    assert not np.array_equal(renderer.render(camera), before)


def test_equal_states_give_equal_pictures_in_another_thread(world: World) -> None:
    world.reset(4)
    pictures: list[dict[str, np.ndarray]] = []

    def draw() -> None:
        renderer = Renderer(world)
        pictures.append(renderer.images())
        renderer.close()

    for _ in range(2):
        thread = Thread(target=draw)
        thread.start()
        thread.join()
    for name in pictures[0]:
        assert np.array_equal(pictures[0][name], pictures[1][name])


def test_both_hands_are_in_the_picture_of_the_head() -> None:
    world = World(embodiment.load('astribot_s1'), 'touch')
    for hand in world.robot.hands:
        u, v, depth = world.project('head', world.hand_pose(hand)[:3, 3])
        assert 0 <= u < 224
        assert 0 <= v < 224
        assert depth > 0


def test_wrist_cameras_see_their_fingertips() -> None:
    world = World(embodiment.load('astribot_s1'), 'touch')
    for hand in world.robot.hands:
        u, v, _ = world.project(f'{hand}_wrist', world.hand_pose(hand)[:3, 3])
        assert u == pytest.approx(56, abs=2)
        assert 56 <= v < 100


def test_no_time_is_spent_on_shadows_and_reflections_whatever_the_model_says() -> None:
    pictures = []
    for asked in (False, True):
        world = World(embodiment.load('so101'), 'touch')
        world.model.light_castshadow[:] = asked
        world.model.mat_reflectance[:] = float(asked)
        renderer = Renderer(world)
        pictures.append(renderer.render('overhead'))
        renderer.close()
    np.testing.assert_array_equal(*pictures)


def test_unknown_camera_is_named(renderer: Renderer) -> None:
    with pytest.raises(ConfigError, match=r"'tail'.*spectator"):
        renderer.render('tail')


def test_a_machine_that_cannot_draw_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_graphics(width: int, height: int) -> None:
        raise ImportError('no EGL')

    monkeypatch.setattr('mujoco.egl.GLContext', no_graphics)
    monkeypatch.setenv('MUJOCO_GL', 'egl')
    with pytest.raises(EnvironmentFault, match='libegl1'):
        make_gl_context(8, 8)
