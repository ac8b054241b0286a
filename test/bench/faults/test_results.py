import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from vla_async.bench.faults.judge import COMES_BACK, Trace, Verdict
from vla_async.bench.faults.page import page
from vla_async.bench.faults.results import Results
from vla_async.bench.faults.rows import Run, in_words, row_of
from vla_async.bench.faults.stamps import StampReport
from vla_async.errors import ConfigError

CONDITIONS = {'settings': {'seed': 0, 'robot': 'astribot_s1', 'checkpoint': 'touch', 'version': '0'},
              'machine': {'processor': 'x', 'cores': 2, 'system': 'Linux'},
              'slack': {'set-points': [1e-6, 1.02, 1.25], 'joints': [0.01, 1.1, 1.5]}}


VIOLATED = ('acceleration of set-point left_arm_1: 3.7 of its limit', 'velocity of joint left_arm_1: 1.2 of its limit')
CALM = StampReport(5.0, 0.0, (0.6, 0.83, 0.97), 0.1, 0.0, 0.012, ())


def run(fault='kill chunk_fuser', number=0, why='', hold_s=0.5, recovery_s=2.0, violations=0, speed=0.2,
        violated=VIOLATED, stamps=CALM, evidence=None):
    times_s, speeds = np.arange(-0.5, 2.0, 0.01), np.full((2, 250), speed)
    trace = Trace(times_s, *speeds, 0.0, violations, violated if violations else ())
    return Run(fault, number, COMES_BACK, Verdict(why, hold_s, recovery_s), trace, None, 2.0, (), stamps, evidence)


def test_sums_are_those_that_were_promised():
    results = Results(CONDITIONS, None)
    for each in (run(number=0, recovery_s=1.0), run(number=1, recovery_s=2.5, hold_s=0.7),
                 run(number=2, why='too far', recovery_s=None, hold_s=None, violations=3)):
        results.add(each)
    (entry,) = results.faults
    assert {key: entry[key] for key in ('name', 'runs', 'passed', 'limit_violations', 'time_to_hold_s_max',
                                        'recovery_s_max')} == {
        'name': 'kill chunk_fuser', 'runs': 3, 'passed': 2, 'limit_violations': 3, 'time_to_hold_s_max': 0.7,
        'recovery_s_max': 2.5}
    assert [each['why'] for each in entry['each']] == ['', '', 'too far']
    assert not results.passed


@pytest.mark.parametrize(('changes', 'cause'), [
    ({}, 'lateness'),
    ({'stamps': replace(CALM, beyond=('velocity of left_arm_1: 1.30 of its limit',))}, 'set-points'),
    ({'stamps': replace(CALM, stop=3.5)}, 'silence'),
    ({'stamps': replace(CALM, jump=1.3)}, 'silence'),
    ({'stamps': replace(CALM, heard_s=0.0)}, 'unknown'),
    ({'stamps': replace(CALM, unheard_s=0.4)}, 'unknown'),
    ({'stamps': replace(CALM, unheard_s=0.4, stop=3.5)}, 'silence'),
    ({'stamps': None}, 'unknown'),
    ({'violated': VIOLATED[1:]}, 'joints'),
    ({'violations': 0}, None),
])
def test_a_row_says_where_its_violations_come_from(changes, cause):
    assert row_of(run(**{'violations': 33, **changes}))['cause'] == cause


def test_what_the_stamps_say_is_in_the_row_and_in_words_where_a_limit_was_broken():
    row = row_of(run(violations=33, evidence=Path('logs/failed/kill_chunk_fuser_0')))
    assert row['limit_violations'] == 33
    assert row['stamps'] == {'heard_s': 5.0, 'unheard_s': 0.0, 'position': 0.6, 'velocity': 0.83,
                             'acceleration': 0.97, 'stop': 0.1, 'jump': 0.0, 'longest_gap_s': 0.012, 'beyond': []}
    assert row['evidence'] == 'logs/failed/kill_chunk_fuser_0'
    assert 'cause: lateness; ' in in_words(row)
    assert '0.97 of the acceleration limit' in in_words(row)
    assert in_words(row_of(run())) == in_words({'run': 0, 'why': 'of an older campaign'}) == ''


def test_runs_whose_set_points_were_beyond_are_counted_whatever_the_physics_saw():
    results = Results(CONDITIONS, None)
    results.add(run(number=0))
    results.add(run(number=1, stamps=replace(CALM, beyond=('velocity of left_arm_1: 1.30 of its limit',))))
    assert (results.faults[0]['beyond_by_stamps'], results.faults[0]['passed']) == (1, 2)


