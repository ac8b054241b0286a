"""A world follows from its seed, obeys finite commands only, and knows distances and contacts."""
from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from vla_async import embodiment
from vla_async.errors import ConfigError, DataError
from vla_async.sim.scene import TABLES
from vla_async.sim.tasks.touch import REACH
from vla_async.sim.world import World
from vla_async.urdf import effort_limits


@pytest.fixture(params=['astribot_s1', 'so101'])
def world(request: pytest.FixtureRequest) -> World:
    return World(embodiment.load(request.param), 'touch')


def wave(world: World, steps: int) -> list[np.ndarray]:
    """Positions while the joints follow slow sines around home."""
    home, positions = world.robot.array('home'), []
    for i in range(steps):
        world.step(home + 0.2 * np.sin(0.01 * i))
        positions.append(np.concatenate((world.position(), world.velocity())))
    return positions


def test_same_seed_same_scene_and_same_motion(world: World) -> None:
    first, second = (world.reset(5), wave(world, 150)), (world.reset(5), wave(world, 150))
    assert first[0] == second[0]
    assert np.array_equal(first[1], second[1])


def test_other_seed_other_scene(world: World) -> None:
    assert world.reset(1).objects != world.reset(2).objects


def test_another_instruction_in_the_same_episode_changes_what_is_judged_and_nothing_else(world: World) -> None:
    scene = world.reset(5)
    other = world.otherwise(np.random.default_rng(0))
    moved = wave(world, 50)[-1][:world.robot.dof]
    world.ask(other)
    assert (world.scene.instruction, world.scene.objects) == (other, scene.objects)
    assert world.judge().target == world.scene.target != scene.target
    assert np.array_equal(world.position(), moved)
    with pytest.raises(ConfigError, match='on the table'):
        world.ask('touch the sky')


def test_robot_starts_at_home_and_stays(world: World) -> None:
    home = world.robot.array('home')
    assert np.array_equal(world.position(), home)
    for _ in range(250):
        world.step(home)
    assert np.abs(world.position() - home).max() < 1e-3
    assert world.time_s == pytest.approx(0.5)


def test_objects_rest_on_the_table(world: World) -> None:
    scene = world.reset(3)
    for _ in range(250):
        world.step(world.robot.array('home'))
    for thing in scene.objects:
        assert np.abs(world.object_position(thing.name) - thing.position).max() < 2e-3, thing.name


def test_commands_beyond_the_limits_are_clipped(world: World) -> None:
    command = world.robot.array('home')
    command[-1] = world.robot.joints[-1].upper + 5.0
    for _ in range(1000):
        world.step(command)
    assert world.position()[-1] == pytest.approx(world.robot.joints[-1].upper, abs=5e-3)


@pytest.mark.parametrize('bad', [np.nan, np.inf])
def test_commands_that_are_not_finite_move_nothing(world: World, bad: float) -> None:
    command = world.robot.array('home')
    command[1] = bad
    with pytest.raises(DataError, match='finite'):
        world.step(command)
    assert world.time_s == 0.0


def test_commands_of_another_length_are_refused(world: World) -> None:
    with pytest.raises(DataError, match=f'{world.robot.dof} finite positions'):
        world.step(np.zeros(world.robot.dof + 1))


def test_unknown_task_is_named() -> None:
    with pytest.raises(ConfigError, match="'juggle'"):
        World(embodiment.load('so101'), 'juggle')


def test_hand_distance_is_that_between_surfaces() -> None:
    world = World(embodiment.load('astribot_s1'), 'touch')
    thing = world.scene.objects[0]
    between_centres = np.linalg.norm(world.hand_pose('left')[:3, 3] - world.object_position(thing.name))
    assert between_centres - 0.12 < world.hand_distance('left', thing.name) < between_centres


def test_hands_are_before_the_chest_and_above_the_table() -> None:
    world = World(embodiment.load('astribot_s1'), 'touch')
    for hand, side in (('left', 1), ('right', -1)):
        x, y, z = world.hand_pose(hand)[:3, 3]
        assert 0.2 < x < 0.45
        assert 0.15 < side * y < 0.35
        assert 0.15 < z - TABLES['astribot_s1'].height < 0.3


def test_pressing_the_hand_on_the_table_touches_what_lies_there() -> None:
    """Lay the arm of the small robot down in front of it, where an object lies; nothing was touched before."""
    world = World(embodiment.load('so101'), 'touch')
    scene = world.reset(1)
    thing = min(scene.objects, key=lambda o: np.hypot(*o.position[:2]))
    command = world.robot.array('home')
    command[0] = np.arctan2(thing.position[1], thing.position[0])
    command[1:4] = 1.2, 0.9, 0.6
    assert world.touched() == set()
    assert not world.touching
    seen: set[str] = set()
    for _ in range(1000):
        world.step(command)
        seen |= world.touched()
        assert world.touching or not world.touched()
    assert thing.name in seen


def test_servos_give_what_holds_the_robot_and_never_more_than_the_urdf_allows() -> None:
    robot = embodiment.load('astribot_s1')
    world, limits = World(robot, 'touch'), effort_limits(robot)
    for _ in range(500):
        world.step(robot.array('home'))
    held = np.abs(world.effort())
    assert held[robot.joint_names.index('torso_1')] > 1.0  # gravity
    assert (held < limits).all()
    for _ in range(100):
        world.step(robot.array('upper').clip(max=3.0))
        assert (np.abs(world.effort()) <= limits * (1 + 1e-9)).all()


ARM = ('shoulder', 'shoulder_roll', 'upper_arm', 'elbow', 'forearm', 'wrist', 'palm', 'hand')


def test_some_targets_are_beyond_the_arm_unless_torso_or_base_move() -> None:
    """No pose of the arm alone brings the hand further from the shoulder than its links are long, end to end."""
    world, beyond = World(embodiment.load('astribot_s1'), 'touch'), []
    for seed in range(20):
        scene = world.reset(seed)
        joints = [world.link_pose(f'{scene.hand}_{link}')[:3, 3] for link in ARM]
        length = sum(float(np.linalg.norm(after - before)) for before, after in pairwise(joints))
        target = next(thing for thing in scene.objects if thing.name == scene.target)
        to_surface = np.linalg.norm(np.subtract(target.position, joints[0])) - np.sqrt(3.0) * target.size
        beyond.append(to_surface > length + REACH)
    assert 0 < sum(beyond) < len(beyond)
