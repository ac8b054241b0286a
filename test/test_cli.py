"""The command line: quick, clear, and with the exit status that scripts rely on."""
import importlib
import os
import signal
import subprocess
import sys
import time
import types

import pytest

from vla_async import cli
from vla_async.errors import ConfigError

HEAVY = ('torch', 'rclpy', 'mujoco', 'transformers', 'matplotlib', 'rosbags')


def command(run):
    return types.SimpleNamespace(add_arguments=lambda parser: parser.add_argument('--n', type=int), run=run)


@pytest.fixture
def doctor(monkeypatch):
    """Put a function in the place of the doctor's `run`."""
    def put(run):
        monkeypatch.setattr(cli.importlib, 'import_module', lambda name: command(run))
    return put


@pytest.mark.parametrize('name', [c.name for c in cli.COMMANDS])
def test_help_of_each_command_shows_an_example_and_loads_nothing_heavy(name):
    code = (f'import sys\nfrom vla_async.cli import main\ntry:\n    main([{name!r}, "--help"])\n'
            f'except SystemExit as end:\n    assert end.code == 0\nprint([m for m in {HEAVY!r} if m in sys.modules])')
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == '[]'
    assert f'vla-async {name}' in done.stdout.partition('examples:')[2]


def test_a_package_that_is_missing_is_named_with_the_cure(doctor, capsys):
    def fails(args):
        raise ModuleNotFoundError("No module named 'rich'", name='rich')
    doctor(fails)
    assert cli.main(['doctor']) == 1
    assert capsys.readouterr().err.startswith('vla-async: the Python package rich is missing: in a ROS workspace `pip ')


def test_help_lists_every_command(capsys):
    with pytest.raises(SystemExit) as end:
        cli.main(['--help'])
    assert end.value.code == 0
    out = capsys.readouterr().out
    assert all(c.summary in out for c in cli.COMMANDS)


def test_each_command_has_its_module():
    for one in cli.COMMANDS:
        assert importlib.util.find_spec(one.module) is not None, one.module


def test_the_status_of_a_command_is_the_status_of_the_process(doctor):
    doctor(lambda args: args.n)
    assert cli.main(['doctor', '--n', '3']) == 3


def test_an_error_is_one_line_on_stderr_and_status_one(doctor, capsys):
    def run(args):
        raise ConfigError('unknown robot; valid: astribot_s1')
    doctor(run)
    assert cli.main(['doctor']) == 1
    assert capsys.readouterr().err == 'vla-async: unknown robot; valid: astribot_s1\n'


def test_ctrl_c_is_status_130_without_a_traceback(doctor, capsys):
    def run(args):
        raise KeyboardInterrupt
    doctor(run)
    assert cli.main(['doctor']) == 130
    assert capsys.readouterr().err == ''


@pytest.mark.parametrize('arguments', [[], ['dance'], ['doctor', '--n', 'x']])
def test_wrong_usage_is_status_two(arguments, doctor, capsys):
    doctor(lambda args: 0)
    with pytest.raises(SystemExit) as end:
        cli.main(arguments)
    assert end.value.code == 2


def test_the_version_is_the_package_s(capsys):
    with pytest.raises(SystemExit):
        cli.main(['--version'])
    assert capsys.readouterr().out == f'vla-async {cli.version()}\n'


@pytest.mark.parametrize(('options', 'culprit'), [
    (['--task', 'dance', '--seeds', '0:1'], 'touch'),
    (['--robot', 'r2d2', '--seeds', '0:1'], 'astribot_s1'),
    (['--checkpoint', 'nowhere', '--seeds', '0:1'], 'nowhere'),
    (['--jobs', '0', '--seeds', '0:1'], '--jobs'),
    (['--robot', 'so101', '--checkpoint', 'astribot_s1_touch', '--seeds', '0:1'], 'not for so101'),
    (['--robot', 'so101', '--checkpoint', 'astribot_s1_touch', '--seeds', '0:2', '--jobs', '2'], 'not for so101'),
    (['--time-limit', '0', '--seeds', '0:1'], '--time-limit'),
])
def test_evaluate_names_what_is_wrong_before_it_starts(options, culprit, tmp_path, capsys):
    assert cli.main(['evaluate', '--json', str(tmp_path / 'r.json'), *options]) == 1
    error = capsys.readouterr().err
    assert culprit in error
    assert 'Traceback' not in error


@pytest.mark.parametrize('seeds', ['5', '5:5', '9:3', 'a:b', '-3:4'])
def test_seeds_are_a_range(seeds, tmp_path, capsys):
    with pytest.raises(SystemExit) as end:
        cli.main(['evaluate', '--json', str(tmp_path / 'r.json'), f'--seeds={seeds}'])
    assert end.value.code == 2
    assert 'A:B' in capsys.readouterr().err


@pytest.mark.parametrize(('number', 'status'), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_unwinds_the_command_and_shows_in_the_status(doctor, capsys, number, status):
    def run(args):
        try:
            os.kill(os.getpid(), number)
            time.sleep(10.0)
        finally:
            print('saved')  # noqa: T201
    doctor(run)
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # as in the background of a script
    try:
        assert ended_with(['doctor']) == status
    finally:
        signal.signal(signal.SIGINT, before)
    assert capsys.readouterr().out == 'saved\n'


def ended_with(arguments):
    try:
        return cli.main(arguments)
    except SystemExit as end:
        return end.code
