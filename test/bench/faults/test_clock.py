"""Clocks that jump, seen by processes of their own."""
import os
import shutil
import subprocess
import sys

import pytest

from vla_async.bench.faults.clock import Clocks
from vla_async.errors import EnvironmentFault

LOOK = """
import sys, threading, time
print(time.time(), flush=True)
for line in sys.stdin:
    began = time.monotonic()
    acquired = threading.Lock().acquire(timeout=0.2) and threading.Event().wait(0.2)
    print(time.time(), time.clock_gettime(time.CLOCK_MONOTONIC), time.monotonic() - began, flush=True)
"""


@pytest.fixture
def clocks(tmp_path):
    return Clocks(tmp_path, ('fuser', 'bridge'))


@pytest.fixture
def look(clocks):
    """Start a process that tells its time, once for every call after the first."""
    started = []

    def start(node):
        process = subprocess.Popen([sys.executable, '-S', '-c', LOOK, '-r', f'__node:={node}'], text=True,
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   env={**os.environ, **clocks.environment})
        started.append(process)
        process.stdout.readline()

        def now():
            process.stdin.write('\n')
            process.stdin.flush()
            return [float(word) for word in process.stdout.readline().split()]
        return now
    yield start
    for process in started:
        process.communicate()


def offset_s(look):
    import time
    return look()[0] - time.time()


def test_only_the_clocks_jump_that_are_told_to_and_only_the_date(clocks, look):
    import time
    fuser, bridge, other = look('fuser'), look('bridge'), look('recorder')
    clocks.jump(['fuser'], 10.0)
    assert offset_s(fuser) == pytest.approx(10.0, abs=1.0)
    assert offset_s(bridge) == pytest.approx(0.0, abs=1.0)
    assert offset_s(other) == pytest.approx(0.0, abs=1.0)
    assert fuser()[1] == pytest.approx(time.monotonic(), abs=1.0)


def test_jumps_add_up_and_can_be_taken_back(clocks, look):
    fuser = look('fuser')
    clocks.jump(['fuser'], -10.0)
    assert offset_s(fuser) == pytest.approx(-10.0, abs=1.0)
    clocks.jump(['fuser', 'bridge'], 10.0)
    assert offset_s(fuser) == pytest.approx(0.0, abs=1.0)
    assert offset_s(look('bridge')) == pytest.approx(10.0, abs=1.0)


@pytest.mark.parametrize('by_s', [10.0, -10.0])
def test_waits_last_as_long_as_before(clocks, look, by_s):
    fuser = look('fuser')
    clocks.jump(['fuser'], by_s)
    assert 0.1 < fuser()[2] < 5.0  # 0.2 s on an idle machine; none, or ten more, where a wait sees the jump


def test_a_machine_without_a_compiler_is_told_so(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, 'which', lambda _: None)
    with pytest.raises(EnvironmentFault, match='C compiler'):
        Clocks(tmp_path, ('fuser',))
