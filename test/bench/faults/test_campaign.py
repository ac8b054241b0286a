"""The order of faults; and two, once each, as a user tries them: real processes and DDS, and nothing of it is left."""
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from vla_async.bench.faults.campaign import spread
from vla_async.bench.faults.kinds import FAULTS

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
