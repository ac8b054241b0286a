"""Where the hands are and how they move agrees with the URDF's own chain and with differences."""
from __future__ import annotations

import numpy as np
import pytest

from vla_async import embodiment
from vla_async.embodiment import Embodiment
from vla_async.errors import ConfigError
from vla_async.fusion.poses import rotation
from vla_async.kinematics.hand_model import HandModel
from vla_async.viz.forward_kinematics import ForwardKinematics


@pytest.fixture(params=('astribot_s1', 'so101'), scope='module')
def robot(request: pytest.FixtureRequest) -> Embodiment:
    return embodiment.load(request.param)


def anywhere(robot: Embodiment, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(robot.array('lower'), robot.array('upper'))


def test_hands_are_where_the_chain_of_the_urdf_has_them(robot: Embodiment) -> None:
    hands = tuple(reversed(robot.hands))
    model, chain = HandModel(robot, hands), ForwardKinematics(robot)
    for seed in range(5):
        model.place(anywhere(robot, seed))
        for place, hand in zip(model.poses()[0], hands, strict=True):
            np.testing.assert_allclose(place, chain.hand_path(hand, anywhere(robot, seed))[0], atol=1e-9)


def test_the_error_is_what_takes_a_hand_to_a_pose(robot: Embodiment) -> None:
    model = HandModel(robot, tuple(robot.hands))
    model.place(anywhere(robot, 1))
    wanted = tuple(part.copy() for part in model.poses())
    model.place(anywhere(robot, 2))
    ways, turns = np.swapaxes(model.error(*wanted), 0, 1)
    places, matrices = model.poses()
    np.testing.assert_allclose(places + ways, wanted[0], atol=1e-12)
    np.testing.assert_allclose(rotation.to_matrix(rotation.exp(turns)) @ matrices, wanted[1], atol=1e-9)


def test_the_jacobian_is_the_derivative_of_the_poses(robot: Embodiment) -> None:
    model, step = HandModel(robot, tuple(robot.hands)), 1e-6
    here = anywhere(robot, 3)
    model.place(here)
    jacobian, start = model.jacobian(), tuple(part.copy() for part in model.poses())
    for joint, unit in enumerate(np.eye(robot.dof)):
        model.place(here - step * unit)
        np.testing.assert_allclose(model.error(*start) / step, jacobian[..., joint], atol=1e-5)


def test_a_hand_that_the_robot_does_not_have_is_named() -> None:
    with pytest.raises(ConfigError, match="unknown hand of so101 'third'; valid: arm"):
        HandModel(embodiment.load('so101'), ('third',))
