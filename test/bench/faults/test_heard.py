"""Set-points are found in the bag that is being recorded, without those that a fault made."""
from pathlib import Path

import numpy as np
import pytest
from rclpy.serialization import deserialize_message, serialize_message
from vla_async_msgs.msg import JointSetPoint

from vla_async import embodiment
from vla_async.bench.faults.heard import judged_by_stamps
from vla_async.bench.faults.spoil import kinds, spoilt
from vla_async.nodes.conversions import SetPointMessage
from vla_async.replay.bag_writer import BagWriter, Channel
from vla_async.timebase import NS_PER_MS, NS_PER_S
from vla_async.types import JointCommand

ROBOT = embodiment.load('so101')
HOME, SPEED = ROBOT.array('home'), 0.5  # [rad/s]
BEGIN_NS, TICK_NS = 1000 * NS_PER_S, 4 * NS_PER_MS
SET_POINTS, OTHERS = Channel('/joint_set_point', 'vla_async_msgs/msg/JointSetPoint', 'a', '[]\n'), Channel(
    '/diagnostics', 'diagnostic_msgs/msg/DiagnosticArray', 'b', '[]\n')
RESERVE = Channel('/reserve_set_point', SET_POINTS.type, 'a', '[]\n')


@pytest.fixture
def bag(tmp_path):
    return Bag(tmp_path / 'bag')


class Bag:
    """What a recorder hears; each message once it was sent."""

    def __init__(self, folder: Path) -> None:
        self.folder, self._writer = folder, BagWriter(folder, {}, compress=True)
        self._topics = [self._writer.channel(channel) for channel in (SET_POINTS, OTHERS, RESERVE)]

    def hear(self, received_ns, message, topic=0):
        self._writer.write(self._topics[topic], received_ns, received_ns, serialize_message(message))

    def hear_others(self, received_ns):
        self._writer.write(self._topics[1], received_ns, received_ns, bytes(8))

    def judged(self, since_ns=BEGIN_NS, robot=ROBOT, **options):
        self._writer.flush()
        return judged_by_stamps([self.folder], robot, since_ns, **options)


def moving(stamp_ns):
    """All joints at an even speed."""
    rate = np.full(ROBOT.dof, SPEED)
    position = HOME + rate * (stamp_ns - BEGIN_NS) / NS_PER_S
    command = JointCommand(stamp_ns, position, rate, 0 * rate)
    return SetPointMessage(ROBOT.dof).of(command, stamp_ns + 50_000, 0, 'following', '')


def stamps(seconds, begin_ms=0):
    begin_ns = BEGIN_NS + begin_ms * NS_PER_MS
    return range(begin_ns, begin_ns + round(seconds * NS_PER_S), TICK_NS)


def test_only_what_came_since_the_run_began_is_judged(bag):
    for stamp in stamps(0.5):
        bag.hear(stamp + NS_PER_MS, moving(stamp))
    assert bag.judged().heard_s == pytest.approx(0.5, abs=0.005)
    assert bag.judged(BEGIN_NS + NS_PER_S // 4).heard_s == pytest.approx(0.25, abs=0.01)
    assert bag.judged().ratios[1] == pytest.approx(SPEED / 2.5, abs=1e-3)


@pytest.mark.parametrize('kind', kinds(JointSetPoint))
def test_what_a_fault_says_in_the_bridges_name_is_no_set_point_of_the_bridge(bag, kind):
    rng, good = np.random.default_rng(0), []
    for k, stamp in enumerate(stamps(0.6)):
        bag.hear(stamp + NS_PER_MS, moving(stamp))
        good = [*good[-4:], moving(stamp)] if k < 20 else good
        if k >= 20 and k % 8 == 0:
            for message in spoilt(kind, good, [stamp - BEGIN_NS] * len(good), rng):
                bag.hear(stamp + 2 * NS_PER_MS, deserialize_message(serialize_message(message), JointSetPoint))
    report = bag.judged()
    assert report.beyond == ()
    assert (report.stop, report.jump) == (0.0, 0.0)
    assert report.heard_s == pytest.approx(0.6, abs=0.005)


def test_nor_is_a_copy_whose_original_the_recorder_missed(bag):
    for stamp in stamps(0.3):
        bag.hear(stamp, moving(stamp))
    (message,) = spoilt('NaN', [moving(BEGIN_NS + 150 * NS_PER_MS + 1)], [NS_PER_S], np.random.default_rng(0))
    bag.hear(stamp + 1, message)
    assert bag.judged().beyond == ()


def test_a_clock_that_is_set_back_makes_no_copies(bag):
    for stamp in (*stamps(0.3), *stamps(0.3, -10_000)):
        bag.hear(stamp, moving(stamp))
    assert bag.judged().heard_s == pytest.approx(0.6, abs=0.01)


@pytest.mark.parametrize(('later_ms', 'stopped'), [(200, False), (600, True)])
def test_a_bridge_that_others_outlive_has_fallen_silent(bag, later_ms, stopped):
    for stamp in stamps(0.3):
        bag.hear(stamp, moving(stamp))
    bag.hear_others(stamp + later_ms * NS_PER_MS)
    assert (bag.judged().stop > 0.5) is stopped


@pytest.mark.parametrize('died', [False, True])
def test_a_bridge_that_died_was_silent_for_the_longest_time_in_which_nothing_came(bag, died):
    for stamp in (*stamps(0.2), *stamps(0.2, 500), *stamps(0.2, 3000)):  # the recorder missed some, too
        bag.hear(stamp, moving(stamp))
    report = bag.judged(died=died)
    assert (report.stop > 0.5) is died
    assert report.unheard_s == pytest.approx(0.3 if died else 2.6, abs=0.01)


@pytest.mark.parametrize(('robot', 'heard_s'), [('so101', 0.6), ('so101_ros2_control', 0.3)])
def test_a_reserve_speaks_for_the_bridge_unless_joints_go_on_along_trajectories(bag, robot, heard_s):
    for stamp in stamps(0.3):
        bag.hear(stamp, moving(stamp))
    for stamp in stamps(0.3, 300):
        bag.hear(stamp, moving(stamp), topic=2)
    assert bag.judged(robot=embodiment.load(robot)).heard_s == pytest.approx(heard_s, abs=0.01)


def test_of_nothing_nothing_is_known(bag):
    assert bag.judged().heard_s == 0.0
    assert judged_by_stamps([], ROBOT, 0, died=True).heard_s == 0.0
