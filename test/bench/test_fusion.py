"""The comparison of fusers: what it runs, what it counts, what it says."""
from dataclasses import replace

import numpy as np
import pytest

from vla_async.bench.fusion import campaign, fuzz
from vla_async.bench.fusion.figures import dominating, figures, violations
from vla_async.bench.fusion.page import page
from vla_async.bench.fusion.run import SERVO_NS, Trace, run
from vla_async.bench.fusion.scenarios import AMPLITUDE, BIASED, SCENARIOS, START_NS, Policy
from vla_async.bench.fusion.targets import targets
from vla_async.fusion.factory import FUSERS, OURS

SHORT = replace(BIASED, seconds=4.0)
JUMP = next(scenario for scenario in SCENARIOS if scenario.key == 'e')
TIMES = ('add_us_p99', 'command_us_p99')


def test_a_seed_gives_the_same_chunks_to_every_fuser():
    first, second = (list(Policy(SHORT, 3).arrivals(1)) for _ in range(2))
    assert [arrival for arrival, _ in first] == [arrival for arrival, _ in second]
    np.testing.assert_array_equal(first[2][1][0].positions, second[2][1][0].positions)
    other = list(Policy(SHORT, 4).arrivals(1))
    assert not np.array_equal(first[2][1][0].positions, other[2][1][0].positions)


def test_without_faults_a_chunk_is_the_wanted_motion():
    clean = replace(SHORT, bias=0.0)
    chunk = Policy(clean, 0).chunk(START_NS)
    np.testing.assert_allclose(chunk.positions[:, 0], AMPLITUDE * np.sin(2 * np.pi * 0.2 * np.arange(50) * 0.033333333))


@pytest.mark.parametrize('name', FUSERS)
def test_every_fuser_gets_through_a_scenario(name):
    row = figures(run(name, SHORT, 0))
    assert 0.04 < row['largest_step'] < 1.0
    assert 0.0 < row['error'] < 0.5
    assert row['refused'] == 0.0


def test_ours_is_smoother_than_what_robots_use_today_and_keeps_the_limits():
    ours, weighted, rail = (figures(run(name, BIASED, 0)) for name in
                            (OURS, 'lerobot_weighted_average', 'vla_rail_paper'))
    for figure in ('largest_step', 'second_difference'):
        assert ours[figure] < rail[figure] < weighted[figure]
    assert ours['violations'] == 0.0 < weighted['violations']
    assert max(ours[key] for key in ('seam_position', 'seam_velocity', 'seam_acceleration')) < 1e-9


def test_a_jump_is_timed_from_the_arrival_of_the_chunk_that_knows_of_it():
    row = figures(run('hard_switch', JUMP, 0))
    assert 0.0 < row['reach_63_s'] <= 0.0334  # the next tick
    assert row['overshoot'] == 0.0
    assert row['error'] is None


def test_degrees_give_the_same_figures_as_radians():
    in_degrees = replace(SHORT, unit=np.degrees(1.0))
    rad, deg = figures(run(OURS, SHORT, 1)), figures(run(OURS, in_degrees, 1))
    for key in ('largest_step', 'second_difference', 'error'):
        assert deg[key] == pytest.approx(rad[key], rel=1e-6)


def test_a_violation_is_a_tick_that_is_too_fast_or_too_abrupt():
    positions = np.zeros((101, 6))
    positions[50:, 2] = 2.1 * SERVO_NS / 1e9  # one step at 2.1 rad/s, where 2 are allowed
    trace = Trace(SHORT, np.arange(101) * SERVO_NS / 1e9, positions)
    assert violations(trace) == pytest.approx(2 / 99)  # the jump into it and the one out of it


def test_a_fuser_dominates_when_it_is_better_somewhere_and_worse_nowhere():
    row = dict.fromkeys(('largest_step', 'second_difference', 'jerk', 'error', 'violations'), 1.0)
    row |= dict.fromkeys(('reach_63_s', 'reach_95_s', 'overshoot'))
    others = {'better': {**row, 'error': 0.5}, 'mixed': {**row, 'error': 0.5, 'jerk': 2.0}, 'equal': row}
    assert dominating(row, others) == {'better': ['error']}


def test_results_become_targets_and_a_page(monkeypatch):
    monkeypatch.setattr('vla_async.bench.fusion.page.picture', lambda scenario: b'png')
    results = {s.key: {name: campaign.measure(replace(s, seconds=max(3.0, (s.jump_s or 0) + 2)), name, 1)
                       for name in (OURS, 'hard_switch')} for s in SCENARIOS}
    held = targets(results)
    assert next(target for target in held if target.name == 'limit violations').met
    assert next(target for target in held if 'degrees' in target.name).met
    text = page(results, held, 1)
    assert text.count('<h2>') == len(SCENARIOS)
    assert '<b>' in text


def test_whatever_comes_in_what_goes_out_is_finite_and_inside_the_limits():
    counts = fuzz.batch(0, 6)
    assert counts['chunks'] == 600
    assert 0 < counts['refused'] < 600
    assert counts['set_points'] == 3600
    assert (counts['not_finite'], counts['violations'], counts['unnamed']) == (0, 0, 0)
