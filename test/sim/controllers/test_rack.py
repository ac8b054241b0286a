"""The simulated robot's controllers: what they make of commands, of silence and of a new episode."""
import math

import numpy as np
import pytest
import small_robot
from small_robot import JOINTS, NOW_NS, OUTPUTS, TICK_NS, driven

from vla_async.sim.controllers import ControllerRack
from vla_async.sim.controllers.rack import ENGAGE_TOLERANCE
from vla_async.types import JointWindow

FORWARD = {**OUTPUTS, 'arm': {'kind': 'forward_position', 'topic': 'arm/commands', 'joints': ['arm_2', 'arm_1']}}
TRAJECTORY = {**OUTPUTS, 'arm': {'kind': 'joint_trajectory', 'topic': 'arm/joint_trajectory',
                                 'joints': ['arm_1', 'arm_2'], 'latency_s': 0.05}}
X, YAW, ARM_1, ARM_2, FINGER = 0, 2, 3, 4, 5


class Rig:
    """Controllers that are asked every 4 ms."""

    def __init__(self, outputs=None, home=None, joints=None):
        self.robot = small_robot.robot(joints, outputs)
        self.now_ns = NOW_NS
        self.rack = ControllerRack(self.robot, np.zeros(6) if home is None else home, TICK_NS)
        self.run(0.1)

    def tell(self, output, *values, stamp_ns=0):
        self.give(output, np.array(values), stamp_ns)

    def give(self, output, payload, stamp_ns=0):
        self.rack.receive(output, payload, stamp_ns, self.now_ns)

    def run(self, seconds):
        """References (N, 6) until then."""
        rows = []
        for _ in range(round(seconds * 1e9 / TICK_NS)):
            self.now_ns += TICK_NS
            rows.append(self.rack.reference(self.now_ns).copy())
        return np.array(rows)


def test_positions_are_held_for_ever_in_the_order_of_the_controller():
    rig = Rig(FORWARD)
    rig.tell('arm', 0.01, 0.02)
    np.testing.assert_array_equal(rig.run(100.0)[-1], [0, 0, 0, 0.02, 0.01, 0])


def test_velocities_are_integrated_until_told_otherwise_and_end_at_the_limit():
    rig = Rig()
    rig.tell('arm', 0.0, 0.0)
    rig.tell('arm', 0.5, 0.0)
    assert rig.run(1.0)[-1, ARM_1] == pytest.approx(0.5, abs=0.5 * 4e-3)
    assert rig.run(100.0)[-1, ARM_1] == 1.0  # no timeout, as with the real one
    rig.tell('arm', -0.5, 0.0)
    assert rig.run(1.0)[-1, ARM_1] == pytest.approx(0.5, abs=0.5 * 4e-3)  # it has not wound up meanwhile


def test_time_in_which_nobody_looked_is_not_made_up_for():
    rig = Rig()
    rig.tell('arm', 0.0, 0.0)
    rig.run(0.1)
    rig.tell('arm', 0.5, 0.0)
    rig.now_ns += 10 * 10**9
    assert rig.run(0.004)[-1, ARM_1] < 0.03
    rig.now_ns -= 20 * 10**9  # a clock that was set back
    assert 0 < rig.run(0.004)[-1, ARM_1] < 0.03


@pytest.mark.parametrize('yaw', [0.0, math.pi / 2])
def test_a_twist_moves_the_base_along_its_own_axes(yaw):
    home = np.array([0, 0, yaw, 0, 0, 0])
    rig = Rig(home=home)
    rig.tell('base', 0.0, 0.0, 0.0)
    rig.tell('base', 0.3, 0.0, 0.0, stamp_ns=rig.now_ns)
    moved = rig.run(0.5)[-1, :3] - home[:3]
    along = small_robot.turned(-yaw, moved[:2])
    assert 0.09 < along[0] < 0.15 and abs(along[1]) < 1e-12
    assert moved[2] == 0.0


