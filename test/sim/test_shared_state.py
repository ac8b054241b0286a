"""The slot through which physics tells the cameras where everything is."""
import os
import subprocess
import sys
from dataclasses import astuple

import numpy as np
import pytest

from vla_async.sim.shared_state import SIZE, SharedState, StampedState

WRITER = """
import sys
import numpy as np
from vla_async.sim.shared_state import SharedState, StampedState
states = SharedState(int(sys.argv[1]))
print('begun', flush=True)
for number in range(int(sys.argv[2])):
    states.write(StampedState(number, number, number, np.full(1 + number % 700, float(number))))
"""


@pytest.fixture
def states():
    made = SharedState()
    yield made
    made.close()


def same(one, other):
    return all(np.array_equal(a, b) for a, b in zip(astuple(one), astuple(other), strict=True))


def test_nothing_is_there_before_something_is_told(states):
    assert states.read() is None


def test_what_was_told_last_is_there_and_stays(states):
    first = StampedState(1, 7, 5_000_000_001, np.array([0.1, -2.0, 3e-9]))
    states.write(first)
    assert same(states.read(), first)
    second = StampedState(2, 2**40, -3, np.array([4.0]))
    states.write(second)
    assert same(states.read(), second)
    assert same(states.read(), second)


def test_who_opens_the_same_memory_sees_the_same(states):
    other = SharedState(os.dup(states.descriptor))
    states.write(StampedState(1, 2, 3, np.arange(4.0)))
    assert same(other.read(), StampedState(1, 2, 3, np.arange(4.0)))
    other.close()


def test_a_state_that_is_being_written_is_not_seen(states):
    states.write(StampedState(1, 2, 3, np.arange(4.0)))
    states._memory[40] ^= 1
    assert states.read() is None


def test_a_state_too_large_for_the_memory_is_refused(states):
    with pytest.raises(IndexError, match='size'):
        states.write(StampedState(1, 2, 3, np.zeros(SIZE // 8)))


def test_a_reader_in_another_process_never_sees_halves(states):
    """Every state that it gets has the same number everywhere, while the writer replaces it as fast as it can."""
    count = 30_000
    with subprocess.Popen([sys.executable, '-c', WRITER, str(states.descriptor), str(count)], text=True,
                          stdout=subprocess.PIPE, pass_fds=[states.descriptor]) as writer:
        assert writer.stdout.readline() == 'begun\n'
        seen = []
        while writer.poll() is None or not seen:
            told = states.read()
            if told is not None:
                assert told.episode == told.seed == told.stamp_ns
                assert len(told.qpos) == 1 + told.episode % 700
                assert (told.qpos == told.episode).all()
                seen.append(told.episode)
    assert seen == sorted(seen)
    assert states.read().episode == count - 1
