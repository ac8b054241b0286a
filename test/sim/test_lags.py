"""Which physics steps say nothing of who commands the robot, as the simulation ran late: in virtual time.

The bridge commands a joint every 4 ms, always in time. Physics takes the newest command with every slice.
"""
import numpy as np
import pytest

from vla_async import embodiment
from vla_async.sim.limit_watch import LimitWatch
from vla_async.sim.realtime import TOLERATED_LAG_NS, unjudged_steps
from vla_async.sim.world import World
from vla_async.timebase import NS_PER_MS

ROBOT = embodiment.load('astribot_s1')
HOME = ROBOT.array('home')
TICK_NS, STEPS = 4 * NS_PER_MS, 2
CRUISE_NS, FAR_NS = 1300 * NS_PER_MS, 4000 * NS_PER_MS  # by then a joint is at its full speed


@pytest.fixture(scope='module')
def world():
    return World(ROBOT, 'touch')


class Motion:
    """A joint that reaches its full speed with `share` of its acceleration limit, and keeps it."""

    def __init__(self, name, share=0.9, way=1.0):
        self._index = ROBOT.joint_names.index(name)
        joint = ROBOT.joints[self._index]
        self._speed, self._acceleration = joint.velocity, joint.acceleration * share
        self._way = way
        self.full_ns = round(self._speed / self._acceleration * 1e9) // TICK_NS * TICK_NS

    def __call__(self, t_ns):
        t, ramp = t_ns / 1e9, self._speed / self._acceleration
        position = HOME.copy()
        far = self._acceleration * min(t, ramp) ** 2 / 2 + self._speed * max(t - ramp, 0.0)
        position[self._index] += self._way * far
        return position


def watched(motion, *lags, excused=True, until_ns=CRUISE_NS + 1400 * NS_PER_MS, world=None):
    """What the watch reports of a motion while the simulation stands still, for each lag from an instant on [ns].

    Without a world the joints are where they shall be. Positions have no limits here: full speed would soon reach them.
    """
    watch = LimitWatch(ROBOT, 0.002)
    watch._allowed[0] = np.inf
    watch.restart(HOME)
    due_ns = shift_ns = 0
    while due_ns + shift_ns < until_ns:
        begin_ns = max([due_ns + shift_ns, *(t + lag for t, lag in lags if t <= due_ns + shift_ns < t + lag)])
        late_ns = begin_ns - due_ns - shift_ns
        if excused:
            watch.excuse(unjudged_steps(late_ns))
        shift_ns += late_ns if late_ns > TOLERATED_LAG_NS else 0
        held = motion(max(begin_ns - NS_PER_MS, 0) // TICK_NS * TICK_NS)  # a millisecond on its way
        for _ in range(STEPS):
            if world is not None:
                world.step(held)
            watch.add(held, held if world is None else world.position())
        due_ns += STEPS * 2 * NS_PER_MS
    return watch.report()


def lag(ms, at_ns=CRUISE_NS):
    return at_ns, round(ms * NS_PER_MS)


@pytest.mark.parametrize('joint', ['base_x', 'base_yaw', 'left_arm_1'])
@pytest.mark.parametrize('ms', [4, 5, 8, 12, 50, 100, 101, 500])
def test_no_lag_is_taken_for_a_fault_of_a_robot_at_full_speed(joint, ms):
    motion = Motion(joint)
    for at_ns in (CRUISE_NS, motion.full_ns):  # also where it still accelerates as it may
        report = watched(motion, lag(ms, at_ns))
        assert report.violations == 0, report.violated
        assert (report.unjudged > 0) is (ms > 4)


@pytest.mark.parametrize(('joint', 'way'), [('base_x', -1.0), ('left_arm_1', 1.0)])
@pytest.mark.parametrize('ms', [8, 50, 100, 600])
def test_the_joints_have_caught_up_when_they_are_judged_again(world, joint, way, ms):
    world.reset(0)
    motion = Motion(joint, way=way)
    begin_ns = motion.full_ns + 52 * NS_PER_MS
    report = watched(motion, lag(ms, begin_ns), until_ns=begin_ns + 800 * NS_PER_MS, world=world)
    assert report.violations == 0, report.violated
    assert report.ratios[1, 2] < 1.0  # what was not judged is left out


@pytest.mark.parametrize(('ms', 'yaw', 'arm'), [(4, 0.34, 0.16), (8, 1.00, 0.47), (12, 1.80, 0.84), (50, 11.95, 5.6)])
def test_a_lag_that_was_judged_would_show_in_the_acceleration(ms, yaw, arm):
    for joint, ratio in (('base_yaw', yaw), ('left_arm_1', arm)):
        report = watched(Motion(joint, share=0.15), lag(ms, FAR_NS), excused=False, until_ns=FAR_NS + CRUISE_NS)
        assert report.ratios[0, 2] == pytest.approx(ratio, abs=0.02)


def test_one_of_two_slices_breaks_the_slack_of_a_robot_that_accelerates_and_so_is_not_judged():
    motion = Motion('base_yaw')
    assert watched(motion, lag(8, motion.full_ns), excused=False).violations > 0
    assert watched(motion, lag(8, motion.full_ns)).violations == 0


def test_those_of_one_slice_do_not_however_many_they_are():
    report = watched(Motion('base_yaw'), *(lag(4, CRUISE_NS + k * 20 * NS_PER_MS) for k in range(20)))
    assert (report.violations, report.unjudged) == (0, 0)


@pytest.mark.parametrize('ms', [4, 8, 100, 500])
def test_a_jump_of_the_set_points_is_found_soon_after_a_lag(ms):
    jump_ns = CRUISE_NS + (ms + unjudged_steps(ms * NS_PER_MS) * 2 + 10) * NS_PER_MS
    motion, index = Motion('left_arm_1'), ROBOT.joint_names.index('left_arm_4')

    def torn(t_ns):
        return motion(t_ns) + np.where((np.arange(ROBOT.dof) == index) & (t_ns >= jump_ns), 0.025, 0.0)
    report = watched(torn, lag(ms))
    assert [v.rsplit(':')[0] for v in report.violated if 'set-point' in v] == ['acceleration of set-point left_arm_4']


def test_the_longer_a_lag_the_more_is_not_judged():
    assert [unjudged_steps(ms * NS_PER_MS) for ms in (-3, 0, 4, 5, 8, 9, 100, 101)] == [0, 0, 0, 40, 40, 100, 100, 300]


@pytest.mark.parametrize(('speed', 'ratio'), [(1.0, 3.5), (0.3, 1.05)])
def test_a_commander_that_falls_silent_in_motion_stops_the_set_points_dead_and_that_is_seen(speed, ratio):
    """A forward controller holds what it was told last."""
    motion = Motion('left_arm_1', share=0.9 * speed)
    report = watched(lambda t_ns: HOME + speed * (motion(min(t_ns, CRUISE_NS)) - HOME))
    assert report.ratios[0, 2] == pytest.approx(ratio, abs=0.05)
