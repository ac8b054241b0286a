"""Figures of an episode: each one from rows of which the answer is known."""
import dataclasses

import numpy as np
import pytest

from vla_async import embodiment
from vla_async.replay import metrics
from vla_async.replay.trace import TraceRecorder
from vla_async.types import ActionChunk, FusionReport, JointCommand

S, MS = 10**9, 10**6
ROBOT = embodiment.load('astribot_s1')


def chunk(sequence, observation_ns, latent_ns, inference_ns=20 * MS):
    return ActionChunk(observation_ns, S // 30, np.zeros((4, ROBOT.dof)), sequence=sequence,
                       observation_ns=observation_ns, latent_ns=latent_ns, inference_ns=inference_ns)


def point(recorder, sent_ns, trajectory_ns=1, state='following', late=False, position=None):
    zero = np.zeros(ROBOT.dof)
    command = JointCommand(sent_ns, zero if position is None else position, zero, zero)
    recorder.set_point(command, sent_ns, trajectory_ns, state, late)


@pytest.fixture
def recorder():
    return TraceRecorder(ROBOT.joint_names)


def test_an_empty_episode_has_unknown_figures_and_no_zeros(recorder):
    trace = recorder.finish(S, 2 * S)
    assert metrics.slow_rate_hz(trace) is metrics.chunk_rate_hz(trace) is metrics.command_rate_hz(trace) is None
    assert metrics.spread(metrics.latent_age_ms(trace)) == {'p50': None, 'p99': None, 'max': None}
    assert metrics.seam(trace) == {'position_max': None, 'velocity_max': None, 'acceleration_max': None}
    assert metrics.command_ratios(trace, ROBOT) == {'velocity_ratio_max': None, 'acceleration_ratio_max': None}
    assert metrics.late_ticks(trace) == metrics.idle_ticks(trace) == 0


def test_a_rate_is_intervals_over_the_time_that_they_span():
    assert metrics.rate_hz(np.array([0, 10, 20, 30]) * MS) == pytest.approx(100.0)
    assert metrics.rate_hz(np.array([5])) is None


def test_rows_outside_of_the_episode_do_not_count(recorder):
    for sent_ms in (0, 900, 1000, 1010, 1020, 2100):
        point(recorder, sent_ms * MS, late=True, state='holding')
    trace = recorder.finish(S, 2 * S)
    assert metrics.command_rate_hz(trace) == pytest.approx(100.0)
    assert metrics.late_ticks(trace) == metrics.idle_ticks(trace) == 3


def test_the_age_of_a_latent_is_measured_when_its_chunk_enters_the_motion(recorder):
    for sequence, (latent_ms, accepted) in enumerate([(1100, True), (0, True), (1100, False)]):
        one = chunk(sequence, 1450 * MS, latent_ms * MS)
        recorder.fusion(FusionReport(sequence, accepted), one, 1500 * MS, 1501 * MS)
    assert metrics.latent_age_ms(recorder.finish(S, 2 * S)).tolist() == [400.0]  # no latent: no age; refused: no use


def test_image_to_command_ends_at_the_first_set_point_that_the_chunk_had_a_part_in(recorder):
    first = chunk(7, 1000 * MS, 900 * MS, inference_ns=20 * MS)
    recorder.chunk(first)
    recorder.fusion(FusionReport(7, True), first, 1022 * MS, trajectory_ns=1023 * MS)
    for sent_ms, trajectory_ms in ((1016, 1003), (1024, 1003), (1032, 1023), (1040, 1023)):
        point(recorder, sent_ms * MS, trajectory_ms * MS)
    trace = recorder.finish(S, 2 * S)
    assert metrics.image_to_command_ms(trace).tolist() == [32.0]
    assert metrics.overhead_ms(trace).tolist() == [12.0]


def test_a_chunk_that_was_replaced_before_any_set_point_has_no_way_to_measure(recorder):
    for sequence, (seen_ms, trajectory_ms) in enumerate([(1000, 1020), (1005, 1025)]):
        recorder.fusion(FusionReport(sequence, True), chunk(sequence, seen_ms * MS, 900 * MS), trajectory_ms * MS,
                        trajectory_ms * MS)
    point(recorder, 1030 * MS, 1025 * MS)
    assert metrics.image_to_command_ms(recorder.finish(S, 2 * S)).tolist() == [25.0]


def test_the_age_of_the_motion_grows_until_the_next_chunk(recorder):
    recorder.fusion(FusionReport(1, True), chunk(1, 1000 * MS, 0), 1020 * MS, 1020 * MS)
    for sent_ms, trajectory_ms in ((1024, 1010), (1032, 1020), (1040, 1020)):
        point(recorder, sent_ms * MS, trajectory_ms * MS)
    assert metrics.chunk_age_ms(recorder.finish(S, 2 * S)).tolist() == [32.0, 40.0]


def test_ratios_come_from_the_positions_sent_on_any_grid(recorder):
    joint = ROBOT.joint_names.index('left_arm_1')  # 2 rad/s, 8 rad/s^2
    random = np.random.default_rng(0)
    stamps_ns = S + np.cumsum(random.integers(2 * MS, 9 * MS, 200))
    for stamp_ns in stamps_ns.tolist():
        position = np.zeros(ROBOT.dof)
        position[joint] = 0.5 * 4.0 * ((stamp_ns - S) / S) ** 2  # half of the acceleration limit
        point(recorder, stamp_ns, position=position)
    ratios = metrics.command_ratios(recorder.finish(S, 3 * S), ROBOT)
    assert ratios['acceleration_ratio_max'] == pytest.approx(0.5, rel=1e-4)
    assert ratios['velocity_ratio_max'] == pytest.approx(4.0 * (stamps_ns[-1] - S) / S / 2.0, rel=0.01)


def test_a_jump_of_the_set_points_shows(recorder):
    for i in range(5):
        point(recorder, S + 8 * MS * i, position=np.full(ROBOT.dof, 0.1 * (i > 2)))
    assert metrics.command_ratios(recorder.finish(S, 2 * S), ROBOT)['velocity_ratio_max'] > 5


@pytest.mark.parametrize(('successes', 'count', 'low', 'high'),
                         [(35, 50, 0.5624, 0.8090), (0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0)])
def test_wilson_agrees_with_published_intervals(successes, count, low, high):
    assert metrics.wilson(successes, count) == pytest.approx((low, high), abs=2e-4)
    assert metrics.wilson(0, 0) is None


def test_tables_keep_their_rows_together(recorder):
    point(recorder, S)
    point(recorder, 2 * S, late=True)
    table = recorder.finish(S, 2 * S).set_points
    late = table.where(table.late)
    assert len(table) == 2
    assert {len(getattr(late, f.name)) for f in dataclasses.fields(late)} == {1}
