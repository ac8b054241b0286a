"""All outputs of one robot share one time: what each says of an instant is the same motion's state at that instant."""
import numpy as np
import pytest
import small_robot
from small_robot import JOINTS, NOW_NS, OUTPUTS, TICK_NS, turned

from vla_async.bridge.outputs import OutputSettings, Tick, make_output
from vla_async.joint_order import JointReading
from vla_async.timebase import NS_PER_S
from vla_async.types import JointCommand

PARTS = {**OUTPUTS, 'arm': {**OUTPUTS['arm'], 'joints': ['arm_1']},
         'wrist': {'kind': 'joint_trajectory', 'topic': 'wrist/joint_trajectory', 'joints': ['arm_2'],
                   'latency_s': 0.05},
         'finger': {'kind': 'forward_position', 'topic': 'finger/commands', 'joints': ['finger']}}
del PARTS['hand']
ROBOT = small_robot.robot(JOINTS, PARTS)
END_NS = NOW_NS + 2 * NS_PER_S
SWING = 0.02  # [rad or m], with which no output is at a limit of its own


class Sine:
    """Swings all joints, each with a phase of its own."""

    end_ns = END_NS

    def sample(self, now_ns):
        t, w = (now_ns - NOW_NS) / NS_PER_S + 0.1 * np.arange(ROBOT.dof), 2 * np.pi
        return np.stack([0.5 + SWING * np.sin(w * t), SWING * w * np.cos(w * t), -SWING * w * w * np.sin(w * t)])


@pytest.fixture(scope='module')
def sent():
    """What each output sent, by its name, with the instant; the robot is where it is told to be."""
    motion, outputs = Sine(), {output.name: make_output(output, ROBOT, OutputSettings()) for output in ROBOT.outputs}
    everything = {name: [] for name in outputs}
    for now_ns in range(NOW_NS, NOW_NS + NS_PER_S, TICK_NS):
        states = motion.sample(now_ns)
        tick = Tick(now_ns, now_ns, JointCommand(now_ns, *states), motion, JointReading(now_ns, *states[:2]))
        for name, output in outputs.items():
            if (payload := output.take(tick)) is not None:
                everything[name].append((now_ns, payload))
    return {name: payloads[len(payloads) // 2:] for name, payloads in everything.items()}  # from rest to speed at first


def states(now_ns, *joints):
    return Sine().sample(now_ns)[:, ROBOT.indices(joints)]


def test_positions_are_those_of_the_instant(sent):
    for now_ns, position in sent['finger']:
        np.testing.assert_allclose(position, states(now_ns, 'finger')[0])


def test_velocities_are_those_of_the_instant(sent):
    for now_ns, velocity in sent['arm']:
        np.testing.assert_allclose(velocity, states(now_ns, 'arm_1')[1], atol=1e-9)


def test_a_twist_is_that_of_the_instant(sent):
    for now_ns, twist in sent['base']:
        position, velocity, _ = states(now_ns, 'x', 'y', 'yaw')
        np.testing.assert_allclose([*turned(position[2], twist[:2]), twist[2]], velocity, atol=1e-9)


def test_each_point_of_a_window_is_that_of_its_own_instant(sent):
    assert len(sent['wrist']) > 10
    for now_ns, window in sent['wrist']:
        assert window.stamp_ns <= now_ns < window.stamp_ns + 2 * window.step_ns
        for k in range(len(window.position) - 3):  # the last ones are at rest
            expected = states(window.stamp_ns + k * window.step_ns, 'arm_2')
            np.testing.assert_allclose([window.position[k], window.velocity[k], window.acceleration[k]], expected)
