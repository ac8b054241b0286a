"""What is streamed to a joint_trajectory_controller: points that do not move, the past included, rest at the end."""
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vla_async import embodiment
from vla_async.bridge.brake import Brake
from vla_async.bridge.motion import Rest
from vla_async.bridge.outputs import OutputSettings, Tick, TrajectorySettings, make_output
from vla_async.bridge.outputs.trajectory import MOST_POINTS, Spliced
from vla_async.embodiment import Output
from vla_async.errors import ConfigError
from vla_async.sim.controllers.trajectory_message import ControllerParameters, TrajectoryMessage, refusal
from vla_async.timebase import nanoseconds
from vla_async.types import JointCommand

S, MS = 10**9, 10**6
T0 = 10**18
TICK = 4 * MS
ROBOT = embodiment.load('astribot_s1')
ARM = tuple(f'left_arm_{k}' for k in range(1, 8))
OUTPUT = Output('arm', 'joint_trajectory', 'arm_controller/joint_trajectory', ARM)
ARM_JOINTS = ROBOT.indices(ARM)
HOME = ROBOT.array('home')
LIMITS = {name: ROBOT.array(name) for name in ('acceleration', 'jerk')}


class Sine:
    """Swings all joints until `end_ns`, where it happens to be at rest."""

    def __init__(self, end_ns=T0 + 2 * S, amplitude=0.1):
        self.end_ns, self._amplitude = end_ns, amplitude

    def sample(self, now_ns):
        t, w = (min(now_ns, self.end_ns) - self.end_ns) / S, 2 * np.pi
        rows = self._amplitude * np.array([1 - np.cos(w * t), w * np.sin(w * t), w * w * np.cos(w * t)])
        rows[2] *= now_ns < self.end_ns
        return np.outer(rows, np.ones(ROBOT.dof)) + np.array([[1.0], [0.0], [0.0]]) * HOME


def tick(motion, now_ns):
    return Tick(now_ns, now_ns, JointCommand(now_ns, *motion.sample(now_ns)), motion, None)


def output(**changes):
    return make_output(OUTPUT, ROBOT, OutputSettings(trajectory=TrajectorySettings(**changes)))


def windows(made, motion, seconds=0.5, begin_ns=T0):
    """All windows of so many seconds with the time they were sent at."""
    times_ns = range(begin_ns, begin_ns + round(seconds * S), TICK)
    taken = [(now_ns, made.take(tick(motion, now_ns))) for now_ns in times_ns]
    return [(now_ns, window) for now_ns, window in taken if window is not None]


VARIANTS = pytest.mark.parametrize('variant', ['absolute', 'splice'])


@pytest.mark.parametrize('rate_hz', [30.0, 50.0, 100.0])
def test_windows_come_at_their_rate_whatever_the_tick(rate_hz):
    assert len(windows(output(rate_hz=rate_hz), Sine(), seconds=2.0)) == pytest.approx(2 * rate_hz, abs=1)


@VARIANTS
def test_successive_windows_agree_bit_by_bit_where_the_motion_has_not_changed(variant):
    sent = [window for _, window in windows(output(variant=variant), Sine())]
    for before, after in pairwise(sent):
        apart, rest = divmod(after.stamp_ns - before.stamp_ns, after.step_ns)
        assert rest == 0
        common = min(len(before.position) - apart, len(after.position)) - 1
        assert common > 10
        for name in ('position', 'velocity', 'acceleration'):
            np.testing.assert_array_equal(getattr(before, name)[apart:][:common], getattr(after, name)[:common])


@VARIANTS
def test_points_lie_on_the_motion_and_cover_the_present(variant):
    motion = Sine()
    for now_ns, window in windows(output(variant=variant), motion):
        assert window.stamp_ns <= now_ns < window.stamp_ns + 2 * window.step_ns
        for i in range(len(window.position) - 1):
            state = motion.sample(window.stamp_ns + i * window.step_ns)[:, ARM_JOINTS]
            np.testing.assert_array_equal([window.position[i], window.velocity[i], window.acceleration[i]], state)


@VARIANTS
@pytest.mark.parametrize('begin_ns', [T0, T0 + 1990 * MS, T0 + 60 * S])
def test_a_window_ends_at_rest_where_the_motion_does_and_is_not_over_when_it_arrives(variant, begin_ns):
    motion = Sine()
    for now_ns, window in windows(output(variant=variant, latency_s=0.08), motion, seconds=0.2, begin_ns=begin_ns):
        end_ns = window.stamp_ns + (len(window.position) - 1) * window.step_ns
        assert len(window.position) >= 2
        assert (window.velocity[-1] == 0).all()
        assert (window.acceleration[-1] == 0).all()
        needed_ns = max(motion.end_ns, now_ns + 80 * MS)
        assert needed_ns <= end_ns < needed_ns + 3 * window.step_ns
        np.testing.assert_array_equal(window.position[-1], motion.sample(motion.end_ns)[0, ARM_JOINTS])


