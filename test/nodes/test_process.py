"""A node's process ends cleanly on both signals, and says what a user did wrong without a traceback."""
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from own_domain import own_domain

from vla_async.launcher.environment import environment
from vla_async.launcher.transport import transport

START = 'import sys; from vla_async.nodes.latent_buffer import main; sys.exit(main())'
IN_REAL_TIME = """
import os
from pathlib import Path
from rclpy.node import Node
from vla_async.nodes.process import run
from vla_async.nodes.threads import CONTROL_PRIORITY, give_up_realtime

def tell(node):
    for thread in sorted(Path('/proc/self/task').iterdir(), key=lambda t: t.name != str(os.getpid())):  # main first
        name = (thread / 'comm').read_text().strip()
        if thread.name == str(os.getpid()) or name.startswith('dds'):
            print(os.sched_getscheduler(int(thread.name)), flush=True)
    os.kill(os.getpid(), 15)

def make():
    node = Node('hasty')
    node.create_timer(0.01, lambda: tell(node))
    return node

run(make, priority=CONTROL_PRIORITY, settle=SETTLE)
"""

COMES_BACK = """
import os
from rclpy.node import Node
from vla_async.nodes import process
from vla_async.nodes.membership import join, succeed
from vla_async.nodes.threads import threads_of_process

process.RECOVERY_S = 0.5

def tell():
    print(*map(os.sched_getscheduler, threads_of_process()), flush=True)

def end():
    tell()
    os.kill(os.getpid(), 15)

def make():
    node = Node('successor')
    tell()
    node.create_timer(1.5, end)
    return node

join()
succeed(1)
process.run(make)
"""

CONFIGURED = """
import os
import rclpy
from vla_async.launcher.shared_memory import FOLDER, owned_by, ports_of
from vla_async.nodes.hardware_bridge import HardwareBridgeNode
from vla_async.nodes.process import run

def tell():
    for name in owned_by(os.getpid()):
        if 'port' not in name or name in ports_of(rclpy.get_default_context().get_domain_id()):
            print(FOLDER / name, flush=True)
    os.kill(os.getpid(), 15)

def make():
    node = HardwareBridgeNode()
    node.trigger_configure()
    node.create_timer(0.01, tell)
    return node

run(make)
"""


@pytest.fixture
def start(ros_environment):
    """Starts the latent buffer's process with arguments; whatever is left of it at the end is killed."""
    claim, started = own_domain(), []

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


@pytest.fixture
def policies(ros_domain):
    """Scheduling policies of a process' main thread and of those of DDS, given its `settle`; and the real-time one."""
    granted = subprocess.run([sys.executable, '-c', 'import os; os.sched_setscheduler(0, 1, os.sched_param(1))'],
                             check=False, stderr=subprocess.DEVNULL).returncode == 0

    def run(settle, before=''):
        program = before + IN_REAL_TIME.replace('SETTLE', settle)
        done = subprocess.run([sys.executable, '-c', program], text=True, check=True, stdout=subprocess.PIPE)
        main, *dds = map(int, done.stdout.split())
        assert dds
        return main, set(dds), os.SCHED_FIFO if granted else os.SCHED_OTHER
    return run


@pytest.mark.parametrize('before', ['', 'from vla_async.nodes.membership import join\njoin()\n'], ids=['', 'stood by'])
def test_callbacks_and_the_threads_of_dds_have_real_time_priority_where_the_machine_grants_it(policies, before):
    main, dds, realtime = policies('lambda: None', before)
    assert (main, dds) == (realtime, {realtime})


def test_callbacks_that_do_without_it_leave_it_to_the_threads_of_dds(policies):
    main, dds, realtime = policies('give_up_realtime')
    assert (main, dds) == (os.SCHED_OTHER, {realtime})


def test_who_takes_the_place_of_a_dead_one_goes_before_ordinary_programs_until_it_has_settled(ros_domain, policies):
    _, _, realtime = policies('lambda: None')
    done = subprocess.run([sys.executable, '-c', COMES_BACK], text=True, check=True, stdout=subprocess.PIPE)
    before, after = (set(map(int, line.split())) for line in done.stdout.splitlines())
    assert before == {realtime}
    assert after == {os.SCHED_OTHER}


def test_a_bridge_that_was_configured_leaves_nothing_in_shared_memory(ros_domain):
    done = subprocess.run([sys.executable, '-c', CONFIGURED], text=True, check=True, stdout=subprocess.PIPE,
                          env={**os.environ, **transport(os.environ, pictures=True)})
    held = done.stdout.split()
    assert held
    assert not any(Path(file).exists() for file in held)
