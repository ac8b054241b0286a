"""What is left out of a picture could not be seen in it, wherever the robot stands."""
import numpy as np
import pytest

from vla_async import embodiment
from vla_async.kinematics.robot_model import set_position
from vla_async.sim import cameras
from vla_async.sim.cameras import Renderer
from vla_async.sim.visibility import within_view
from vla_async.sim.world import World


@pytest.fixture(params=['astribot_s1', 'so101'], scope='module')
def world(request):
    return World(embodiment.load(request.param), 'touch')


def states(world, count):
    """Random poses of the robot, each in a scene of its own."""
    lower, upper = (world.robot.array(side) for side in ('lower', 'upper'))
    rng = np.random.default_rng(5)
    for seed in range(count):
        world.reset(seed)
        pose = rng.uniform(np.maximum(lower, -1.5), np.minimum(upper, 1.5))
        set_position(world.model, world._data, world.robot, pose)
        yield world.snapshot()


def test_pictures_are_those_of_a_renderer_that_draws_everything(world, monkeypatch):
    hidden, renderer = [], Renderer(world)

    def everything(model, data, camera):
        hidden.append(float((~within_view(model, data, camera)).mean()))
        return np.ones(model.ngeom, dtype=bool)
    for state in states(world, 8):
        for name in renderer.cameras:
            drawn = renderer.render_from(state, name)
            with monkeypatch.context() as patch:
                patch.setattr(cameras, 'within_view', everything)
                np.testing.assert_array_equal(renderer.render_from(state, name), drawn, err_msg=name)
    renderer.close()
    assert np.mean(hidden) > 0.2  # else it were not worth it


def test_the_floor_is_within_every_view_as_it_has_no_end(world):
    renderer = Renderer(world)
    renderer.images()
    model, data = renderer._own, renderer._data
    assert all(within_view(model, data, camera)[model.geom('floor').id] for camera in range(model.ncam))
    renderer.close()
