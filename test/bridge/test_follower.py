"""The follower's set-points are continuous and inside the limits whatever comes, and rest when nothing comes."""
import re
from dataclasses import replace

import numpy as np
import pytest

from vla_async import embodiment
from vla_async.bridge import FollowerConfig, MotionFollower
from vla_async.bridge.handover import LastWord
from vla_async.bridge.motion import Spline
from vla_async.bridge.reserve_brake import ReserveBrake
from vla_async.bridge.stop_signal import StopSignal
from vla_async.errors import DataError
from vla_async.types import JointWindow

S = 1_000_000_000
MS = 1_000_000
T0 = 10**18
TICK = 8 * MS
STEP = 20 * MS
ROBOT = embodiment.load('astribot_s1')
CONFIG = FollowerConfig.from_embodiment(ROBOT)
HOME = ROBOT.array('home')
ZERO = np.zeros(ROBOT.dof)
ARM = ROBOT.joint_names.index('left_arm_1')
GRIPPER = ROBOT.joint_names.index('left_gripper')


def window(stamp_ns, offset=0.0, amplitude=0.3, joint=ARM, count=40):
    """A stretch of a slow sine that began at T0, damped to rest at the end of the window."""
    t = (stamp_ns - T0) / S + STEP / S * np.arange(count)
    w = 2.0
    rows = np.zeros((3, count, ROBOT.dof))
    rows[0] = HOME
    rows[0, :, joint] += offset + amplitude * (1 - np.cos(w * t))
    rows[1, :, joint] = amplitude * w * np.sin(w * t)
    rows[2, :, joint] = amplitude * w * w * np.cos(w * t)
    return rest_at_end(stamp_ns, rows)


def rest_at_end(stamp_ns, rows, last=15):
    """Fade the velocity out over the last steps by scaling time: position(s(t)) with s' going from 1 to 0."""
    count = rows.shape[1]
    u = np.clip((np.arange(count) - (count - 1 - last)) / last, 0, 1)
    rate = 1 - (10 * u**3 - 15 * u**4 + 6 * u**5)
    velocity = rows[1] * rate[:, None]
    position = rows[0, :1] + np.concatenate([np.zeros((1, ROBOT.dof)), np.cumsum(
        (velocity[1:] + velocity[:-1]) / 2 * STEP / S, axis=0)])
    return JointWindow(stamp_ns, STEP, position, velocity, np.gradient(velocity, STEP / S, axis=0))


def still(stamp_ns, position=HOME, count=40):
    rows = np.tile(position, (count, 1))
    return JointWindow(stamp_ns, STEP, rows, np.zeros_like(rows), np.zeros_like(rows))


def quintic(stamp_ns, distance, begin_ns=T0, duration_s=1.0, joint=ARM, count=140):
    """A window of the motion that takes one joint `distance` away within `duration_s` and rests there."""
    u = np.clip(((stamp_ns - begin_ns) / S + STEP / S * np.arange(count)) / duration_s, 0, 1)
    rows = np.zeros((3, count, ROBOT.dof))
    rows[0] = HOME
    rows[0, :, joint] += distance * (10 * u**3 - 15 * u**4 + 6 * u**5)
    rows[1, :, joint] = distance * (30 * u**2 - 60 * u**3 + 30 * u**4) / duration_s
    rows[2, :, joint] = distance * (60 * u - 180 * u**2 + 120 * u**3) / duration_s**2
    return JointWindow(stamp_ns, STEP, *rows)


class Robot:
    """Follows its set-points at once; `run` ticks the follower and records what it sent."""

    def __init__(self, config=CONFIG, **watching):
        self.follower = MotionFollower(config, **watching)
        self.jump_ns = 0  # by which the robot's clock was set
        self.now_ns, self.position, self.sent = T0, HOME.copy(), []
        self.measured = True
        self.follower.observe(T0, HOME, ZERO)
        self.follower.hear(T0, False, '')
        self.follower.activate(T0, T0)

    @property
    def ros_ns(self):
        return self.now_ns + self.jump_ns

    def tick(self, now_ns):
        return self.follower.tick(now_ns + self.jump_ns, now_ns).command

    def run(self, seconds, each=None):
        for _ in range(round(seconds * S / TICK)):
            self.now_ns += TICK
            if each is not None:
                each(self)
            command = self.tick(self.now_ns)
            self.sent.append(replace(command, stamp_ns=self.now_ns))
            if self.measured:
                self.position = command.position
                self.follower.observe(self.ros_ns, self.position, command.velocity)
        return self

    def assert_safe(self, config=CONFIG):
        q = np.array([c.position for c in self.sent])
        dt = np.diff([c.stamp_ns for c in self.sent])[:, None] / S
        v = np.diff(q, axis=0) / dt
        a = np.diff(v, axis=0) / ((dt[1:] + dt[:-1]) / 2)
        assert np.isfinite(q).all()
        assert (q >= config.lower - 1e-5).all()
        assert (q <= config.upper + 1e-5).all()
        assert (np.abs(v) <= config.velocity * 1.1 + 1e-9).all()
        assert (np.abs(a) <= config.acceleration * 1.25 + 1e-6).all()

    @property
    def at_rest(self):
        return not np.abs(self.sent[-1].velocity).any()


