"""From chunks to what a joint_trajectory_controller tells the hardware: the fused motion, whatever messages go through.

The whole way is real but for the link and the controller, a model made from its sources. Bounds: rms error 1 mrad,
largest second difference 1.05 times that of the fused motion, both of the worst joint. What is measured is in
docs/trajectory_controllers.md.
"""
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from streamed_chain import CYCLE_NS, Chain, streamed

from vla_async.bridge.outputs import TrajectorySettings, trajectory_settings
from vla_async.errors import ConfigError
from vla_async.timebase import NS_PER_S

ROBOTS = pytest.mark.parametrize('name', ['so101', 'astribot_s1'])  # 6 joints and 25
LONG_ENOUGH_S = 4.0
REST_S = 2.2


def stream(name, variant, latency_s):
    robot = streamed(name)
    return robot, TrajectorySettings(variant, latency_s=latency_s, tick_s=1 / robot.rates.command_hz)


def assert_played_as_fused(chain: Chain) -> None:
    assert np.ptp(np.stack(chain.trace.fused), axis=0).max() > 0.1
    assert chain.refusals == []
    assert chain.trace.rms() < 1e-3
    assert chain.trace.acceleration_ratio() < 1.05


@ROBOTS
@pytest.mark.parametrize('latency_s', [0.01, 0.05, 0.1, 0.2, 0.4])
@pytest.mark.parametrize('distribution', ['humble', 'jazzy'])
def test_absolute_windows_are_played_as_fused(name, distribution, latency_s):
    chain = Chain(*stream(name, 'absolute', latency_s), distribution).run(LONG_ENOUGH_S)
    assert_played_as_fused(chain)
    assert chain.link.lost >= 0.04 * chain.link.sent > 0  # else the link was not the bad one that is meant


@ROBOTS
@pytest.mark.parametrize('latency_s', [0.01, 0.05, 0.1, 0.2, 0.4])
def test_master_plays_them_as_fused_when_told_not_to_replace(name, latency_s):
    chain = Chain(*stream(name, 'absolute', latency_s), 'master', allow_trajectory_replacement=False)
    assert_played_as_fused(chain.run(LONG_ENOUGH_S))


@pytest.mark.parametrize(('name', 'latency_s'), [
    ('so101', 0.01), ('so101', 0.05), ('astribot_s1', 0.01), ('astribot_s1', 0.05), ('astribot_s1', 0.1)])
@pytest.mark.parametrize('distribution', ['master', 'jazzy', 'humble'])
def test_splices_are_played_as_fused(name, distribution, latency_s):
    assert_played_as_fused(Chain(*stream(name, 'splice', latency_s), distribution).run(LONG_ENOUGH_S))


@pytest.mark.parametrize(('name', 'latency_s'), [('so101', 0.1), ('so101', 0.4), ('astribot_s1', 0.4)])
def test_splices_that_would_begin_a_stop_too_late_are_refused_with_the_cure(name, latency_s):
    with pytest.raises(ConfigError, match='Set allow_trajectory_replacement'):
        stream(name, 'splice', latency_s)


@ROBOTS
@pytest.mark.parametrize('seed', range(3))
def test_splices_over_a_slow_link_would_be_played_as_fused_but_are_refused(name, seed, monkeypatch):
    """For how late a stop would begin, not for how the motion is played; chunks must be longer, too."""
    with pytest.raises(ConfigError, match='allow_trajectory_replacement'):
        stream(name, 'splice', 0.2)
    monkeypatch.setattr(trajectory_settings, 'LONGEST_COMMIT_S', 1.0)
    robot, how = stream(name, 'splice', 0.2)
    assert how.commit_s > 0.8
    assert_played_as_fused(Chain(robot, how, 'master', steps=72, seed=seed).run(LONG_ENOUGH_S))


