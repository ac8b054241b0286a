"""The order of faults, and when a run is no use; and some, once each, as a user tries them: real processes and DDS."""
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from types import SimpleNamespace

import numpy as np
import pytest

from vla_async.bench.faults import campaign as under_test
from vla_async.bench.faults.campaign import Plan, spread
from vla_async.bench.faults.fault import Fault
from vla_async.bench.faults.judge import GOES_ON, Trace, Verdict
from vla_async.bench.faults.kinds import FAULTS
from vla_async.bench.faults.results import Results
from vla_async.bench.faults.rows import Run

long = pytest.mark.long
PATIENCE_S = 400.0


def campaign(*words):
    return subprocess.Popen([sys.executable, '-m', 'vla_async.cli', 'bench', 'faults', '--runs', '1', *words],
                            text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            env={**os.environ, 'COLUMNS': '200'})


def test_faults_with_a_victim_are_spread_among_the_others_and_keep_their_order():
    order = spread(FAULTS)
    assert sorted(fault.name for fault in order) == sorted(fault.name for fault in FAULTS)
    for kept in (lambda fault: fault.victim, lambda fault: not fault.victim):
        assert list(filter(kept, order)) == list(filter(kept, FAULTS))
    places = [place for place, fault in enumerate(order) if fault.victim]
    assert min(np.diff(places)) >= 4


# -- a graph that is made up, whose runs end as they are told to ----------------------------------------------------

RESTED, BROKEN, FINE = 'came to rest after 1.80 s', '3 steps beyond the limits: x; came to rest after 1.80 s', ''
BODY = ('refused for self-collision',)


@pytest.fixture
def tried(monkeypatch):
    """What a campaign of one run of one fault comes to, and the instants that it chose; `ends`: why, refused."""
    @contextmanager
    def graph(*_):
        yield SimpleNamespace(starter=SimpleNamespace(processes={}), tried=0, clean=True)

    def tried(*ends):
        results, left, instants = Results({}, None), list(ends), []

        def attempt(_graph, _plan, fault, number, rng):
            instants.append(rng.random())
            why, refused = left.pop(0)
            return Run(fault.name, number, GOES_ON, Verdict(why, 1.8, 0.0), Trace(*np.zeros((3, 1)), 0.0), None, 2.0,
                       refused=refused)
        monkeypatch.setattr(under_test, 'attempt', attempt)
        plan = Plan(SimpleNamespace(seed=0), [Fault('no fault', lambda _: None, GOES_ON)], 1, None)
        assert len(list(under_test.campaign(plan, results))) == 1
        assert not left
        return results, instants
    monkeypatch.setattr(under_test, 'running', graph)
    monkeypatch.setattr(under_test, '_prepare', lambda *_: None)
    return tried


def test_a_robot_at_rest_since_the_policy_led_it_into_itself_says_nothing_of_the_fault(tried):
    results, instants = tried((RESTED, BODY), (FINE, ()))
    assert results.passed
    assert results.content['tried_again'] == [
        {'fault': 'no fault', 'run': 0, 'why': f'{RESTED}, refused for self-collision'}]
    assert len(set(instants)) == 2


@pytest.mark.parametrize('ends', [[(RESTED, ())], [(BROKEN, BODY)], [(RESTED, BODY)] * 3])
def test_rest_without_that_and_broken_limits_and_what_happens_every_time_fail(tried, ends):
    results, instants = tried(*ends)
    assert not results.passed
    assert results.faults[0]['runs'] == 1
    assert len(results.content['tried_again']) == len(instants) - 1 == len(ends) - 1


@long
def test_faults_are_judged_by_the_simulated_robot_and_an_interrupted_campaign_goes_on(tmp_path):
    figures, page, logs = tmp_path / 'faults.json', tmp_path / 'faults.html', tmp_path / 'logs'
    words = ('--json', str(figures), '--html', str(page), '--logs', str(logs))
    first = campaign('--only', 'kill motion_markers', *words)
    output, _ = first.communicate(timeout=PATIENCE_S)
    assert first.returncode == 0, output
    second = campaign('--only', 'kill motion_markers', 'loss and jitter of latent', *words)
    output, _ = second.communicate(timeout=PATIENCE_S)
    content = json.loads(figures.read_text())
    killed, lossy = content['faults']
    assert (killed['name'], killed['runs'], killed['passed'], killed['limit_violations']) == (
        'kill motion_markers', 1, 1, 0)
    assert killed['restart_s_max'] > 0.0
    assert killed['recovery_s_max'] == 0.0
    assert (lossy['name'], lossy['runs'], lossy['limit_violations']) == ('loss and jitter of latent', 1, 0), output
    assert max(killed['worst']['joints']) > 0.05  # it moved
    assert content['leftovers'] == []
    assert page.read_text().count('data:image/png') == 3


@long
def test_after_a_pressed_button_the_same_processes_go_on(tmp_path):
    figures = tmp_path / 'faults.json'
    process = campaign('--only', 'stop button', 'stop button after *', '--json', str(figures))
    output, _ = process.communicate(timeout=PATIENCE_S)
    content = json.loads(figures.read_text())
    assert process.returncode == 0, output
    assert [entry['passed'] for entry in content['faults']] == [1, 1]
    assert content['stuck'] == content['leftovers'] == []


@long
def test_ctrl_c_leaves_nothing_behind(tmp_path):
    logs = tmp_path / 'logs'
    process = campaign('--only', 'no fault', '--logs', str(logs))
    deadline_s = time.monotonic() + PATIENCE_S
    while not (logs / 'logs/robot_simulator.log').exists():
        assert time.monotonic() < deadline_s
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130, output
    found = subprocess.run(['pgrep', '-a', '-f', str(logs)], text=True, capture_output=True, check=False).stdout
    assert found == ''
