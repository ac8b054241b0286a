"""The judge by stamps on set-points made up here: what was asked for, what silence did, and what only came late."""
from dataclasses import replace

import numpy as np
import pytest

from vla_async import embodiment
from vla_async.bench.faults.stamps import SILENT_NS, StampWatch
from vla_async.replay.set_points import SetPoint
from vla_async.sim.limit_watch import LimitWatch
from vla_async.timebase import NS_PER_MS, NS_PER_S

ROBOT = embodiment.load('astribot_s1')
HOME, NAMES = ROBOT.array('home'), ROBOT.joint_names
JOINT = 'left_arm_1'  # 2 rad/s, 8 rad/s^2
TICK_NS = 4 * NS_PER_MS
BEGIN_NS = 1000 * NS_PER_S
AMPLITUDE, FREQUENCY = 0.5, 4.0  # at the limits: 2 rad/s and 8 rad/s^2


def swing(stamp_ns, joint=JOINT, amplitude=AMPLITUDE):
    """A set-point of a cosine; at rest at its begin."""
    index, phase = NAMES.index(joint), FREQUENCY * (stamp_ns - BEGIN_NS) / NS_PER_S
    state = np.zeros((3, ROBOT.dof))
    state[0] = HOME
    state[:, index] += amplitude * np.array([1 - np.cos(phase), FREQUENCY * np.sin(phase),
                                             FREQUENCY ** 2 * np.cos(phase)])
    return SetPoint(stamp_ns, stamp_ns, False, *state)


def rest(stamp_ns, like, late=False):
    """A set-point of a bridge that holds the robot at a position (D,)."""
    return SetPoint(stamp_ns, stamp_ns, late, like, np.zeros(ROBOT.dof), np.zeros(ROBOT.dof))


def stamps(seconds, begin_ns=BEGIN_NS, period_ns=TICK_NS):
    return range(begin_ns, begin_ns + round(seconds * NS_PER_S), period_ns)


def judged(*points, silent_ns=0, reborn_ns=None):
    watch = StampWatch(ROBOT)
    for point in points:
        watch.add(point, reborn=point.stamp_ns == reborn_ns)
    watch.end(silent_ns)
    return watch.report()


def test_a_motion_at_its_limits_is_seen_as_such():
    report = judged(*map(swing, stamps(4.0)))
    assert report.ratios[1:] == pytest.approx((1.0, 1.0), abs=0.02)
    assert (report.stop, report.jump, report.beyond) == (0.0, 0.0, ())
    assert report.heard_s == pytest.approx(4.0, abs=0.005)


def test_uneven_ticks_make_no_difference_as_their_stamps_tell():
    rng = np.random.default_rng(0)
    uneven = [stamp + int(rng.integers(0, 3 * NS_PER_MS)) for stamp in stamps(4.0)]
    assert judged(*map(swing, uneven)).ratios == pytest.approx(judged(*map(swing, stamps(4.0))).ratios, abs=0.01)


def test_ticks_that_are_missing_are_told_and_are_no_fault_of_the_motion():
    report = judged(*(swing(stamp) for k, stamp in enumerate(stamps(2.0)) if not 100 <= k < 115))
    assert report.longest_gap_s == pytest.approx(0.064)
    assert report.ratios[2] == pytest.approx(1.0, abs=0.02)


def test_a_stretch_that_begins_in_motion_shows_nothing_of_its_begin():
    assert judged(*map(swing, stamps(1.0, BEGIN_NS + 400 * NS_PER_MS))).ratios[2] < 1.02


