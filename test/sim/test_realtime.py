import threading
import time
from functools import partial

import numpy as np
import pytest

from vla_async import embodiment
from vla_async.sim.realtime import TOLERATED_LAG_NS, RealTimeWorld
from vla_async.sim.shared_state import SharedState
from vla_async.sim.world import World

ROBOT = embodiment.load('astribot_s1')


@pytest.fixture(scope='module')
def world():
    return World(ROBOT, 'touch')


@pytest.fixture
def running(world):
    """A world in real time that counts its states, and what it was last told to hold."""
    world.reset(0)
    states, told = [], SharedState()
    made = RealTimeWorld(world, ROBOT, time.time_ns, lambda *_: None, lambda *state: states.append(state), told)
    made.states, made.told = states, told
    yield made
    made.stop()
    told.close()


def wait_for(condition, limit_s=10.0):
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_the_world_advances_at_the_pace_of_the_clock(running):
    running.start()
    wait_for(lambda: running.look().elapsed_s > 0.05)
    began_s, elapsed_s = time.monotonic(), running.look().elapsed_s
    wait_for(lambda: running.look().elapsed_s > elapsed_s + 0.4)
    assert time.monotonic() - began_s > 0.35  # never faster; how much slower is the machine's affair
    assert len(running.states) >= 30


def test_a_reset_brings_the_robot_home_and_counts_episodes(running):
    running.start()
    first = running.reset(3, None)
    second = running.reset(4, None)
    assert (first.scene.seed, second.scene.seed) == (3, 4)
    assert second.episode == first.episode + 1
    assert second.elapsed_s == 0.0
    wait_for(lambda: len(running.states) > 3)
    np.testing.assert_allclose(running.states[-1][0], ROBOT.array('home'), atol=0.1)


def test_cameras_are_told_what_there_is_to_see(running, world):
    running.start()
    wait_for(lambda: running.told.read() is not None)
    first = running.told.read()
    assert (first.episode, first.seed) == (0, 0)
    running.reset(6, None)
    wait_for(lambda: running.told.read().seed == 6)
    told = running.told.read()
    assert told.episode == 1
    assert told.stamp_ns > first.stamp_ns
    assert len(told.qpos) == world.model.nq
    assert abs(time.time_ns() - told.stamp_ns) < 10e9


def test_every_step_is_watched_until_a_reset_starts_anew(running):
    running.start()
    wait_for(lambda: running.look().limits.judged > 100)
    seen = running.look().limits
    assert (seen.violations, seen.violated) == (0, ())
    assert running.reset(5, None).limits.judged == 0


def test_a_torn_robot_shows_in_the_limits(running):
    command = partial(running.controllers.receive, ROBOT.outputs[0].name, stamp_ns=0, now_ns=time.time_ns())
    command(ROBOT.array('home'))
    running.start()
    torn = ROBOT.array('home')
    torn[ROBOT.joint_names.index('left_arm_4')] -= 0.5
    with running.lock:
        command(torn)
    wait_for(lambda: running.look().limits.violations > 10)
    named = ' '.join(running.look().limits.violated)
    assert 'acceleration of set-point left_arm_4' in named
    assert 'acceleration of joint left_arm_4' in named


def test_what_follows_a_standstill_of_the_simulation_itself_is_not_judged(running):
    running.start()
    wait_for(lambda: running.look().limits.judged > 10)
    before, late = running.look().limits.unjudged, running.slices_late
    with running.lock:
        time.sleep(2 * TOLERATED_LAG_NS / 1e9)  # physics cannot take it
    wait_for(lambda: running.look().limits.unjudged > before)
    assert running.slices_late > late


def test_nothing_runs_after_stop(running):
    running.start()
    running.stop()
    assert 'physics' not in {thread.name for thread in threading.enumerate()}