@pytest.mark.slow
@pytest.mark.parametrize('seed', range(5))
@pytest.mark.parametrize('hz', [0.2, 1.0])
@pytest.mark.parametrize(('distribution', 'variant', 'latency_s'), [
    ('humble', 'absolute', 0.4), ('jazzy', 'absolute', 0.1), ('master', 'splice', 0.1)])
def test_other_motions_and_other_losses_are_played_as_fused(distribution, variant, latency_s, hz, seed):
    robot, how = stream('astribot_s1', variant, latency_s)
    assert_played_as_fused(Chain(robot, how, distribution, hz=hz, seed=seed).run(LONG_ENOUGH_S))


def test_absolute_windows_are_not_for_a_controller_that_replaces():
    chain = Chain(*stream('so101', 'absolute', 0.05), 'master').run(LONG_ENOUGH_S)
    assert chain.trace.rms() > 0.01


def test_a_motion_that_changes_sooner_than_windows_arrive_is_not_played_as_fused():
    """The proof above can fail: the same with messages four times as late as was said."""
    chain = Chain(*stream('astribot_s1', 'absolute', 0.05), 'jazzy', latency_s=0.2).run(LONG_ENOUGH_S)
    assert chain.trace.acceleration_ratio() > 1.5


# -- the bridge dies, or stops the robot ---------------------------------------------------------------------------

WAYS = [('so101', 'humble', 'absolute', 0.4), ('astribot_s1', 'jazzy', 'absolute', 0.05),
        ('astribot_s1', 'master', 'splice', 0.05), ('astribot_s1', 'master', 'splice', 0.1)]


def assert_at_rest_inside_the_limits(chain: Chain) -> None:
    """All the time, and at rest at the end."""
    robot, cycle_s = chain.robot, CYCLE_NS / NS_PER_S
    position = np.stack(chain.trace.commanded)[:, 0]
    assert (position >= robot.array('lower') - 1e-6).all()
    assert (position <= robot.array('upper') + 1e-6).all()
    assert (np.abs(np.diff(position, axis=0)) / cycle_s <= robot.array('velocity') * 1.001).all()
    acceleration = np.abs(np.diff(position, 2, axis=0)) / cycle_s**2
    assert (acceleration <= robot.array('acceleration')).all()
    assert np.ptp(position[-50:], axis=0).max() < 1e-9


@pytest.mark.parametrize('way', WAYS, ids=str)
def test_a_bridge_that_dies_leaves_the_robot_at_rest(way):
    """At every 31st cycle of two seconds of motion."""
    name, distribution, variant, latency_s = way
    chain = Chain(*stream(name, variant, latency_s), distribution, hz=0.4, seed=1).run(0.8)
    for _ in range(32):
        assert_at_rest_inside_the_limits(chain.run(31 * CYCLE_NS / NS_PER_S).orphaned().run(REST_S))


@pytest.mark.parametrize('way', WAYS, ids=str)
@pytest.mark.parametrize('after_s', [0.9, 1.33, 1.766, 2.2])
def test_a_stop_is_played_as_a_stop(way, after_s):
    name, distribution, variant, latency_s = way
    chain = Chain(*stream(name, variant, latency_s), distribution, hz=0.4, seed=1).run(after_s)
    chain.follower.stop()
    assert_at_rest_inside_the_limits(chain.run(REST_S))


@given(dies_after=st.integers(0, 1500), seed=st.integers(0, 2**16), latency_s=st.floats(0.0, 0.4),
       lost=st.floats(0.0, 0.3), hz=st.floats(0.1, 1.5))
@settings(max_examples=15, deadline=None)
def test_a_bridge_may_die_at_any_instant_of_any_motion(dies_after, seed, latency_s, lost, hz):
    robot, how = stream('so101', 'absolute', latency_s)
    chain = Chain(robot, how, 'jazzy', hz=hz, seed=seed, lost=lost).run(0.01 + dies_after * CYCLE_NS / NS_PER_S)
    assert_at_rest_inside_the_limits(chain.orphaned().run(REST_S))
