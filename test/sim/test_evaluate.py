"""Episodes in virtual time with rendered cameras and an untrained policy."""
import json
from dataclasses import replace

import jsonschema
import numpy as np
import pytest

from vla_async import cli, embodiment
from vla_async.acting.policy import load_policy
from vla_async.replay import metrics
from vla_async.replay.report import SCHEMA, make_report
from vla_async.sim.evaluate import EpisodeRunner, EvaluateOptions, evaluate_episode
from vla_async.training.initialise import initialise

ROBOT = embodiment.load('astribot_s1')
SHORT = EvaluateOptions(time_limit_s=1.0)


@pytest.fixture(scope='module')
def checkpoint(tmp_path_factory):
    return initialise(tmp_path_factory.mktemp('policy') / 'tiny', ROBOT, 'tiny', seed=0)


@pytest.fixture(scope='module')
def runner(checkpoint):
    runner = EpisodeRunner(ROBOT, 'touch', load_policy(checkpoint, ROBOT), SHORT)
    yield runner
    runner.close()


def report(episodes):
    return make_report(episodes, ROBOT, {'checkpoint': 'tiny', 'options': {}})


def test_the_same_seed_gives_the_same_report_whatever_ran_before(runner, checkpoint):
    runner.run(1)
    after_another = runner.run(2)
    alone = evaluate_episode(ROBOT, 'touch', 2, load_policy(checkpoint, ROBOT), SHORT)
    assert report([after_another]) == report([alone])
    assert (after_another.trace.set_points.position == alone.trace.set_points.position).all()


def test_cameras_policy_and_robot_run_at_their_rates(runner):
    trace = runner.run(3).trace
    assert metrics.chunk_rate_hz(trace) == pytest.approx(30.0, rel=0.05)
    assert metrics.command_rate_hz(trace) == pytest.approx(ROBOT.rates.command_hz, rel=0.02)
    assert metrics.command_ratios(trace, ROBOT)['velocity_ratio_max'] <= 1.0


def test_an_instruction_of_one_s_own_is_the_one_that_is_judged(runner, checkpoint):
    asked = runner.run(4).facts.instruction.upper()  # names an object that is there
    options = EvaluateOptions(instruction=asked, time_limit_s=0.1)
    assert evaluate_episode(ROBOT, 'touch', 4, load_policy(checkpoint, ROBOT), options).facts.instruction == asked


def test_an_instruction_may_come_while_the_robot_works_at_another_one(runner, checkpoint):
    """The episode begins with the instruction; the robot goes on from where it is."""
    busy = evaluate_episode(ROBOT, 'touch', 3, load_policy(checkpoint, ROBOT), replace(SHORT, busy_s=0.5))
    alone = runner.run(3)
    assert busy.facts.instruction == alone.facts.instruction
    assert busy.trace.start_ns - alone.trace.start_ns == 500_000_000
    assert busy.trace.end_ns - busy.trace.start_ns == alone.trace.end_ns - alone.trace.start_ns
    moving = busy.trace.set_points.velocity[busy.trace.set_points.stamp_ns <= busy.trace.start_ns]
    assert np.abs(moving[-1]).max() > 0.0
    assert metrics.command_ratios(busy.trace, ROBOT)['acceleration_ratio_max'] <= 1.0


@pytest.mark.slow
def test_the_command_writes_the_same_figures_with_one_process_and_with_two(checkpoint, tmp_path):
    for jobs in ('1', '2'):
        assert cli.main(['evaluate', '--task', 'touch', '--seeds', '5:7', '--json', str(tmp_path / f'{jobs}.json'),
                         '--checkpoint', str(checkpoint), '--time-limit', '0.5', '--jobs', jobs]) == 0
    one, two = (json.loads((tmp_path / f'{jobs}.json').read_text()) for jobs in '12')
    assert one == two
    jsonschema.validate(one, json.loads(SCHEMA.read_text()))
    assert [episode['seed'] for episode in one['episodes']] == [5, 6]
