"""The scripted expert: its velocity field, and that it touches what it should in the simulated world."""
from __future__ import annotations

import numpy as np
import pytest

from vla_async.embodiment import load
from vla_async.kinematics.robot_model import build_spec
from vla_async.sim.expert import CRUISE, RATE, SPEED, Expert, funnel_velocity
from vla_async.sim.inverse_kinematics import HandKinematics
from vla_async.sim.scene import TABLES
from vla_async.sim.world import World

ROBOT = load('astribot_s1')
GOAL = np.array([0.7, 0.2, 0.8])


def follow(start: np.ndarray, seconds: float = 6.0) -> np.ndarray:
    """The way of a hand that moves exactly as wanted, (n, 3)."""
    way = [start]
    for _ in range(round(seconds * RATE)):
        way.append(way[-1] + funnel_velocity(way[-1], GOAL) / RATE)
    return np.array(way)


def test_the_hand_rests_at_the_goal():
    np.testing.assert_allclose(funnel_velocity(GOAL, GOAL), 0.0, atol=1e-9)


@pytest.mark.parametrize('start', [(0.4, 0.2, 0.8), (0.5, -0.3, 1.1), (0.9, 0.5, 0.75), (0.7, 0.2, 1.0)])
def test_the_hand_reaches_the_goal_from_anywhere_within_its_speed(start):
    way = follow(np.array(start))
    assert np.linalg.norm(way[-1] - GOAL) < 0.003
    assert np.linalg.norm(np.diff(way[:, :2], axis=0), axis=1).max() * RATE <= SPEED + 1e-9


def test_the_hand_passes_well_above_what_lies_beside_the_target():
    way = follow(np.array([0.4, -0.3, 0.8]))
    distance = np.linalg.norm(way[:, :2] - GOAL[:2], axis=1)
    beside = (distance > 0.12) & (distance < distance[0] - 0.05)
    assert beside.any()
    assert way[beside, 2].min() > GOAL[2] + 0.6 * CRUISE


@pytest.mark.parametrize('hand', ROBOT.hands)
def test_a_solution_moves_the_hand_as_wanted_and_stays_within_half_the_velocity_limits(hand):
    kinematics = HandKinematics(ROBOT, build_spec(ROBOT).compile(), hand, 1 / RATE)
    kinematics.place(ROBOT.array('home'))
    before, wanted = kinematics.hand, np.array([0.2, 0.05, 0.1])
    velocity = kinematics.solve(wanted, np.array([0.7, 0.0, -0.7]))
    kinematics.place(ROBOT.array('home') + velocity / RATE)
    np.testing.assert_allclose((kinematics.hand - before) * RATE, wanted, atol=0.02)
    assert (np.abs(velocity) <= 0.5 * ROBOT.array('velocity') + 1e-9).all()


def episode(world: World, seed: int) -> np.ndarray:
    """All set-points of the expert's episode, (n, D)."""
    world.reset(seed)
    expert, commands = Expert(world), [world.position()]
    while not expert.done and len(commands) < 9 * RATE:
        commands.append(expert.command(world.position()))
        while world.time_s < (len(commands) - 1) / RATE:
            world.step(commands[-1])
    return np.array(commands)


@pytest.fixture(scope='module')
def world():
    return World(ROBOT, 'touch')


@pytest.mark.parametrize('seed', [3, 7])
def test_the_expert_touches_the_target_and_nothing_else_within_the_limits(world, seed):
    commands = episode(world, seed)
    outcome = world.judge()
    assert outcome.success, outcome
    assert outcome.correct_target
    velocity = np.diff(commands, axis=0) * RATE
    acceleration = np.diff(velocity, axis=0) * RATE
    assert (np.abs(velocity) <= 0.6 * ROBOT.array('velocity')).all()
    assert (np.abs(acceleration) <= 0.9 * ROBOT.array('acceleration')).all()


def test_the_table_arm_has_the_same_expert():
    small = World(load('so101'), 'touch')
    episode(small, 2)
    assert small.judge().success


def test_the_other_hand_stays_clear_of_the_table(world):
    world.reset(24)  # a far target: torso and base lean over the table
    other = next(hand for hand in ROBOT.hands if hand != world.scene.hand)
    episode(world, 24)
    assert world.hand_pose(other)[2, 3] > TABLES[ROBOT.name].height + 0.15


def test_the_same_seed_gives_the_same_motion(world):
    np.testing.assert_array_equal(episode(world, 5), episode(world, 5))
