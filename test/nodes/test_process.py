"""A node's process ends cleanly on both signals, and says what a user did wrong without a traceback."""
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from vla_async.launcher.domain import claim_free_domain
from vla_async.launcher.environment import environment

START = 'import sys; from vla_async.nodes.latent_buffer import main; sys.exit(main())'


@pytest.fixture
def start(ros_environment):
    """Starts the latent buffer's process with arguments; whatever is left of it at the end is killed."""
    claim, started = claim_free_domain(), []

    def begin(*arguments):
        process = subprocess.Popen([sys.executable, '-c', START, '--ros-args', *arguments], text=True,
                                   env=environment(claim.id, dict(os.environ)), stderr=subprocess.PIPE)
        started.append(process)
        return process
    yield begin
    for process in started:
        process.kill()
        process.communicate()
    claim.release()


def until_named(process, until):
    """Wait until the process has its node's name: from then on it spins."""
    until(lambda: Path(f'/proc/{process.pid}/comm').read_text().strip() == 'latent_buffer', 'the name of the process')


@pytest.fixture
def until(graph):
    return graph.until


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly(start, until, number):
    process = start()
    until_named(process, until)
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0
    assert 'Traceback' not in errors


def test_a_wrong_parameter_is_one_line_and_exit_status_1(start):
    _, errors = (process := start('-p', 'fresh_s:=soon')).communicate(timeout=60)
    assert process.returncode == 1
    assert 'error: parameter fresh_s of latent_buffer' in errors
    assert 'Traceback' not in errors