def begin(robot, distance=0.5, duration_s=1.0):
    """Let the robot follow a quintic by windows every 20 ms."""
    start_ns = robot.now_ns

    def feed(r):
        stamp_ns = r.now_ns // STEP * STEP - STEP
        r.follower.accept(quintic(stamp_ns, distance, start_ns, duration_s), r.now_ns)
    return feed


def test_what_the_controllers_hold_already_is_held_where_the_robot_is_near_it():
    held = HOME + 0.06  # something hinders the joints
    held[1], held[2] = np.nan, HOME[2] + 1.0
    follower = MotionFollower(CONFIG)
    follower.observe(T0, HOME, ZERO)
    follower.activate(T0, T0, held)
    sent = follower.tick(T0 + TICK, T0 + TICK).command
    expected = held.copy()
    expected[1:3] = HOME[1:3]
    np.testing.assert_array_equal(sent.position, expected)
    assert not sent.velocity.any()


def test_it_holds_the_measured_position_until_motion_comes():
    robot = Robot().run(0.1)
    assert robot.follower.state == 'holding'
    np.testing.assert_array_equal(robot.sent[-1].position, HOME)


def test_it_follows_windows_exactly_and_rests_where_they_end():
    robot = Robot()
    robot.run(1.5, begin(robot))
    robot.assert_safe()
    assert robot.sent[-1].position[ARM] == pytest.approx(HOME[ARM] + 0.5, abs=1e-9)


