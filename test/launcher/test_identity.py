"""Only the process that called itself so is killed."""
import signal
import subprocess
import sys

import pytest

from vla_async.launcher.identity import is_starved, kill, own_identity

PROGRAM = """
import sys, time
from pathlib import Path
from vla_async.launcher.identity import own_identity
Path('/proc/self/comm').write_text(sys.argv[1][:15])
print(own_identity(), flush=True)
time.sleep(600)
"""


@pytest.fixture
def process():
    """A process named action_generator, and what it calls itself."""
    child = subprocess.Popen([sys.executable, '-c', PROGRAM, 'action_generator'], stdout=subprocess.PIPE, text=True)
    yield child, child.stdout.readline().strip()
    child.kill()
    child.communicate()


def test_a_process_is_found_by_what_it_called_itself(process):
    child, identity = process
    assert kill(identity, 'action_generator') == ''
    assert child.wait(10.0) == -signal.SIGKILL


def test_a_stopped_process_is_killed_too(process):
    child, identity = process
    child.send_signal(signal.SIGSTOP)
    assert kill(identity, 'action_generator') == ''
    assert child.wait(10.0) == -signal.SIGKILL


def test_a_process_that_runs_is_told_from_one_that_waits_one_that_is_stopped_and_one_that_is_gone(process, until):
    child, identity = process
    assert is_starved(own_identity())  # this thread runs
    until(lambda: not is_starved(identity), 'its sleep')
    child.send_signal(signal.SIGSTOP)
    until(lambda: not is_starved(identity), 'its stop')
    child.kill()
    child.wait(10.0)
    assert not is_starved(identity)
    assert not is_starved('')


def test_a_process_of_another_name_is_spared(process):
    child, identity = process
    assert 'is not named chunk_fuser' in kill(identity, 'chunk_fuser')
    assert child.poll() is None


def test_a_process_that_got_the_id_of_a_dead_one_is_spared(process):
    child, identity = process
    earlier = f'{identity.rpartition(":")[0]}:1'
    assert kill(earlier, 'action_generator') == 'it has ended'
    assert child.poll() is None


@pytest.mark.parametrize(('identity', 'why'), [
    ('', 'its process is not known'), ('another-machine:1:1', 'it runs on another machine'),
    (f'{own_identity().partition(":")[0]}:4194305:1', 'it has ended'),
    (f'{own_identity().partition(":")[0]}:-1:1', 'it has ended'),
    (f'{own_identity().partition(":")[0]}:1e3; rm -rf /', 'it has ended')])
def test_what_names_no_process_here_kills_nothing(identity, why):
    assert kill(identity, 'action_generator') == why
