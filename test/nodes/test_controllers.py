"""Every kind of controller over DDS, from the bridge's outputs to the simulated robot's joints."""
import time

import numpy as np
import pytest
import yaml
from rclpy.qos import (
    DurabilityPolicy,
    LivelinessPolicy,
    QoSCompatibility,
    QoSProfile,
    ReliabilityPolicy,
    qos_check_compatible,
)

from vla_async import embodiment
from vla_async.errors import DataError
from vla_async.nodes import qos, topics
from vla_async.nodes.controller_conversions import from_controller, to_controller
from vla_async.nodes.conversions import window_message
from vla_async.nodes.hardware_bridge import HardwareBridgeNode
from vla_async.nodes.robot_simulator import RobotSimulator
from vla_async.types import JointWindow

MS = 1_000_000
PARTS = {
    'base': {'kind': 'twist', 'topic': 'base/cmd_vel', 'joints': ['base_x', 'base_y', 'base_yaw'], 'frame': 'world',
             'gain': 2.0, 'linear': 0.5, 'angular': 0.8},
    'torso': {'kind': 'forward_velocity', 'topic': 'torso/commands', 'gain': 2.0,
              'joints': ['torso_1', 'torso_2', 'torso_3', 'torso_4']},
    'left': {'kind': 'joint_trajectory', 'topic': 'left/joint_trajectory', 'latency_s': 0.05,
             'joints': [f'left_arm_{i}' for i in range(1, 8)]},
    'right': {'kind': 'forward_position', 'topic': 'right/commands',
              'joints': ['head_1', 'head_2', *(f'right_arm_{i}' for i in range(1, 8))]},
    'hands': {'kind': 'gripper', 'topic': 'hands/commands', 'joints': ['right_gripper', 'left_gripper'],
              'hysteresis': 0.2, 'hold_s': 0.3},
}
GOAL = {'base_x': 0.10, 'base_y': -0.10, 'base_yaw': 0.2, 'torso_4': 0.2, 'left_arm_1': 0.3, 'right_arm_4': -0.3,
        'head_1': 0.3, 'left_gripper': 1.0}  # from home [rad or m]
TAKES_S = 2.0


@pytest.fixture
def robot_file(tmp_path):
    """The Astribot with a controller of each kind."""
    path = tmp_path / 'parts.yaml'
    path.write_text(yaml.safe_dump({'like': 'astribot_s1', 'outputs': PARTS}))
    return str(path)


@pytest.fixture
def simulator(graph, robot_file):
    return graph.start(RobotSimulator, robot=robot_file)


def way(robot, start):
    """From `start` (D,) to the goal on a quintic, beginning now, then at rest."""
    step_ns, count = 20 * MS, round(TAKES_S * 50) + 25
    left = home_and_goal(robot)[1] - start
    u = np.clip(np.arange(count) * step_ns * 1e-9 / TAKES_S, 0, 1)[:, None]
    position = start + left * u ** 3 * (10 - 15 * u + 6 * u * u)
    velocity = left * 30 * u ** 2 * (1 - u) ** 2 / TAKES_S
    acceleration = left * 60 * u * (1 - u) * (1 - 2 * u) / TAKES_S ** 2
    return JointWindow(time.time_ns(), step_ns, position, velocity, acceleration)


def home_and_goal(robot):
    home, away = robot.array('home'), np.zeros(robot.dof)
    away[robot.indices(tuple(GOAL))] = list(GOAL.values())
    return home, home + away


def test_the_bridge_drives_the_simulated_robot_through_controllers_of_every_kind(graph, simulator, robot_file):
    robot = embodiment.load(robot_file)
    states, sent = graph.hear(topics.JOINT_STATES), graph.hear(topics.JOINT_SET_POINT)
    heard = {output.name: graph.hear(topics.controller(output)) for output in robot.outputs}
    graph.until(lambda: states, 'joint states')
    graph.bring_up(HardwareBridgeNode, robot=robot_file, joint_state_age_s=5.0)  # the machine may be busy
    graph.until(lambda: sent and all(heard[name] for name in heard if name != 'hands'), 'commands to hold')
    say, goal = graph.say(topics.TRAJECTORY), home_and_goal(robot)[1]

    def there():
        if sent[-1].state == 'holding':  # at first, and again should the robot have been too slow for it
            say(window_message(way(robot, np.array(sent[-1].position)), robot.joint_names))
        return np.abs(np.array(states[-1].position) - goal).max() < 0.02
    graph.until(there, 'the goal')
    np.testing.assert_allclose(heard['hands'][-1].data, [0.0, 1.0], atol=1e-6)
    graph.until(lambda: not np.any(from_controller(robot.outputs[0], heard['base'][-1])[0]), 'zeros at rest')


@pytest.mark.parametrize('name', PARTS)
def test_what_an_output_sends_arrives_as_it_was(robot_file, name):
    robot = embodiment.load(robot_file)
    output = next(o for o in robot.outputs if o.name == name)
    now_ns, count = 1_700_000_000_123_456_789, len(output.joints)
    payload = np.linspace(-1, 1, count)
    if output.kind == 'joint_trajectory':
        payload = JointWindow(now_ns, 20 * MS, *(np.random.default_rng(0).normal(size=(3, 4, count))))
    message = to_controller(output, payload, now_ns)
    assert isinstance(message, topics.controller(output).message)
    back, stamp_ns = from_controller(output, message)
    assert stamp_ns == (now_ns if output.kind in ('twist', 'joint_trajectory') else 0)
    if output.kind == 'joint_trajectory':
        np.testing.assert_array_equal(back.position, payload.position)
        assert (back.stamp_ns, back.step_ns) == (payload.stamp_ns, payload.step_ns)
    else:
        np.testing.assert_array_equal(back, payload)


@pytest.mark.parametrize('profile', [qos.COMMANDS, qos.RESERVE_COMMANDS], ids=['bridge', 'reserve'])
@pytest.mark.parametrize('reliability', [ReliabilityPolicy.RELIABLE, ReliabilityPolicy.BEST_EFFORT])
def test_controllers_hear_commands_whether_they_read_reliably_or_not(profile, reliability):
    reader = QoSProfile(depth=1, reliability=reliability, durability=DurabilityPolicy.VOLATILE,
                        liveliness=LivelinessPolicy.AUTOMATIC)
    assert qos_check_compatible(profile, reader)[0] == QoSCompatibility.OK
    assert profile.depth == 1  # an old command is none


def test_a_twist_is_that_of_the_base_in_its_own_frame(robot_file):
    message = to_controller(embodiment.load(robot_file).outputs[0], np.array([0.1, 0.2, 0.3]), 5)
    assert message.header.frame_id == 'base_link'
    assert (message.twist.linear.x, message.twist.linear.y, message.twist.angular.z) == (0.1, 0.2, 0.3)
    assert (message.twist.linear.z, message.twist.angular.x, message.twist.angular.y) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize('name, values, culprit', [
    ('base', [0.1, np.nan, 0.0], 'set-point of base_y is not finite'),
    ('hands', [np.inf, 0.0], 'set-point of right_gripper is not finite'),
    ('torso', [0.0] * 3, '3 set-points for 4 joints')])
def test_what_a_controller_cannot_use_is_named(robot_file, name, values, culprit):
    output = next(o for o in embodiment.load(robot_file).outputs if o.name == name)
    with pytest.raises(DataError, match=culprit):
        from_controller(output, to_controller(output, np.array(values), 5))
