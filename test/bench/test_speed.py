"""Figures of a run, held against what is promised."""
import numpy as np

from vla_async import embodiment
from vla_async.bench.pipeline.speed import pipeline_ms, ratio, speed, targets
from vla_async.bench.target import Target
from vla_async.replay.trace import TraceRecorder
from vla_async.types import ActionChunk, FusionReport, JointCommand

S, MS = 10**9, 10**6
ROBOT = embodiment.load('astribot_s1')


LATE = {'p99': 2.0, 'max': 3.0}
SENT = {i: S + i * 33 * MS + 5 * MS for i in range(29)}  # all but the last one
UNKNOWN = {'p99': None, 'max': None}


def run(period_ms):
    recorder, zero = TraceRecorder(ROBOT.joint_names), np.zeros(ROBOT.dof)
    for i in range(30):
        chunk = ActionChunk(S + i * 33 * MS, 33 * MS, np.zeros((2, ROBOT.dof)), sequence=i, inference_ns=18 * MS,
                            observation_ns=S + i * 33 * MS)
        recorder.chunk(chunk)
        recorder.fusion(FusionReport(i, True), chunk, chunk.stamp_ns + 20 * MS, chunk.stamp_ns + 20 * MS)
    for due_ns in range(S, 2 * S, period_ms * MS):
        recorder.set_point(JointCommand(due_ns, zero, zero, zero), due_ns, due_ns, 'following', False)
    return recorder.finish(S, 2 * S)


def test_times_are_pooled_over_the_episodes_and_rates_are_medians():
    figures = speed([run(8), run(8), run(10)], SENT, LATE, latent_bytes=1000)
    assert abs(figures['command_rate_hz'] - 125) < 0.5
    assert figures['model_ms']['p50'] == 18.0
    assert figures['slow_rate_hz'] is None


def test_the_pipeline_is_not_charged_with_the_cameras_time_nor_with_the_models():
    figures = speed([run(1)], SENT, LATE, latent_bytes=1000)
    assert figures['image_to_command_ms']['p50'] == 20.0
    assert figures['overhead_ms']['p50'] == 2.0
    assert figures['pipeline_ms'] == {'p50': -3.0, 'p99': -3.0, 'max': -3.0}
    assert len(pipeline_ms(run(1), SENT)) == 29


def test_an_unknown_figure_meets_no_target():
    empty = speed([], {}, UNKNOWN, None)
    assert not any(target.met for target in targets(empty, empty, 30.0))
    assert ratio(empty, empty, 'chunk_rate_hz') is None


def test_a_bound_that_is_not_there_is_not_in_the_file():
    assert Target('x', 3.0, high=4.0).as_dict() == {'name': 'x', 'value': 3.0, 'met': True, 'high': 4.0}
