"""What a joint_trajectory_controller says of itself while it is streamed to: no false alarm, and no stranger unnoticed.

The whole way from chunks to the controller and back is real but for the links and the controller, a model made from its
sources.
"""
import numpy as np
import pytest
from streamed_chain import CYCLE_NS, Chain, streamed

from vla_async.bridge.outputs import TrajectorySettings
from vla_async.sim.controllers.trajectory_message import TrajectoryMessage
from vla_async.timebase import NS_PER_MS, NS_PER_S

WAYS = [('so101', 'humble', 'absolute', 0.4), ('astribot_s1', 'jazzy', 'absolute', 0.05),
        ('so101', 'master', 'splice', 0.05)]
EVERY_WAY = pytest.mark.parametrize('way', WAYS, ids=str)


def chain(way, **changes):
    name, distribution, variant, latency_s = way
    robot = streamed(name)
    settings = TrajectorySettings(variant, latency_s=latency_s, tick_s=1 / robot.rates.command_hz)
    return Chain(robot, settings, distribution, **changes)


def assert_trusted(made):
    follower = made.follower
    assert not [line for line in follower.journal if 'controller' in line]
    assert follower.fault(made.now_ns) == follower.silence(made.now_ns) == ''
    assert follower.controller_errors(made.now_ns)


def assert_found(made, within_s):
    """The bridge brings the robot to hold, names the controller, and refuses to set out anew."""
    for _ in range(round(within_s * NS_PER_S / CYCLE_NS)):
        made.step()
        if made.follower.state == 'stopping':
            break
    made.run(1.0)
    assert made.follower.state == 'holding'
    assert made.follower.reason.startswith('controller arm aims')
    assert 'controller arm aims' in made.follower.fault(made.now_ns)
    assert 'controller arm aims' in made.refusals[-1]


@pytest.mark.parametrize('told_s', [0.01, 0.1, 0.4])
@EVERY_WAY
def test_a_controller_that_follows_is_trusted_however_late_it_says_so(way, told_s):
    made = chain(way, told_s=told_s, lost=0.2, hz=0.5).run(2.5)
    assert made.refusals == []
    assert_trusted(made)


@EVERY_WAY
def test_also_in_a_stop_after_it_and_in_motion_again(way):
    made = chain(way).run(1.2)
    made.follower.stop()
    assert made.run(1.5).follower.state == 'stopped'
    assert_trusted(made)
    made.follower.release(made.now_ns)
    made.fuser.reset(made.now_ns, made.follower.tick(made.now_ns, made.now_ns).command.position)
    made.run(1.5)
    assert made.follower.state == 'following'
    assert_trusted(made)


@EVERY_WAY
def test_also_when_it_is_taken_over_from_another_place_and_glided_onto_the_motion(way):
    made = chain(way, told_s=0.2)
    home, aside = made.robot.array('home'), np.array([joint.kind != 'gripper' for joint in made.robot.joints])
    made.controller.home(home + 0.15 * aside)  # where its joints sag to home
    made.fuser.reset(made.now_ns, home + 0.02 * aside)
    made.run(2.0)
    assert made.follower.state == 'following'
    assert_trusted(made)


@EVERY_WAY
def test_also_when_the_robot_was_moved_meanwhile_and_is_held_where_it_is(way):
    made = chain(way).run(1.0)
    made.follower.stop()
    made.run(1.0)
    made.follower.observe(made.now_ns, made.robot.array('home') + 0.1, np.zeros(made.robot.dof))
    assert made.follower.release(made.now_ns) is None
    made.run(1.0)
    assert_trusted(made)


@EVERY_WAY
def test_one_that_ignores_what_it_is_sent_is_found(way):
    made = chain(way, hz=0.5).run(1.0)
    made.controller.accept = lambda *_: ''
    assert_found(made, within_s=1.5)


@EVERY_WAY
def test_one_that_follows_another_goal_is_found(way):
    made = chain(way, hz=0.5).run(1.0)
    accept, robot = made.controller.accept, made.robot
    goal = np.tile(robot.array('home') - 0.3, (2, 1))

    def obey_another(_message, now_ns):
        times_ns = np.array([200, 400]) * NS_PER_MS
        return accept(TrajectoryMessage(robot.joint_names, now_ns, times_ns, goal, 0 * goal), now_ns)
    made.controller.accept = obey_another
    assert_found(made, within_s=1.5)


@pytest.mark.parametrize('ahead_ms', [1000, -2000])
def test_one_whose_clock_is_far_off_is_told_of_and_its_word_counts_for_nothing(ahead_ms):
    made = chain(WAYS[1])
    accept, update = made.controller.accept, made.controller.update
    made.controller.accept = lambda message, now_ns: accept(message, now_ns + ahead_ms * NS_PER_MS)
    made.controller.update = lambda now_ns: update(now_ns + ahead_ms * NS_PER_MS)
    made.run(2.0)
    assert 'or the clocks differ' in made.follower.silence(made.now_ns)
    assert not [line for line in made.follower.journal if 'controller' in line]


def test_one_that_runs_slowly_is_no_stranger_but_ends_the_motion_as_the_speed_of_the_robot_does():
    made = chain(WAYS[1], hz=0.5).run(1.0)
    made.controller.speed_scaling = 0.3
    made.run(2.0)
    assert made.follower.state == 'holding'
    assert made.follower.reason == 'controller arm runs at 30 % of its speed'
    assert not [line for line in made.follower.journal if 'aims' in line]


def test_while_the_robot_runs_slowly_its_controllers_may_be_behind():
    made = chain(WAYS[1], hz=0.5).run(1.0)
    made.controller.accept = lambda *_: ''
    made.follower.observe_speed(0.5)
    made.run(2.0)
    assert not [line for line in made.follower.journal if 'aims' in line]


def test_one_that_falls_silent_stops_nothing():
    made = chain(WAYS[1]).run(0.5)
    made.back.send = lambda *_: None
    made.run(2.0)
    assert made.follower.state == 'following'
    assert made.follower.silence(made.now_ns)
    assert made.follower.fault(made.now_ns) == ''
