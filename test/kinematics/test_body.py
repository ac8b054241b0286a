"""Where hands are and how near links come, compared with what can be computed without MuJoCo."""
from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.optimize import lsq_linear
from scipy.spatial.transform import Rotation
from two_boxes import BLUE, HAND, HOME, RED, two_boxes

from vla_async.embodiment import Collision, load
from vla_async.errors import ConfigError
from vla_async.kinematics.body import Body
from vla_async.types import FloatArray
from vla_async.viz.forward_kinematics import ForwardKinematics

FAR = 10.0  # distances are never cut [m]
ROBOTS = ('astribot_s1', 'so101')


@pytest.fixture(scope='module', params=ROBOTS)
def robot(request):
    return load(request.param)


@pytest.fixture(scope='module')
def body(robot):
    return Body(robot)


def anywhere(robot, count: int, seed: int = 0) -> FloatArray:
    """Random postures within the limits, (count, D)."""
    return np.random.default_rng(seed).uniform(robot.array('lower'), robot.array('upper'), (count, robot.dof))


def at(robot, **joints: float) -> FloatArray:
    """Home but for some joints, (D,)."""
    position = robot.array('home')
    position[robot.indices(tuple(joints))] = list(joints.values())
    return position


def touching(body: Body, position: FloatArray) -> set[frozenset[str]]:
    """Pairs of links that are in each other."""
    distance = body.look(position[None], FAR).distance[0]
    return {frozenset(pair) for pair, apart in zip(body.pairs, distance, strict=True) if apart < 0}


def boxes_apart(position: FloatArray) -> float:
    """Distance of the two boxes as a bounded least-squares problem: the nearest points u, v of both."""
    turn = Rotation.from_euler('ZYX', position[4:]).as_matrix()
    centres = position[1:4] - [position[0], 0.0, 0.0]
    nearest = lsq_linear(np.hstack([np.eye(3), -turn]), centres,
                         (-np.concatenate([RED, BLUE]), np.concatenate([RED, BLUE])), tol=1e-14)
    return float(np.sqrt(2 * nearest.cost))


def test_distances_are_those_of_an_independent_solver(tmp_path):
    robot = two_boxes(tmp_path)
    body, rng = Body(robot), np.random.default_rng(2)
    path = np.column_stack([rng.uniform(-0.15, 0.15, (200, 4)), rng.uniform(-3, 3, (200, 3))])
    path[:, 1] += 0.25
    found = body.look(path, FAR).distance
    assert body.pairs == (('red', 'blue'),)
    apart = np.array([boxes_apart(position) for position in path])
    free = apart > 1e-4
    assert 50 < free.sum() < 200
    np.testing.assert_allclose(found[free, 0], apart[free], atol=2e-5)
    assert (found[~free, 0] < 1e-4).all()


def test_two_upright_boxes_are_as_far_apart_as_their_faces(tmp_path):
    body = Body(two_boxes(tmp_path))
    path = np.tile(HOME, (3, 1))
    path[:, 0], path[:, 1] = 0.0, np.array([0.25, 0.151, 0.13])
    np.testing.assert_allclose(body.look(path, FAR).distance[:, 0], [0.10, 0.001, -0.02], atol=1e-6)
    np.testing.assert_allclose(body.look(path, 0.01).distance[:, 0], [0.01, 0.001, -0.02], atol=1e-6)


def test_hands_are_where_multiplying_out_the_chains_puts_them(robot, body):
    path, kinematics = anywhere(robot, 20), ForwardKinematics(robot)
    hands = body.look(path, 0.01).hands
    for index, hand in enumerate(robot.hands):
        np.testing.assert_allclose(hands[:, index], kinematics.hand_path(hand, path), atol=1e-9)