@pytest.mark.parametrize(('runs', 'worst'), [
    ([run(number=0, recovery_s=1.0), run(number=1, recovery_s=2.0), run(number=2, recovery_s=1.5)], 1),
    ([run(number=0, recovery_s=None), run(number=1, recovery_s=2.0)], 0),
    ([run(number=0, recovery_s=9.0), run(number=1, why='x'), run(number=2, why='x', violations=1)], 2),
])
def test_the_trace_of_the_worst_run_is_kept(runs, worst):
    results = Results(CONDITIONS, None)
    for each in runs:
        results.add(each)
    kept = results.faults[0]['worst']
    assert kept['run'] == worst
    assert len(kept['times_s']) == len(kept['set_points']) == len(kept['joints']) == 250


def test_an_interrupted_campaign_goes_on_where_it_was(tmp_path):
    path = tmp_path / 'faults.json'
    Results(CONDITIONS, path).add(run(number=0))
    again = Results(CONDITIONS, path)
    assert again.has('kill chunk_fuser', 0)
    assert not again.has('kill chunk_fuser', 1)
    assert not again.has('kill recorder', 0)
    again.add(run(number=1))
    again.note(memory={'flat': True})
    content = json.loads(path.read_text())
    assert [entry['runs'] for entry in content['faults']] == [2]
    assert content['conditions'] == CONDITIONS
    assert Results(CONDITIONS, path).passed


@pytest.mark.parametrize('note', [{'leftovers': ['process 7']}, {'stuck': ['after stop button, run 0: no answer']},
                                  {'memory': {'flat': False}}])
def test_what_is_left_stuck_or_grown_fails_a_campaign_whose_runs_passed(tmp_path, note):
    path = tmp_path / 'faults.json'
    results = Results(CONDITIONS, path)
    results.add(run())
    assert results.passed
    results.note(**note)
    assert not results.passed
    assert not Results(CONDITIONS, path).passed


def test_faults_are_told_in_their_order_whenever_they_were_tried(tmp_path):
    path = tmp_path / 'faults.json'
    results = Results(CONDITIONS, path, ['first', 'second', 'third'])
    for name in ('third', 'of an older campaign', 'first', 'second'):
        results.add(run(name))
    assert [entry['name'] for entry in json.loads(path.read_text())['faults']] == [
        'first', 'second', 'third', 'of an older campaign']


@pytest.mark.parametrize('text', ['', '[]', '{"normal": {}}'])
def test_a_file_of_something_else_is_left_alone(tmp_path, text):
    path = tmp_path / 'other.json'
    path.write_text(text)
    with pytest.raises(ConfigError, match='not the file of a campaign'):
        Results(CONDITIONS, path)
    assert path.read_text() == text


def test_so_is_that_of_a_campaign_with_other_settings(tmp_path):
    path = tmp_path / 'faults.json'
    Results(CONDITIONS, path).add(run())
    other = {**CONDITIONS, 'settings': {**CONDITIONS['settings'], 'seed': 1}}
    with pytest.raises(ConfigError, match='other settings'):
        Results(other, path)


def test_memory_that_grows_fails_the_campaign():
    results = Results(CONDITIONS, None)
    results.add(run())
    assert results.passed
    results.note(memory={'flat': False})
    assert not results.passed


def test_the_page_shows_every_fault_and_why_it_failed():
    results = Results(CONDITIONS, None)
    results.add(run())
    results.add(run('NaN on <joint_states>', why='beyond & away', recovery_s=None, hold_s=None, violations=33))
    results.try_again(replace(run('NaN on <joint_states>', why='came to rest after 1 s'), refused=('refused for <x>',)))
    results.note(memory={'minutes': 5.0, 'warm_up': 0.3, 'flat': True, 'processes': {
        'chunk_fuser': {'held_mib': 70.0, 'growth_mib': 0.1, 'flat': True}}})
    html = page(results.content)
    for words in ('1 of 2 faults passed', 'NaN on &lt;joint_states&gt;', 'beyond &amp; away', 'chunk_fuser', '2 cores',
                  'Nothing: no process', 'cause: lateness',
                  'run 0: came to rest after 1 s, refused for &lt;x&gt;'):
        assert words in html
    assert html.count('data:image/png;base64,') == 3  # recoveries, and one for each fault


def test_a_page_of_nothing_says_so():
    assert '0 of 0 faults passed' in page(Results(CONDITIONS, None).content)
