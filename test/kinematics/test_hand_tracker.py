"""Joints that follow hands: exact where hands can go, as near as can be elsewhere, always inside the limits."""
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from led import misses, poses_of

from vla_async import embodiment
from vla_async.embodiment import Embodiment
from vla_async.fusion.poses import rotation
from vla_async.kinematics.hand_model import HandModel
from vla_async.kinematics.hand_tracker import FAR, UNITS, HandTracker, Tracked
from vla_async.types import FloatArray

STEP_S = 1 / 30
ASTRIBOT, SO101 = (embodiment.load(name) for name in ('astribot_s1', 'so101'))
BOTH = HandTracker(ASTRIBOT, ('left', 'right'))


def track(robot: Embodiment, path: FloatArray, tracker: HandTracker | None = None) -> tuple[Tracked, tuple]:
    """Where the joints go when only the hands' poses along joints `path` (N, D) are told; and these poses."""
    tracker = tracker or HandTracker(robot, tuple(robot.hands))
    poses = [tuple(part.copy() for part in tracker.poses(row)) for row in path]
    wanted = np.array([pose[0] for pose in poses]), np.array([pose[1] for pose in poses])
    return tracker.track(path[0], path[0], *wanted, STEP_S), wanted


def random_path(robot: Embodiment, rng: np.random.Generator, reach: float) -> FloatArray:
    """From home to up to `reach` [rad or m] away inside the limits, at no more than half of full speed."""
    home, inside = robot.array('home'), 0.05
    there = np.clip(home + rng.uniform(-reach, reach, robot.dof), robot.array('lower') + inside,
                    robot.array('upper') - inside)
    count = int(np.abs((there - home) / robot.array('velocity')).max() * 1.875 / 0.5 / STEP_S) + 2
    u = np.linspace(0.0, 1.0, count)[:, None]
    return home + u**3 * (10 - 15 * u + 6 * u**2) * (there - home)


@pytest.mark.parametrize(('robot', 'reach'), [(SO101, 1.2), (ASTRIBOT, 0.4)], ids=lambda value: str(value)[:9])
def test_hands_come_back_to_where_random_joints_had_put_them(robot: Embodiment, reach: float) -> None:
    """There and on the way: to 0.1 mm and 0.5 mrad."""
    rng, tracker = np.random.default_rng(5), HandTracker(robot, tuple(robot.hands))
    for _ in range(10):
        found, _ = track(robot, random_path(robot, rng, reach), tracker)
        assert found.missed[..., 0].max() < 1e-4
        assert found.missed[..., 1].max() < 5e-4


def test_what_it_says_it_misses_is_what_it_misses() -> None:
    path = random_path(SO101, np.random.default_rng(0), 1.2)
    tracker = HandTracker(SO101, ('arm',))
    places, matrices = (np.array(part) for part in zip(*(map(np.copy, tracker.poses(q)) for q in path), strict=True))
    places[..., 2] += 0.5
    found = tracker.track(path[0], path[0], places, matrices, STEP_S)
    for row, missed, place in zip(found.joints, found.missed, places, strict=True):
        assert missed[0, 0] == pytest.approx(np.linalg.norm(tracker.poses(row)[0] - place))
    assert found.missed[-1, 0, 0] > 0.1


def loss(missed: FloatArray) -> float:
    """Huber's loss of a way and an angle (1, 2) in the tracker's units."""
    lengths = UNITS[:, 0] * missed
    return float(np.where(lengths < FAR, 0.5 * lengths**2, FAR * (lengths - 0.5 * FAR)).sum())