def test_a_twist_is_worth_nothing_after_half_a_second_and_the_base_then_brakes_within_its_limit():
    rig = Rig()
    rig.tell('base', 0.0, 0.0, 0.0)
    rig.tell('base', 0.3, 0.0, 0.0, stamp_ns=rig.now_ns)
    position = rig.run(2.0)[:, X]
    speed = np.diff(position, prepend=0.0) / (TICK_NS * 1e-9)
    assert speed[round(0.49e9 / TICK_NS)] == pytest.approx(0.3)
    assert speed[-1] == 0.0
    assert np.abs(np.diff(speed)).max() <= 1.0 * TICK_NS * 1e-9 + 1e-9


def test_a_twist_that_is_old_when_it_arrives_is_ignored_and_one_without_a_stamp_counts_as_fresh():
    rig = Rig()
    rig.tell('base', 0.0, 0.0, 0.0)
    rig.tell('base', 0.3, 0.0, 0.0, stamp_ns=rig.now_ns - 600_000_000)
    assert rig.run(0.2)[-1, X] == 0.0
    rig.tell('base', 0.3, 0.0, 0.0)
    assert rig.run(0.2)[-1, X] > 0.0


def test_in_the_frame_of_the_body_a_turned_base_counts_what_it_drove_ahead():
    body = {key: value for key, value in OUTPUTS['base'].items() if key != 'gain'} | {'frame': 'body'}
    rig = Rig({**OUTPUTS, 'base': body}, np.array([0, 0, 1.5, 0, 0, 0]), driven(JOINTS))
    rig.tell('base', 0.0, 0.0, 0.0)
    rig.tell('base', 0.3, 0.0, 0.0)
    last = rig.run(0.4)[-1]
    assert last[X] > 0.05 and last[1] == 0.0


def test_a_gripper_goes_to_its_target_by_itself_within_its_limits_and_stays():
    rig = Rig()
    rig.tell('hand', 0.8)
    finger = rig.run(2.0)[:, FINGER]
    speed = np.diff(finger, prepend=0.0) / (TICK_NS * 1e-9)
    assert finger[-1] == pytest.approx(0.8, abs=1e-6)
    assert finger.max() <= 0.8
    assert speed.max() <= 2.0 + 1e-9
    assert np.abs(np.diff(speed)).max() <= 8.0 * 1.15 * TICK_NS * 1e-9  # the last step ends between two ticks


def still(rig, outputs, position):
    """A command for the arm to be at `position` [rad], or to move at `position` [rad/s], with its stamp."""
    rows = np.full((5, 2), position)
    if outputs is not TRAJECTORY:
        return rows[0], 0
    stamp_ns = rig.now_ns - TICK_NS
    return JointWindow(stamp_ns, 20_000_000, rows, np.zeros_like(rows), np.zeros_like(rows)), stamp_ns


@pytest.mark.parametrize('outputs', [FORWARD, OUTPUTS, TRAJECTORY])
def test_after_homing_only_a_command_that_leaves_the_robot_there_is_heeded(outputs):
    rig, wild = Rig(outputs), 2 * ENGAGE_TOLERANCE
    rig.give('arm', *still(rig, outputs, wild))
    assert rig.rack.ignored == 1
    assert not rig.run(0.5).any()
    rig.give('arm', *still(rig, outputs, 0.0))
    rig.run(0.1)
    rig.give('arm', *still(rig, outputs, wild))  # engaged: now the commander is trusted
    assert rig.rack.ignored == 1
    assert rig.run(1.0)[-1, [ARM_1, ARM_2]].min() > ENGAGE_TOLERANCE
    rig.rack.home(np.full(6, 0.3))
    rig.give('arm', *still(rig, outputs, wild))
    np.testing.assert_array_equal(rig.run(0.5)[-1], np.full(6, 0.3))


def test_a_new_episode_ends_every_motion():
    rig = Rig()
    for output, calm, moving in (('base', np.zeros(3), np.full(3, 0.3)), ('arm', np.zeros(2), np.ones(2))):
        rig.tell(output, *calm)
        rig.tell(output, *moving)
    rig.tell('hand', 0.8)
    assert rig.run(0.1).any(axis=0).all()
    home = np.full(6, 0.2)
    rig.rack.home(home)
    np.testing.assert_array_equal(rig.run(0.5), np.tile(home, (125, 1)))