@VARIANTS
@pytest.mark.parametrize('distribution', ['humble', 'jazzy', 'master'])
def test_the_controller_takes_every_window_however_late_it_may_be(variant, distribution):
    parameters = ControllerParameters.of(distribution, ARM, 500.0)
    for now_ns, window in windows(output(variant=variant, latency_s=0.1), Sine(T0 + S // 2), seconds=1.0):
        stamp_ns = window.message_ns if isinstance(window, Spliced) else window.stamp_ns
        assert refusal(TrajectoryMessage.of_window(window, ARM, stamp_ns), parameters, now_ns + 100 * MS) == ''


def test_a_splice_is_stamped_with_a_point_that_lies_ahead_of_its_arrival_and_has_one_point_before():
    made = output(variant='splice', latency_s=0.05)
    sent = windows(made, Sine(), seconds=1.0)
    for now_ns, window in sent:
        assert window.message_ns == window.stamp_ns + window.step_ns
        assert window.stamp_ns + 5 * MS <= now_ns
        assert now_ns + 55 * MS <= window.message_ns
    assert len({window.stamp_ns for _, window in sent}) == len(sent) >= 14


def test_a_tick_that_comes_too_late_for_a_splice_waits_for_the_next_point():
    made, step_ns = output(variant='splice', latency_s=0.05), TrajectorySettings(variant='splice').point_ns
    begin_ns = T0 // step_ns * step_ns
    assert made.take(tick(Sine(), begin_ns + 20 * MS)) is None
    assert made.take(tick(Sine(), begin_ns + step_ns + 5 * MS)) is not None


def test_points_of_a_very_long_motion_are_further_apart():
    (_, window), *_ = windows(output(), Sine(T0 + 30 * S))
    assert len(window.position) <= MOST_POINTS
    assert window.stamp_ns % window.step_ns == 0
    assert window.stamp_ns + (len(window.position) - 1) * window.step_ns >= T0 + 30 * S


@VARIANTS
@pytest.mark.parametrize('row', [0, 1, 2])
def test_what_is_not_finite_is_not_sent(variant, row):
    class Broken(Sine):
        def sample(self, now_ns):
            state = super().sample(now_ns)
            state[row, ARM_JOINTS[2]] = np.nan if now_ns > T0 + S else 0.0
            return state

    assert windows(output(variant=variant), Broken()) == []


@VARIANTS
@given(amplitude=st.floats(0.0, 5.0), start_ns=st.integers(0, 2 * S))
@settings(max_examples=30, deadline=None)
def test_positions_are_inside_the_limits_whatever_the_motion(variant, amplitude, start_ns):
    for _, window in windows(output(variant=variant), Sine(amplitude=amplitude), 0.1, T0 + start_ns):
        assert (window.position >= ROBOT.array('lower')[ARM_JOINTS]).all()
        assert (window.position <= ROBOT.array('upper')[ARM_JOINTS]).all()
        outside = Sine(amplitude=amplitude).sample(window.stamp_ns)[0, ARM_JOINTS] != window.position[0]
        assert (window.velocity[0][outside] == 0).all()


def test_a_stop_is_sent_whole():
    state = Sine().sample(T0 + 300 * MS)
    brake = Brake(state, LIMITS['acceleration'], LIMITS['jerk'], T0)
    (_, window), *_ = windows(output(), brake)
    np.testing.assert_allclose(window.position[-1], brake.sample(brake.end_ns)[0, ARM_JOINTS], atol=1e-12)


def test_a_resting_robot_is_told_so_with_few_points():
    sent = windows(output(latency_s=0.05), Rest(HOME, T0))
    assert 20 <= len(sent) <= 26
    assert all(len(window.position) < 9 and np.ptp(window.position, axis=0).max() == 0 for _, window in sent)


@pytest.mark.parametrize(('changes', 'words'), [
    ({'variant': 'blend'}, 'blend.*absolute, splice'), ({'rate_hz': 10.0}, '30 to 100'),
    ({'latency_s': 2.0}, 'latency_s'),
    ({'variant': 'splice', 'latency_s': 0.2}, 'allow_trajectory_replacement'), ({'latency_s': 0.9}, 'closer'),
])
def test_settings_that_cannot_work_are_refused_with_the_cure(changes, words):
    with pytest.raises(ConfigError, match=words):
        TrajectorySettings(**changes)


@VARIANTS
@pytest.mark.parametrize('latency_s', [0.0, 0.01, 0.05, 0.1])
def test_the_motion_is_committed_for_longer_than_a_window_may_be_on_its_way(variant, latency_s):
    made = TrajectorySettings(variant, latency_s=latency_s)
    assert nanoseconds(made.commit_s) > nanoseconds(latency_s) + made.period_ns + made.point_ns
    assert replace(made, latency_s=0.0).commit_s <= made.commit_s


def test_outputs_that_stream_the_same_points_sample_the_motion_once():
    class Counted(Sine):
        def __init__(self):
            super().__init__()
            self.asked = 0

        def sample(self, now_ns):
            self.asked += 1
            return super().sample(now_ns)
    motion = Counted()
    shared = tick(motion, T0)
    motion.asked = 0
    first = output().take(shared)
    once = motion.asked
    assert once == len(first.position)
    assert (output().take(shared).position == first.position).all()
    assert motion.asked == once