@pytest.mark.parametrize(('angle', 'seen'), [(0.012, False), (0.025, True)])
def test_a_jump_between_two_set_points_is_the_bridges(angle, seen):
    torn = HOME.copy()
    torn[NAMES.index(JOINT)] += angle
    report = judged(*(rest(stamp, HOME) for stamp in stamps(0.2)),
                    *(rest(stamp, torn) for stamp in stamps(0.3, BEGIN_NS + NS_PER_S // 5)))
    assert [words.rsplit(':')[0] for words in report.beyond] == [f'acceleration of {JOINT}'] * seen
    assert not report.broken_off


def test_too_fast_too_far_and_not_finite_are_named():
    report = judged(*(swing(stamp, amplitude=2.0) for stamp in stamps(1.0)), rest(BEGIN_NS + NS_PER_S, np.nan * HOME))
    assert [words.rsplit(':')[0] for words in report.beyond] == [
        '1 set-points are not finite', *(f'{what} of {JOINT}' for what in ('position', 'velocity', 'acceleration'))]


@pytest.mark.parametrize(('joint', 'amplitude', 'ratio'), [
    (JOINT, 0.5, 3.5), (JOINT, 0.1, 0.7), ('base_yaw', 0.09, 3.3)])
def test_who_dies_in_motion_stops_the_robot_dead(joint, amplitude, ratio):
    points = [swing(stamp, joint, amplitude) for stamp in stamps(np.pi / 2 / FREQUENCY)]  # up to its greatest speed
    report = judged(*points, silent_ns=2 * SILENT_NS)
    assert report.stop == pytest.approx(ratio, abs=0.15)
    assert report.broken_off is (ratio > 1.25)
    assert (report.jump, report.beyond) == (0.0, ())
    assert judged(*points, silent_ns=SILENT_NS // 2).stop == 0.0  # whose last word is not out yet


@pytest.mark.parametrize(('apart', 'ratio'), [(0.0, 0.0), (0.01, 0.64), (0.058, 3.7)])
@pytest.mark.parametrize('late', [False, True])
def test_who_begins_again_elsewhere_makes_the_robot_jump(apart, ratio, late):
    elsewhere = HOME.copy()
    elsewhere[NAMES.index(JOINT)] += apart
    again_ns = BEGIN_NS + 2 * NS_PER_S
    report = judged(*(rest(stamp, HOME) for stamp in stamps(0.2)),
                    *(rest(stamp, elsewhere, late) for stamp in stamps(0.5, again_ns)),
                    reborn_ns=None if late else again_ns)
    assert report.jump == pytest.approx(ratio, abs=0.03)
    assert (report.stop, report.beyond) == (pytest.approx(0.0, abs=1e-9), ())
    assert report.broken_off is (ratio > 1.25)


@pytest.mark.parametrize('by_s', [10, -10])
def test_a_clock_that_is_set_in_motion_is_no_silence(by_s):
    later = map(swing, stamps(0.6, BEGIN_NS + 400 * NS_PER_MS))
    moved = [replace(point, stamp_ns=point.stamp_ns + by_s * NS_PER_S) for point in later]
    report = judged(*map(swing, stamps(0.4)), *moved)
    assert (report.stop, report.jump, report.beyond) == (0.0, 0.0, ())


def test_what_the_recorder_missed_is_counted_and_not_judged():
    report = judged(*map(swing, stamps(0.4)), *map(swing, stamps(0.5, BEGIN_NS + NS_PER_S)))
    assert (report.stop, report.jump, report.beyond) == (0.0, 0.0, ())
    assert report.unheard_s == pytest.approx(0.6, abs=0.005)
    assert report.heard_s == pytest.approx(0.9, abs=0.01)


def test_nor_is_a_motion_that_came_to_its_rest_while_the_recorder_was_away():
    report = judged(*map(swing, stamps(0.4)), *(rest(stamp, HOME) for stamp in stamps(0.5, BEGIN_NS + NS_PER_S)))
    assert (report.stop, report.jump, report.beyond) == (0.0, 0.0, ())
    assert report.unheard_s == pytest.approx(0.6, abs=0.005)


def test_unless_the_bridge_is_known_to_have_died_between():
    again_ns = BEGIN_NS + NS_PER_S
    report = judged(*map(swing, (*stamps(0.4), *stamps(0.5, again_ns))), reborn_ns=again_ns)
    assert report.stop > 3.0  # it was at full speed
    assert (report.jump, report.beyond, report.unheard_s) == (0.0, (), 0.0)  # where it began nobody heard


def test_joints_whose_controllers_go_on_by_themselves_do_not_stop_with_the_bridge():
    streamed = embodiment.load('astribot_s1_ros2_control')
    watch = StampWatch(streamed)
    for stamp in stamps(np.pi / 2 / FREQUENCY):
        watch.add(swing(stamp))
    watch.end(NS_PER_S)
    assert watch.report().stop == 0.0


@pytest.mark.parametrize(('clump_s', 'beyond'), [(0.0, False), (0.04, True)])
def test_what_only_comes_late_breaks_limits_in_the_physics_alone(clump_s, beyond):
    """For `clump_s` at full speed nothing is delivered, and then all at once."""
    points = list(map(swing, stamps(1.0)))
    full_ns = BEGIN_NS + round(np.pi / 2 / FREQUENCY * NS_PER_S)
    physics = LimitWatch(ROBOT, 0.002)
    physics.restart(HOME)
    for now_ns in stamps(1.0, period_ns=2 * NS_PER_MS):
        heard_ns = full_ns if full_ns <= now_ns < full_ns + clump_s * NS_PER_S else now_ns
        held = points[(heard_ns - BEGIN_NS) // TICK_NS].position
        physics.add(held, held)
    assert (physics.report().violations > 0) is beyond
    report = judged(*points)
    assert (report.beyond, report.broken_off) == ((), False)
    if not beyond:
        assert report.ratios == pytest.approx(physics.report().ratios[0], abs=0.02)
