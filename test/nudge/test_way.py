import numpy as np
import pytest
import small_robot
from small_robot import JOINTS, NOW_NS, OUTPUTS, driven

from vla_async import embodiment
from vla_async.errors import ConfigError
from vla_async.nudge.way import ROWS, Way

ROBOT = embodiment.load('so101')
HOME = ROBOT.array('home')
S = 1_000_000_000


def test_only_the_joint_moves_there_and_back_and_rests_at_both_ends():
    way = Way.of(ROBOT, 'wrist_roll', -0.1, 4.0)
    rows = np.concatenate([way.chunk(ROBOT, HOME, NOW_NS, NOW_NS + k * S, k).positions for k in range(6)])
    offset = rows[:, 4] - HOME[4]
    assert (np.delete(rows, 4, axis=1) == np.delete(HOME, 4)).all()
    assert offset.min() == pytest.approx(-0.1, abs=1e-3)
    assert offset.max() <= 1e-12
    assert offset[0] == 0 and np.abs(offset[-ROWS:]).max() < 1e-12
    position, velocity = way.sample(np.array([0.0, 1 * S, 2 * S, 4 * S, 9 * S]))
    np.testing.assert_allclose(position, [0, -0.05, -0.1, 0, 0], atol=1e-12)
    np.testing.assert_allclose(velocity, [0, -0.05 * np.pi / 2, 0, 0, 0], atol=1e-12)


def test_a_driven_base_is_told_velocities_and_counts_from_nowhere():
    body = {key: value for key, value in OUTPUTS['base'].items() if key != 'gain'} | {'frame': 'body'}
    robot = small_robot.robot(driven(JOINTS), {**OUTPUTS, 'base': body})
    way = Way.of(robot, 'x', 0.05, 4.0)
    rows = way.chunk(robot, np.full(6, 0.5), NOW_NS, NOW_NS + 1 * S, 1).positions
    assert rows[0, 0] == pytest.approx(0.025 * np.pi / 2)  # half the way, times the wave's rate
    assert (rows[:, 1:3] == 0.0).all() and (rows[:, 3:] == 0.5).all()


@pytest.mark.parametrize('joint, by, takes_s, culprit', [
    ('tail', 0.05, 4.0, "unknown joint of so101 'tail'"), ('gripper', 0.5, 4.0, 'at most 0.2'),
    ('gripper', 0.0, 4.0, 'at most'), ('gripper', float('nan'), 4.0, 'at most'),
    ('gripper', 0.1, 0.3, 'gripper takes 0.5 to 60 s'),
    ('gripper', 0.1, -4.0, 'takes'), ('gripper', 0.1, float('nan'), 'takes')])
def test_what_no_first_motion_should_be_is_refused(joint, by, takes_s, culprit):
    with pytest.raises(ConfigError, match=culprit):
        Way.of(ROBOT, joint, by, takes_s)


def test_a_gripper_that_knows_open_and_closed_only_is_refused():
    with pytest.raises(ConfigError, match='gripper is only told open or closed'):
        Way.of(embodiment.load('so101_ros2_control'), 'gripper', 0.1, 4.0)