@pytest.mark.parametrize('way', [(1.5, 0.0, 0.2), (0.5, 1.0, 1.0), (-1.0, 0.3, 0.0), (0.3, 0.1, -1.0), (0.0, 0.0, 5.0)])
def test_a_hand_that_cannot_reach_rests_where_no_joints_nearby_bring_it_nearer(way: tuple[float, ...]) -> None:
    tracker, home = HandTracker(SO101, ('arm',)), SO101.array('home')
    place, matrix = (part.copy() for part in tracker.poses(home))
    count = 300
    found = tracker.track(home, home, np.tile(place + way, (count, 1, 1)), np.tile(matrix, (count, 1, 1, 1)), STEP_S)
    assert np.abs(np.diff(found.joints[-30:], axis=0)).max() < 1e-3
    model, rng, least = HandModel(SO101, ('arm',)), np.random.default_rng(1), loss(found.missed[-1])
    for size in (0.2, 0.05, 0.01):
        for step in rng.normal(0.0, size, (500, SO101.dof)):
            model.place(np.clip(found.joints[-1] + step, SO101.array('lower'), SO101.array('upper')))
            assert loss(np.linalg.norm(model.error(place + way, matrix), axis=-1)) > 0.999 * least


def test_a_closed_path_of_the_hands_is_a_closed_path_of_the_joints() -> None:
    """Three rounds; without the pull to a posture the free joints would drift."""
    tracker, home = HandTracker(ASTRIBOT, ('left',)), ASTRIBOT.array('home')
    place, matrix = (part.copy() for part in tracker.poses(home))
    phase = np.linspace(0.0, 6 * np.pi, 360)
    path = place + 0.1 * np.stack([0 * phase, np.sin(phase), np.cos(phase) - 1], axis=-1)[:, None]
    found = tracker.track(home, home, path, np.tile(matrix, (360, 1, 1, 1)), STEP_S)
    assert found.missed[..., 0].max() < 1e-4
    assert np.abs(found.joints[239] - found.joints[359]).max() < 5e-3


def test_grippers_and_a_driven_base_stay() -> None:
    path = random_path(ASTRIBOT, np.random.default_rng(2), 0.3)
    found, _ = track(ASTRIBOT, path, BOTH)
    grippers = [joint.kind == 'gripper' for joint in ASTRIBOT.joints]
    assert (found.joints[:, grippers] == path[0, grippers]).all()


def test_the_same_question_has_the_same_answer() -> None:
    path = random_path(ASTRIBOT, np.random.default_rng(3), 0.3)
    first, _ = track(ASTRIBOT, path)
    second, _ = track(ASTRIBOT, path, BOTH)
    np.testing.assert_array_equal(first.joints, second.joints)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), size=st.sampled_from([0.01, 0.3, 3.0, 1e3]), outside=st.booleans())
def test_limits_hold_whatever_is_wanted(seed: int, size: float, outside: bool) -> None:
    rng = np.random.default_rng(seed)
    low, high, speed = (ASTRIBOT.array(name) for name in ('lower', 'upper', 'velocity'))
    start = rng.uniform(low, high) + (0.3 * rng.normal(size=ASTRIBOT.dof) if outside else 0.0)
    places = size * rng.normal(size=(8, 2, 3))
    matrices = rotation.to_matrix(rotation.normalised(rng.normal(size=(8, 2, 4))))
    found = BOTH.track(start, ASTRIBOT.array('home'), places, matrices, STEP_S)
    moved = np.array([joint.kind != 'gripper' for joint in ASTRIBOT.joints])
    assert np.isfinite(found.joints).all() and np.isfinite(found.missed).all()
    assert (found.joints[:, moved] >= low[moved]).all() and (found.joints[:, moved] <= high[moved]).all()
    way = np.diff(np.concatenate([np.clip(start, low, high)[None], found.joints]), axis=0)[:, moved]
    assert (np.abs(way) <= speed[moved] * STEP_S * (1 + 1e-9)).all()


def test_the_helper_that_measures_misses_agrees() -> None:
    from led import led_robot
    robot = led_robot('astribot_s1', 'left', 'right')
    path = random_path(robot, np.random.default_rng(4), 0.3)
    found, wanted = track(robot, path, BOTH)
    ways, angles = misses(robot, found.joints, wanted)
    np.testing.assert_allclose(np.stack([ways, angles], axis=-1), found.missed, atol=1e-7)
    assert poses_of(robot, path)[0].shape == (len(path), 2, 3)
