"""The MuJoCo model follows the robot file and the xacro, and its servos go where they are told."""
from __future__ import annotations

import dataclasses

import mujoco
import numpy as np
import pytest

from vla_async import embodiment
from vla_async.embodiment import Embodiment
from vla_async.errors import ConfigError
from vla_async.kinematics.robot_model import build_spec, expand, home_position

ROBOTS = ('astribot_s1', 'so101')
URDF_KIND = {'revolute': 'revolute', 'prismatic': 'prismatic', 'gripper': 'revolute'}


@pytest.fixture(params=ROBOTS, scope='module')
def robot(request: pytest.FixtureRequest) -> Embodiment:
    return embodiment.load(request.param)


class Servos:
    """A robot alone, and its joints in the order of the embodiment."""

    def __init__(self, robot: Embodiment) -> None:
        self.model, self.data = home_position(build_spec(robot), robot)
        self.qpos = [self.model.joint(name).qposadr[0] for name in robot.joint_names]

    def hold(self, command: np.ndarray, seconds: float) -> np.ndarray:
        self.data.ctrl[:] = command
        for _ in range(round(seconds / self.model.opt.timestep)):
            mujoco.mj_step(self.model, self.data)
        return self.data.qpos[self.qpos]


def test_urdf_and_robot_file_agree(robot: Embodiment) -> None:
    """Same joints in the same order of the chain, same kinds, limits and speeds."""
    urdf = {joint.getAttribute('name'): joint for joint in expand(robot).getElementsByTagName('joint')}
    driven = [name for name, joint in urdf.items()
              if joint.getAttribute('type') != 'fixed' and not joint.getElementsByTagName('mimic')]
    assert sorted(driven) == sorted(robot.joint_names)
    for joint in robot.joints:
        limit = urdf[joint.name].getElementsByTagName('limit')[0]
        assert urdf[joint.name].getAttribute('type') == URDF_KIND[joint.kind], joint.name
        for key in ('lower', 'upper', 'velocity'):
            assert float(limit.getAttribute(key)) == getattr(joint, key), f'{joint.name} {key}'


def test_each_group_is_in_the_order_of_its_chain(robot: Embodiment) -> None:
    order = [joint.getAttribute('name') for joint in expand(robot).getElementsByTagName('joint')]
    for names in robot.groups.values():
        assert sorted(names, key=order.index) == list(names)


def test_actuators_are_in_the_order_of_the_robot_file(robot: Embodiment) -> None:
    assert tuple(actuator.name for actuator in build_spec(robot).actuators) == robot.joint_names


def test_robot_is_one_tree_of_links(robot: Embodiment) -> None:
    document = expand(robot)
    links = {link.getAttribute('name') for link in document.getElementsByTagName('link')}
    children = [child.getAttribute('link') for child in document.getElementsByTagName('child')]
    parents = {parent.getAttribute('link') for parent in document.getElementsByTagName('parent')}
    assert len(children) == len(set(children)) == len(links) - 1
    assert parents | set(children) == links


def test_astribot_has_25_joints_in_the_order_of_its_sdk() -> None:
    robot = embodiment.load('astribot_s1')
    assert robot.dof == 25
    assert [len(names) for names in robot.groups.values()] == [3, 4, 7, 1, 7, 1, 2]
    assert [name for names in robot.groups.values() for name in names] == list(robot.joint_names)


def test_home_is_held_against_gravity(robot: Embodiment) -> None:
    home = robot.array('home')
    assert np.abs(Servos(robot).hold(home, 2.0) - home).max() < 1e-3


def test_home_is_away_from_the_limits(robot: Embodiment) -> None:
    arms = [joint for joint in robot.joints if joint.kind == 'revolute' and 'torso' not in joint.name]
    for joint in arms:
        assert min(joint.home - joint.lower, joint.upper - joint.home) > 0.15, joint.name


def test_every_joint_goes_where_it_is_told(robot: Embodiment) -> None:
    servos = Servos(robot)
    for i, joint in enumerate(robot.joints):
        command = robot.array('home')
        command[i] += 0.1 if joint.home + 0.1 < joint.upper else -0.1
        reached = servos.hold(command, 0.8)
        assert np.abs(reached - command).max() < 5e-3, joint.name


def test_servos_lag_a_moving_command_by_40_ms(robot: Embodiment) -> None:
    """A joint in steady motion at v trails its command by v * 40 ms."""
    index, speed = robot.dof // 2, 0.5
    servos, command = Servos(robot), robot.array('home')
    for _ in range(150):
        command[index] += speed * servos.model.opt.timestep
        reached = servos.hold(command, servos.model.opt.timestep)
    assert (command - reached)[index] / speed == pytest.approx(0.040, abs=0.015)


def test_wild_commands_do_not_break_the_model(robot: Embodiment) -> None:
    rng, servos = np.random.default_rng(7), Servos(robot)
    for _ in range(30):
        position = servos.hold(rng.uniform(robot.array('lower'), robot.array('upper')), 0.1)
        assert np.isfinite(position).all()
        assert np.abs(servos.data.qvel).max() < 100.0
    assert not servos.data.warning.number.any()


def test_fingers_follow_the_gripper() -> None:
    robot = embodiment.load('astribot_s1')
    servos, command = Servos(robot), robot.array('home')
    command[robot.joint_names.index('left_gripper')] = 1.0
    servos.hold(command, 1.0)
    travel = [servos.data.joint(f'left_finger_{side}').qpos[0] for side in ('inner', 'outer')]
    assert travel == pytest.approx([0.038, 0.038], abs=2e-3)


def test_torso_joints_that_sum_to_zero_keep_the_chest_upright() -> None:
    robot = embodiment.load('astribot_s1')
    servos, command = Servos(robot), robot.array('home')
    high = servos.data.body('chest').xpos[2]
    command[robot.indices(('torso_1', 'torso_2', 'torso_3'))] = 0.8, -1.6, 0.8
    servos.hold(command, 2.0)
    chest = servos.data.body('chest')
    assert chest.xmat.reshape(3, 3)[2, 2] == pytest.approx(1.0, abs=1e-3)
    assert chest.xpos[2] < high - 0.1


def test_a_missing_link_is_named() -> None:
    robot = dataclasses.replace(embodiment.load('so101'), hands={'arm': 'claw'})
    with pytest.raises(ConfigError, match=r"so101\.urdf\.xacro: link 'claw'"):
        build_spec(robot)


def test_a_missing_xacro_is_named() -> None:
    robot = dataclasses.replace(embodiment.load('so101'), urdf='nowhere.urdf.xacro')
    with pytest.raises(ConfigError, match=r'nowhere\.urdf\.xacro does not exist'):
        build_spec(robot)