def test_every_set_point_tells_its_window():
    robot = Robot()
    robot.run(0.3, begin(robot))
    assert robot.follower.state == 'following'
    assert robot.follower.trajectory_ns == (robot.now_ns // STEP - 1) * STEP


def test_when_windows_stop_the_last_one_brings_it_to_rest():
    robot = Robot()
    robot.follower.accept(window(T0), T0)
    robot.run(1.5)
    robot.assert_safe()
    assert robot.at_rest
    assert robot.follower.state == 'holding'
    assert robot.follower.reason == 'no new motion came'


def test_inactive_it_commands_nothing():
    follower = MotionFollower(CONFIG)
    with pytest.raises(DataError, match='not active'):
        follower.tick(T0, T0)


class TestActivation:
    def test_without_joint_states_it_is_refused(self):
        with pytest.raises(DataError, match='no joint state has come'):
            MotionFollower(CONFIG).activate(T0, T0)

    def test_with_old_joint_states_it_is_refused(self):
        follower = MotionFollower(CONFIG)
        follower.observe(T0 - S, HOME, ZERO)
        with pytest.raises(DataError, match=r'1\.00 s old'):
            follower.activate(T0, T0)

    def test_far_outside_the_limits_it_is_refused_by_name(self):
        follower = MotionFollower(CONFIG)
        position = HOME.copy()
        position[ARM] = CONFIG.upper[ARM] + 0.2
        follower.observe(T0, position, ZERO)
        with pytest.raises(DataError, match=r'left_arm_1 is 0\.200 beyond its limits'):
            follower.activate(T0, T0)


class TestRefusedWindows:
    """A refused window changes nothing and its reason names the culprit."""

    @pytest.mark.parametrize(('change', 'reason'), [
        ({'position': np.nan}, 'position of base_x is not finite'),
        ({'velocity': np.inf}, 'velocity of base_x is not finite'),
        ({'position': 99.0}, r'position of base_x is 99\.000, limits'),
        ({'velocity': 5.0}, r'velocity of base_x is 5\.000, limits'),
        ({'acceleration': -9.0}, r'acceleration of base_x is -9\.000, limits'),
    ])
    def test_bad_numbers(self, change, reason):
        robot = Robot()
        good = still(T0)
        rows = {name: getattr(good, name).copy() for name in ('position', 'velocity', 'acceleration')}
        for name, value in change.items():
            rows[name][3, 0] = value
        refusal = robot.follower.accept(JointWindow(T0, STEP, **rows), T0)
        assert refusal is not None
        assert re.search(reason, refusal)
        assert robot.follower.state == 'holding'

    @pytest.mark.parametrize(('step', 'reason'), [
        (0.1, r'velocity of left_arm_1 between two points is 5\.\d+, limits'),
        (0.003, r'acceleration of left_arm_1 between two points is -?\d\d\.\d+, limits')])
    def test_points_within_the_limits_and_too_far_apart(self, step, reason):
        good = still(T0)
        good.position[8:, ARM] += step
        assert re.search(reason, Robot().follower.accept(good, T0))

    def test_stamped_too_long_ago(self):
        assert Robot().follower.accept(still(T0 - 6 * S // 10), T0) == 'window: 0.600 s old'

    def test_wrong_width(self):
        rows = np.zeros((10, 3))
        assert '25 joints' in Robot().follower.accept(JointWindow(T0, STEP, rows, rows, rows), T0)

    def test_no_rest_at_its_end(self):
        cut = quintic(T0, 0.3, count=20)
        assert 'does not end at rest: left_arm_1' in Robot().follower.accept(cut, T0)

    def test_ended_already(self):
        assert 'ended' in Robot().follower.accept(still(T0 - 5 * S), T0)

    def test_from_the_future(self):
        assert 'future' in Robot().follower.accept(still(T0 + S), T0)

    def test_far_from_the_robot(self):
        position = HOME.copy()
        position[ARM] += 0.5
        refusal = Robot().follower.accept(still(T0, position), T0)
        assert refusal == 'the first set-point of left_arm_1 is 0.500 away from the measured position'

    def test_older_than_the_present_one(self):
        robot = Robot()
        assert robot.follower.accept(still(T0), T0) is None
        assert 'followed already' in robot.follower.accept(still(T0 - STEP), T0)

    def test_a_jump_in_mid_motion_lets_the_old_one_run_to_its_rest(self):
        robot = Robot()
        robot.follower.accept(window(T0), T0)
        robot.run(0.3)
        refusal = robot.follower.accept(window(T0 + 300 * MS, offset=0.4), robot.now_ns)
        assert 'left_arm_1' in refusal
        assert 'jump' in refusal
        robot.run(1.0).assert_safe()
        assert robot.at_rest


def test_a_small_offset_is_glided_over_without_a_seam():
    robot = Robot()
    position = HOME.copy()
    position[ARM] += 0.02
    assert robot.follower.accept(still(T0, position, count=100), T0) is None
    robot.run(1.5).assert_safe()
    used = np.abs([c.acceleration[ARM] for c in robot.sent]).max()
    assert used <= 0.11 * CONFIG.acceleration[ARM]
    assert robot.sent[-1].position[ARM] == pytest.approx(position[ARM], abs=1e-6)


@pytest.mark.parametrize('seed', range(40))
def test_late_windows_make_a_joint_at_its_limit_not_go_beyond_it(seed):
    """The joint rests at its limit; what leads away from there has begun already. No guard needs to step in."""
    rng = np.random.default_rng(seed)
    robot, distance = Robot(), rng.uniform(0.02, 0.2)
    assert HOME[GRIPPER] == CONFIG.lower[GRIPPER]
    begin_ns = T0 - int(rng.integers(10 * MS, 150 * MS))
    duration_s = rng.uniform(1.0, 2.0) * np.sqrt(5.8 * distance / CONFIG.acceleration[GRIPPER])

    def feed(r):
        r.follower.accept(quintic(r.now_ns // STEP * STEP - STEP, distance, begin_ns, duration_s, GRIPPER), r.now_ns)
    robot.run(3.0, feed).assert_safe()
    assert min(command.position[GRIPPER] for command in robot.sent) >= CONFIG.lower[GRIPPER]
    assert not any('guard' in change for change in robot.follower.journal)


def test_a_way_that_swings_out_beyond_a_limit_is_refused_by_name():
    """In full motion when it comes, and soon over: its offset needs longer to fade."""
    robot = Robot()
    late = quintic(T0, 0.1, T0 - 60 * MS, 0.3, GRIPPER)
    refusal = robot.follower.accept(late, T0)
    assert re.fullmatch(r'the way onto it would go 0\.\d{4} beyond the limit of left_gripper', refusal)
    assert robot.follower.state == 'holding'


class TestStopHoldRelease:
    def test_stop_brakes_inside_the_limits_and_stays(self):
        robot = Robot()
        feed = begin(robot)
        robot.run(0.4, feed)
        robot.follower.stop('somebody pressed the button')
        assert robot.follower.state == 'stopping'
        robot.run(1.0, feed)
        robot.assert_safe()
        assert robot.at_rest
        assert (robot.follower.state, robot.follower.reason) == ('stopped', 'somebody pressed the button')

    def test_stop_works_with_everything_else_dead(self):
        robot = Robot()
        robot.run(0.4, begin(robot))
        robot.measured = False
        robot.follower.stop()
        robot.run(1.0).assert_safe()
        assert robot.at_rest
        assert robot.follower.state == 'stopped'

    def test_stop_is_sooner_at_rest_than_hold(self):
        def rest_s(action):
            robot = Robot()
            feed = begin(robot, distance=0.8)
            robot.run(0.4, feed)
            getattr(robot.follower, action)()
            while robot.follower.state in ('following', 'stopping'):
                robot.run(0.008, feed)
            robot.assert_safe()
            return (robot.now_ns - T0) / S
        assert rest_s('stop') < rest_s('hold')

    def test_hold_refuses_what_comes_until_release(self):
        robot = Robot()
        robot.follower.hold()
        assert 'release' in robot.follower.accept(still(T0), T0)
        assert robot.follower.release(T0) is None
        assert robot.follower.accept(still(T0), T0) is None

    def test_release_holds_a_robot_that_was_moved_where_it_is(self):
        robot = Robot()
        robot.follower.stop()
        robot.measured = False
        moved = HOME + 0.1 * (CONFIG.upper - 0.2 > HOME)
        robot.run(0.1)
        robot.follower.observe(robot.now_ns, moved, ZERO)
        assert robot.follower.release(robot.now_ns) is None
        np.testing.assert_allclose(robot.tick(robot.now_ns + TICK).position, moved)

    def test_release_of_a_sagging_robot_does_not_step(self):
        robot = Robot()
        robot.follower.stop()
        robot.measured = False
        robot.run(0.1)
        robot.follower.observe(robot.now_ns, HOME - 0.005, ZERO)
        robot.follower.release(robot.now_ns)
        np.testing.assert_array_equal(robot.tick(robot.now_ns + TICK).position, HOME)

    def test_a_stop_while_a_watchdog_brakes_stays(self):
        robot = Robot()
        robot.run(0.4, begin(robot, distance=0.8, duration_s=2.0))
        robot.measured = False
        while robot.follower.state == 'following':
            robot.run(0.008)
        assert robot.follower.state == 'stopping'
        robot.follower.stop('somebody pressed the button')
        robot.measured = True
        robot.run(1.0)
        assert (robot.follower.state, robot.follower.latched) == ('stopped', True)
        assert 'somebody pressed the button' in robot.follower.accept(still(robot.now_ns, robot.position), robot.now_ns)

    def test_a_stop_brakes_a_robot_that_was_told_to_hold_at_the_end_of_its_way(self):
        robot = Robot()
        robot.run(0.4, begin(robot, distance=0.8, duration_s=2.0))
        robot.follower.hold('a second commander')
        assert robot.follower.state == 'following'
        robot.follower.stop()
        assert robot.follower.state == 'stopping'
        robot.run(1.0).assert_safe()
        assert (robot.follower.state, robot.follower.reason) == ('stopped', 'stopped on request')

    def test_nothing_is_released_while_nobody_knows_where_the_robot_is(self):
        robot = Robot()
        robot.follower.stop()
        robot.measured = False
        robot.run(1.0)
        assert 'the newest joint state is 1.0' in robot.follower.release(robot.now_ns)
        assert robot.follower.state == 'stopped'

    def test_nothing_is_released_while_it_brakes(self):
        robot = Robot()
        robot.run(0.4, begin(robot))
        robot.follower.stop()
        assert 'stopping' in robot.follower.release(robot.now_ns)


class TestWatchdog:
    def test_lost_joint_states_end_the_motion_and_their_return_lets_it_go_on(self):
        robot = Robot()
        feed = begin(robot, distance=0.8, duration_s=2.0)
        robot.run(0.6, feed)
        robot.measured = False
        robot.run(1.2, feed)
        robot.assert_safe()
        assert robot.at_rest
        assert robot.follower.state == 'holding'
        assert 'joint state' in robot.follower.reason
        robot.follower.observe(robot.now_ns, robot.sent[-1].position, ZERO)
        assert robot.follower.accept(still(robot.now_ns, robot.sent[-1].position), robot.now_ns) is None

    @pytest.mark.parametrize(('share', 'why'), [
        (0.0, 'whole_body_controller does not move the robot: left_arm_1'),
        (0.5, 'the set-point of left_arm_1 is 0.6')])
    def test_a_robot_that_does_not_follow_or_not_far_enough_is_stopped(self, share, why):
        robot = Robot()
        feed = begin(robot, distance=1.5, duration_s=2.5)
        robot.measured = False

        def follow(r):
            feed(r)
            sent = r.sent[-1] if r.sent else None
            r.follower.observe(r.now_ns, HOME if sent is None else HOME + share * (sent.position - HOME),
                               ZERO if sent is None else share * sent.velocity)
        robot.run(3.0, follow)
        robot.assert_safe()
        assert robot.at_rest
        assert why in '; '.join(robot.follower.journal)


class TestClock:
    """The robot's clock may be set while it moves; a steady clock tells how much time has really passed."""

    @pytest.mark.parametrize('jump_s', [-10.0, -0.5, 0.5, 10.0])
    def test_a_clock_that_is_set_ends_the_motion_inside_the_limits(self, jump_s):
        robot = Robot()
        robot.run(0.4, begin(robot))
        robot.jump_ns = round(jump_s * S)
        robot.run(1.0)
        robot.assert_safe()
        assert robot.at_rest
        assert robot.follower.state == 'holding'
        assert robot.follower.reason == f'the clock jumped by {jump_s:+.2f} s'

    def test_after_it_was_set_back_new_windows_count(self):
        robot = Robot()
        robot.run(0.4, begin(robot))
        robot.jump_ns = -10 * S
        robot.run(1.0)
        assert robot.follower.accept(still(robot.ros_ns, robot.position), robot.ros_ns) is None

    def test_a_resting_robot_stays_where_it_is_when_the_clock_is_set(self):
        robot = Robot().run(0.1)
        robot.jump_ns = -10 * S
        robot.run(0.1)
        np.testing.assert_array_equal(robot.sent[-1].position, HOME)

    def test_a_bridge_that_was_frozen_rests_where_it_left_the_robot(self):
        robot = Robot()
        robot.run(0.4, begin(robot))
        last = robot.sent[-1].position
        robot.now_ns += 300 * MS
        robot.run(0.1)
        np.testing.assert_array_equal(robot.sent[-1].position, last)
        assert robot.follower.state == 'holding'
        assert 'no set-point was sent for 0.3' in robot.follower.reason

    def test_a_late_tick_changes_nothing(self):
        robot = Robot()
        feed = begin(robot)
        robot.run(0.4, feed)
        robot.now_ns += 30 * MS
        robot.run(1.0, feed)
        assert robot.sent[-1].position[ARM] == pytest.approx(HOME[ARM] + 0.5, abs=1e-9)


class TestStopSignal:
    def test_its_stop_brakes_and_holds_until_it_is_taken_back_and_released(self):
        robot = Robot()
        feed = begin(robot)
        robot.run(0.4, feed)
        robot.follower.hear(robot.now_ns, True, 'button at the door')
        robot.run(1.0, feed)
        robot.assert_safe()
        assert robot.at_rest
        assert (robot.follower.state, robot.follower.reason) == ('stopped', 'stop signal: button at the door')
        assert 'button' in robot.follower.release(robot.now_ns)
        robot.follower.hear(robot.now_ns, False, '')
        assert robot.follower.state == 'stopped'
        assert robot.follower.release(robot.now_ns) is None

    def test_its_silence_counts_where_a_heartbeat_is_asked_for(self):
        robot = Robot(stop_signal=StopSignal(0.5, 0.5))
        feed = begin(robot, distance=0.8, duration_s=3.0)
        robot.follower.hear(robot.now_ns, False, '')
        robot.run(0.4, feed)
        assert robot.follower.state == 'following'
        robot.run(1.0, feed)
        robot.assert_safe()
        assert robot.follower.state == 'stopped'
        assert robot.follower.reason.startswith('stop signal: silent for 0.5')

    def test_without_its_heartbeat_the_robot_is_not_taken_over(self):
        follower = MotionFollower(CONFIG, stop_signal=StopSignal(0.5, 0.5))
        follower.observe(T0, HOME, ZERO)
        with pytest.raises(DataError, match='stop signal: none has come'):
            follower.activate(T0, T0)

    def test_an_old_word_does_not_take_back_a_newer_stop(self):
        robot = Robot()
        robot.follower.hear(robot.now_ns, True, '')
        robot.follower.hear(robot.now_ns - S // 10, False, '')
        robot.run(0.1)
        assert robot.follower.state == 'stopped'

    def test_a_word_from_the_future_does_not_hide_a_stop(self):
        robot = Robot()
        robot.follower.hear(robot.now_ns + 10 * S, False, '')
        robot.follower.hear(robot.now_ns, True, 'button')
        robot.run(0.1)
        assert robot.follower.reason == 'stop signal: button'


def test_controllers_that_run_slowly_end_the_motion_until_they_are_back_at_speed():
    robot = Robot()
    feed = begin(robot, distance=0.8, duration_s=2.0)
    robot.run(0.6, feed)
    robot.follower.observe_speed(0.6)
    robot.run(1.0, feed)
    robot.assert_safe()
    assert robot.at_rest
    assert robot.follower.reason == 'the controllers run at 60 % of their speed'
    robot.follower.observe_speed(1.0)
    assert robot.follower.accept(still(robot.now_ns, robot.sent[-1].position), robot.now_ns) is None


def test_a_stop_that_comes_while_the_first_motion_is_looked_at_holds():
    class Looking:
        def motion_fault(self, motion, now_ns):
            robot.follower.stop('somebody is in the way')
            return ''
    robot = Robot(body=Looking())
    assert robot.follower.accept(quintic(T0, 0.3), T0) == 'somebody is in the way; release the bridge first'
    robot.run(0.5)
    assert robot.follower.state == 'stopped'
    np.testing.assert_array_equal(robot.sent[-1].position, HOME)


def test_a_way_that_was_found_before_the_robot_was_moved_is_not_gone():
    class Looking:
        def motion_fault(self, motion, now_ns):
            robot.follower.stop('somebody is in the way')
            robot.follower.observe(T0, HOME + 0.1 * (CONFIG.upper - 0.2 > HOME), ZERO)
            assert robot.follower.release(T0) is None
            return ''
    robot = Robot(body=Looking())
    assert robot.follower.accept(quintic(T0, 0.3), T0) == (
        'the robot has changed its motion meanwhile: it is holding')


@pytest.mark.parametrize('ahead', [0.01, 0.03])
@pytest.mark.parametrize('after_s', [0.5, 0.7, 0.8, 0.9])
def test_a_glide_onto_a_motion_at_full_speed_is_no_faster_than_the_joint_may(ahead, after_s):
    distance = 0.99 * CONFIG.velocity[ARM] * 2.0 / 1.875  # of a quintic of 2 s

    def lead(robot):
        far = robot.now_ns - T0 > after_s * S
        motion = quintic(robot.now_ns, distance, duration_s=2.0)
        motion.position[:, ARM] += ahead * far
        robot.follower.accept(motion, robot.now_ns)
    robot = Robot().run(1.5, lead)
    robot.assert_safe()
    speeds = np.diff([command.position[ARM] for command in robot.sent]) / (TICK / S)
    assert np.abs(speeds).max() <= 1.002 * CONFIG.velocity[ARM]
    assert np.abs(speeds).max() > 0.95 * CONFIG.velocity[ARM]


def test_a_set_point_that_jumps_is_not_sent_and_the_robot_is_brought_to_rest(monkeypatch):
    """No window that is accepted holds such a thing; should a motion do it all the same, the guard looks last."""
    honest = Spline.sample

    def jumping(self, now_ns):
        state = honest(self, now_ns)
        state[0, ARM] += 0.2 * (now_ns > T0 + S // 2)
        return state
    robot = Robot().run(0.4, lambda robot: robot.follower.accept(quintic(robot.now_ns, 0.6), robot.now_ns))
    monkeypatch.setattr(Spline, 'sample', jumping)
    robot.run(1.5)
    assert robot.follower.guarded == 1
    assert robot.follower.reason.startswith('guard: ')
    assert robot.follower.state == 'holding'
    robot.assert_safe()


@pytest.mark.parametrize('unbounded', ['continuous', 'velocity'])
def test_a_joint_without_ends_is_led_like_any_other(unbounded):
    endless = np.arange(ROBOT.dof) == ARM
    config = replace(CONFIG, lower=np.where(endless, -np.inf, CONFIG.lower), upper=np.where(endless, np.inf,
                     CONFIG.upper), turning=endless & (unbounded == 'continuous'),
                     untracked=CONFIG.untracked | endless & (unbounded == 'velocity'))
    robot = Robot(config)
    robot.run(1.5, begin(robot, distance=0.6))
    robot.assert_safe(config)
    assert robot.sent[-1].position[ARM] == pytest.approx(HOME[ARM] + 0.6, abs=1e-6)
    assert robot.follower.guarded == 0


def test_the_longest_way_to_rest_is_what_a_brake_from_full_speed_needs():
    slow = replace(CONFIG, acceleration=CONFIG.acceleration / 10)
    robot = Robot(slow)
    distance = 0.5 * slow.velocity[ARM]
    duration_s = max(2.0, 1.01 * np.sqrt(5.8 * distance / slow.acceleration[ARM]))
    robot.run(duration_s / 2, begin(robot, distance, duration_s))
    robot.follower.stop()
    begun_ns = robot.now_ns
    while robot.follower.state == 'stopping':
        robot.run(0.008)
    assert 0.5 < (robot.now_ns - begun_ns) / S < slow.rest_s
    fastest, hardest = 1.1 * slow.velocity, slow.acceleration
    assert slow.rest_s > (fastest / hardest).max()


@pytest.mark.parametrize('state', ['stopped', 'holding'])
def test_what_latched_a_predecessor_latches_its_successor(state):
    robot = Robot()
    robot.follower.inherit(LastWord(None, state, 'because'))
    assert robot.follower.accept(quintic(T0, 0.3), T0) == 'because; release the bridge first'
    assert (robot.follower.state, robot.follower.latched) == (state, True)
    robot.follower.release(T0)
    robot.follower.inherit(LastWord(None, 'holding', ''))
    assert robot.follower.accept(quintic(T0, 0.3), T0) is None


def test_what_the_body_forbids_is_not_begun():
    class Body:
        def motion_fault(self, motion, now_ns):
            return 'the hands would touch' if motion.sample(motion.end_ns)[0, ARM] > 1.0 else ''
    robot = Robot(body=Body())
    assert robot.follower.accept(quintic(T0, 2.0, duration_s=2.5), T0) == 'the hands would touch'
    assert robot.follower.accept(still(T0), T0) is None


def test_every_change_of_state_is_told_once_with_its_reason():
    robot = Robot()
    feed = begin(robot)
    robot.run(0.4, feed)
    robot.follower.stop('button')
    robot.run(1.0, feed)
    robot.follower.release(robot.now_ns)
    assert list(robot.follower.journal) == [
        'inactive -> holding: no motion has come yet', 'holding -> following: a window was accepted',
        'following -> stopping: button',
        'stopping -> stopped: button', 'stopped -> holding: released']


def test_stops_are_counted_and_the_last_one_is_told_when_it_is_long_over():
    """A watchdog may fire and be content again between two looks at the diagnostics."""
    robot = Robot()
    feed = begin(robot)
    robot.run(0.4, feed)
    assert (robot.follower.stops, robot.follower.last_stop) == (0, '')
    robot.measured = False
    robot.run(1.5, feed)
    robot.measured = True
    robot.run(0.5)
    assert robot.follower.state == 'holding'
    assert robot.follower.stops == 1
    assert robot.follower.last_stop.startswith('the newest joint state')
    robot.follower.stop('button')
    assert (robot.follower.stops, robot.follower.last_stop) == (2, 'button')


class TestStreamedJoints:
    """What was sent ahead to controllers that hold a stretch of motion is not changed."""

    CONFIG = replace(CONFIG, streamed=np.ones(ROBOT.dof, dtype=bool), commit_s=0.1)

    def moving(self):
        robot = Robot(self.CONFIG)
        robot.run(2.0, begin(robot, duration_s=2.5))
        return robot, robot.follower.tick(robot.now_ns, robot.now_ns).motion

    def ahead(self, robot, motion):
        return np.array([motion.sample(robot.now_ns + ms * MS) for ms in range(-100, 100, 5)])

    def test_a_stop_begins_when_it_can_have_arrived(self):
        robot, motion = self.moving()
        robot.follower.stop()
        braking = robot.follower.tick(robot.now_ns, robot.now_ns).motion
        np.testing.assert_array_equal(self.ahead(robot, motion), self.ahead(robot, braking))
        robot.run(1.5).assert_safe()
        assert robot.at_rest
        assert robot.follower.state == 'stopped'

    def test_a_new_window_changes_nothing_before_that(self):
        robot, motion = self.moving()
        shifted = quintic(robot.now_ns // STEP * STEP, 0.502, T0, 2.5)
        assert robot.follower.accept(shifted, robot.now_ns) is None
        after = robot.follower.tick(robot.now_ns, robot.now_ns).motion
        np.testing.assert_array_equal(self.ahead(robot, motion), self.ahead(robot, after))
        robot.run(3.0).assert_safe()
        assert robot.sent[-1].position[ARM] == pytest.approx(HOME[ARM] + 0.502, abs=1e-6)

    def test_a_window_that_ends_before_that_is_refused(self):
        robot = Robot(self.CONFIG)
        assert 'before anything can still change' in robot.follower.accept(still(T0, count=5), T0)


@pytest.mark.parametrize('seed', range(8))
def test_nothing_that_comes_makes_an_unsafe_set_point(seed):
    rng = np.random.default_rng(seed)
    robot = Robot()
    feed = begin(robot, distance=rng.uniform(-1.0, 1.0), duration_s=rng.uniform(0.9, 2.0))

    def chaos(r):
        if rng.random() < 0.5:
            feed(r)
        if rng.random() < 0.1:
            r.now_ns += int(rng.integers(0, 40 * MS))  # a late tick
        if rng.random() < 0.05:
            made = window(r.now_ns - STEP, offset=rng.normal(0, 0.3), amplitude=rng.uniform(0, 1))
            r.follower.accept(made, r.now_ns)
        if rng.random() < 0.02:
            rows = rng.normal(0, rng.choice([0.01, 1.0, np.nan]), (3, 20, ROBOT.dof))
            r.follower.accept(JointWindow(r.now_ns, STEP, *rows), r.now_ns)
        if rng.random() < 0.02:
            getattr(r.follower, rng.choice(['stop', 'hold']))()
        if rng.random() < 0.05:
            r.follower.release(r.now_ns)
        if rng.random() < 0.02:
            r.measured = not r.measured
    robot.run(4.0, chaos)
    robot.measured = True
    robot.run(3.5)
    robot.assert_safe()
    assert robot.at_rest


def test_a_robot_that_does_not_move_when_told_to_is_stopped_until_release_and_then_held_where_it_is():
    robot = Robot()
    robot.measured = False

    def stuck(r):
        r.follower.observe(r.ros_ns, HOME, ZERO)
        hover(r)
    hover = begin(robot, distance=0.1)  # far inside of the tolerance of the tracking error
    robot.run(2.0, stuck)
    assert (robot.follower.state, robot.follower.latched) == ('stopped', True)
    assert robot.follower.reason.startswith('whole_body_controller does not move the robot: left_arm_1')
    assert robot.at_rest
    robot.assert_safe()
    assert robot.follower.release(robot.ros_ns) is None
    robot.measured = True
    robot.run(0.1)
    np.testing.assert_allclose(robot.sent[-1].position, HOME)


def reserve_of(robot):
    """What brakes the robot, with whose last set-point the bridge falls silent."""
    last = robot.sent[-1]
    begin_ns = last.stamp_ns + 2 * TICK
    return ReserveBrake(CONFIG, np.ones(ROBOT.dof, dtype=bool), last, TICK, begin_ns, begin_ns)


def relieved(robot, silent_ns, spoil=0.0, ahead_ns=0, age_ns=0):
    """Let the bridge stand still for so long, and hear from its reserve.

    Its word may be spoilt, stamped ahead, or have been said `age_ns` ago.
    """
    reserve = reserve_of(robot)
    said = reserve.tick(robot.now_ns + silent_ns - age_ns).command
    robot.now_ns += silent_ns
    said = replace(said, position=said.position + spoil, stamp_ns=said.stamp_ns + ahead_ns)
    robot.follower.resume_from(said, robot.ros_ns, robot.now_ns)
    return reserve


@pytest.mark.parametrize(('silent_ms', 'age_ms'), [(24, 0), (80, 0), (304, 0), (4000, 0), (80, 50), (304, 200),
                                                   (4000, 3950)])
def test_after_a_standstill_it_goes_on_from_where_its_reserve_has_brought_the_robot(silent_ms, age_ms):
    robot = Robot()
    robot.run(0.4, begin(robot))
    reserve = relieved(robot, silent_ms * MS, age_ns=age_ms * MS)
    begun = len(robot.sent)
    robot.run(0.6)
    for command in robot.sent[begun:]:
        np.testing.assert_allclose(command.position, reserve.tick(command.stamp_ns).command.position, atol=1e-9)
    assert (robot.follower.state, robot.follower.reason) == ('holding', 'no set-point was sent; the reserve has braked')
    assert robot.follower.accept(still(robot.now_ns, robot.sent[-1].position), robot.now_ns) is None


@pytest.mark.parametrize('age_ms', [0, 48])
@pytest.mark.parametrize('jump_s', [-10.0, 10.0])
def test_a_clock_that_is_set_while_the_bridge_stands_still_makes_no_difference(jump_s, age_ms):
    robot = Robot()
    robot.run(0.4, begin(robot))
    robot.jump_ns = round(jump_s * S)
    reserve = relieved(robot, 80 * MS, age_ns=age_ms * MS)
    robot.sent.clear()  # what the reserve sent lies between
    robot.run(0.008)
    np.testing.assert_allclose(robot.sent[-1].position, reserve.tick(robot.now_ns).command.position, atol=2e-3)
    robot.run(0.6).assert_safe()
    assert robot.at_rest
    assert robot.follower.reason == 'no set-point was sent; the reserve has braked'


def test_a_stop_that_was_under_way_still_needs_a_release():
    robot = Robot()
    robot.run(0.4, begin(robot))
    robot.follower.stop('because')
    relieved(robot, 80 * MS)
    robot.run(0.6)
    assert (robot.follower.state, robot.follower.latched) == ('stopped', True)


@pytest.mark.parametrize(('spoil', 'ahead_s'), [(np.nan, 0), (1.0, 0), (0.2, 10)])
def test_a_reserve_that_talks_nonsense_is_not_believed(spoil, ahead_s):
    robot = Robot()
    robot.run(0.4, begin(robot))
    relieved(robot, 24 * MS, spoil, ahead_s * S)
    assert robot.follower.state == 'following'


def test_at_rest_it_does_not_listen_to_a_reserve():
    robot = Robot().run(0.1)
    robot.follower.resume_from(replace(robot.sent[-1], stamp_ns=robot.now_ns + 1), robot.now_ns + 2, robot.now_ns + 2)
    assert robot.follower.state == 'holding'
