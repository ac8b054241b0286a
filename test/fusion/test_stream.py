"""Windows are sent on so that the receiver always has the present, and each can be told from the others."""
from itertools import pairwise

import numpy as np
import pytest

from vla_async.embodiment import load
from vla_async.fusion import ChunkFuser, FuserConfig, WindowStream
from vla_async.timebase import NS_PER_MS, NS_PER_S
from vla_async.types import ActionChunk

START = 5 * NS_PER_S
PERIOD = 20 * NS_PER_MS


@pytest.fixture
def fuser():
    """A fuser of the table arm that is under way to a place near home."""
    robot = load('so101')
    fuser = ChunkFuser(FuserConfig.from_embodiment(robot))
    home = robot.array('home')
    fuser.reset(START, home)
    way = np.linspace(0.0, 0.2, 32)[:, None] * (robot.array('upper') - home)
    assert fuser.add(ActionChunk(START, NS_PER_S // 30, home + way, sequence=1), START).accepted
    return fuser


def test_the_present_lies_inside_every_window(fuser):
    stream = WindowStream(fuser, 50.0, 0.5)
    for now_ns in range(START + PERIOD, START + 20 * PERIOD, PERIOD):
        window = stream.take(now_ns)
        end_ns = window.stamp_ns + (len(window.position) - 1) * window.step_ns
        assert window.stamp_ns <= now_ns < end_ns


def test_stamps_grow_even_when_windows_follow_each_other_at_once(fuser):
    stream = WindowStream(fuser, 50.0, 0.5)
    times = range(START + PERIOD, START + 20 * PERIOD, PERIOD // 4)
    stamps = [stream.take(now_ns).stamp_ns for now_ns in times]
    assert all(later > earlier for earlier, later in pairwise(stamps))


def test_successive_windows_repeat_the_motion(fuser):
    stream = WindowStream(fuser, 50.0, 0.5)
    first, second = stream.take(START + PERIOD), stream.take(START + 2 * PERIOD)
    shift = round((second.stamp_ns - first.stamp_ns) / first.step_ns)
    assert np.allclose(first.position[shift:shift + 4], second.position[:4], rtol=0.0, atol=1e-8)


def test_a_window_is_due_about_a_period_after_the_last_and_never_once_the_motion_rests(fuser):
    stream = WindowStream(fuser, 50.0, 0.5)
    now_ns = START + PERIOD
    stream.take(now_ns)
    assert not stream.due(now_ns + round(0.9 * PERIOD) - 10)
    assert stream.due(now_ns + round(0.9 * PERIOD) + 10)
    assert not stream.due(fuser.rest_ns)


def test_after_the_clock_was_set_back_windows_begin_in_the_past_again(fuser):
    stream = WindowStream(fuser, 50.0, 0.5)
    stream.take(START + NS_PER_S)
    assert stream.take(START + 2 * PERIOD).stamp_ns <= START + 2 * PERIOD
