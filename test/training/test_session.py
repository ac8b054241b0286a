"""`vla-async train` as a user runs it: recorded demonstrations, two processes, stopped in the middle, resumed."""
from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from vla_async import cli
from vla_async.acting.policy_spec import PolicySpec
from vla_async.training import demonstrations, training_state

EPISODES = 3
TERMINAL, KILL = 'Ctrl-C in a terminal', 'SIGTERM to the trainer alone'


@pytest.fixture(scope='module')
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp('demonstrations')
    assert demonstrations.record(folder, 'astribot_s1', 'touch', EPISODES, jobs=2) >= 2
    return folder


@pytest.fixture
def train(recorded: Path, tmp_path: Path) -> Callable[..., subprocess.Popen[str]]:
    """The command in a process group of its own, as a terminal would have it."""
    words = ('train', '--episodes', str(EPISODES), '--data', str(recorded), '--out', str(tmp_path / 'out'),
             '--jobs', '2', '--no-evaluation')
    return lambda *more: subprocess.Popen([sys.executable, '-m', 'vla_async.cli', *words, *more], text=True,
                                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)


def updates(folder: Path) -> int:
    return int(json.loads((folder / training_state.NUMBERS).read_text())['progress']['step'])


@pytest.mark.slow
@pytest.mark.parametrize(('how', 'status'), [(TERMINAL, 130), (KILL, 143)])
def test_a_training_that_is_stopped_loses_nothing_and_goes_on(train, tmp_path, how, status):
    process = train('--steps', '100000')
    for line in process.stdout:
        if line.startswith('training: '):
            break
    if how == TERMINAL:
        os.killpg(process.pid, signal.SIGINT)
    else:
        process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=120)
    assert process.returncode == status, output
    assert 'Traceback' not in output
    done = updates(tmp_path / 'out')
    assert f'saving after update {done}; --resume goes on from there' in output
    process = train('--resume', '--steps', str(done + 2))
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 0, output
    assert updates(tmp_path / 'out') == done + 2
    assert PolicySpec.load(tmp_path / 'out').robot == 'astribot_s1'
    card = (tmp_path / 'out/README.md').read_text()
    assert f'--steps {done + 2}' in card
    assert 'demonstrations of the scripted expert' in card


@pytest.mark.parametrize('device', ['banana', 'cuda:99'])
def test_a_device_that_is_not_there_is_named_before_anything_is_recorded(device, tmp_path, capsys):
    folders = ('--data', str(tmp_path / 'data'), '--out', str(tmp_path / 'out'))
    assert cli.main(['train', '--device', device, *folders]) == 1
    error = capsys.readouterr().err
    assert error.startswith(f'vla-async: --device {device}: ')
    assert error.count('\n') == 1
    assert not list(tmp_path.iterdir())