def test_hands_seen_from_the_base_do_not_move_with_it():
    robot = load('astribot_s1')
    body = Body(robot)
    path = np.stack([at(robot), at(robot, base_x=1.0, base_y=-0.5, base_yaw=2.0)])
    postures = body.look(path, 0.01)
    assert np.linalg.norm(postures.hands[1] - postures.hands[0], axis=1).min() > 0.5
    np.testing.assert_allclose(postures.hands_in_base[1], postures.hands_in_base[0], atol=1e-9)


def test_hands_in_the_base_frame_of_a_robot_that_stands_are_those_in_the_root_frame(tmp_path):
    postures = Body(two_boxes(tmp_path)).look(HOME[None], 0.01)
    np.testing.assert_allclose(postures.hands, postures.hands_in_base)
    np.testing.assert_allclose(postures.hands[0, 0], HOME[1:4] + HAND)


def test_home_is_free(robot, body):
    assert body.look(robot.array('home')[None], FAR).distance.min() > 2 * robot.collision.margin


@pytest.mark.parametrize('name, joints, links', [
    ('astribot_s1', {'left_arm_2': 0.4}, {'chest', 'left_upper_arm'}),
    ('astribot_s1', {'right_arm_3': 1.4}, {'waist', 'right_palm'}),
    ('astribot_s1', {'left_arm_3': -0.7, 'right_arm_3': 0.7}, {'left_palm', 'right_palm'}),
    ('so101', {'elbow_flex': 1.6, 'wrist_flex': 1.6}, {'base_link', 'palm'}),
    ('so101', {'shoulder_lift': -1.7, 'elbow_flex': 1.6}, {'shoulder', 'forearm'}),
])
def test_known_collisions_are_found(name, joints, links):
    robot = load(name)
    assert frozenset(links) in touching(Body(robot), at(robot, **joints))


def test_links_that_are_meant_to_be_near_are_not_watched():
    pairs = {frozenset(pair) for pair in Body(load('astribot_s1')).pairs}
    for one, other in (('left_upper_arm', 'left_elbow'),  # neighbours
                       ('left_forearm', 'left_palm'),  # between them lies only a link without a solid shape
                       ('left_upper_arm', 'left_forearm'),  # in each other at home
                       ('left_finger_inner_link', 'left_finger_outer_link')):  # ignored by the robot file
        assert frozenset((one, other)) not in pairs
    assert frozenset(('thigh', 'chest')) in pairs
    assert frozenset(('left_forearm', 'left_finger_inner_link')) in pairs


def test_pairs_follow_from_the_margin_at_home(tmp_path):
    assert Body(two_boxes(tmp_path, margin=0.8)).pairs == (('red', 'blue'),)
    assert Body(two_boxes(tmp_path, margin=0.9)).pairs == ()  # the boxes are 0.85 m apart


def test_an_ignored_link_that_is_not_there_is_named():
    robot = dataclasses.replace(load('so101'), collision=Collision(ignore=(('palm', 'claw'),)))
    with pytest.raises(ConfigError, match=r"so101: collision: ignore names the link 'claw', which is not in so101"):
        Body(robot)


def test_no_pair_moves_further_than_the_bound_says(robot, body):
    """From random postures, steps of any size in all joints: distances change by the bound at most."""
    rng, start = np.random.default_rng(4), anywhere(robot, 300)
    size = rng.uniform(0, 0.3, (300, 1)) * (rng.random((300, robot.dof)) < rng.uniform(0.05, 1, (300, 1)))
    end = start + size * rng.uniform(-1, 1, start.shape)
    moved = np.abs(body.look(end, FAR).distance - body.look(start, FAR).distance)
    bound = np.array([body.travel(np.stack(ends))[0] for ends in zip(start, end, strict=True)])
    assert (moved <= bound + 1e-5).all()
    assert (moved > 0.2 * bound)[bound > 0.01].mean() > 0.05, 'and the bound is not idle'


def test_what_moves_the_whole_robot_moves_no_pair():
    robot = load('astribot_s1')
    path = np.stack([at(robot), at(robot, base_x=2.0, base_y=2.0, base_yaw=3.0)])
    assert (Body(robot).travel(path) == 0).all()
