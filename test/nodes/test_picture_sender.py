"""Pictures go to another process, which may be slow, stuck or dead: whoever sends them does not notice."""
import os
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest

from vla_async.nodes import topics
from vla_async.nodes.conversions import to_ns
from vla_async.nodes.picture_sender import CameraDrivers, PictureSender
from vla_async.nodes.shared_pictures import SLOTS, Place
from vla_async.picture import pixels

PLACES = (Place('/left', 'left_frame', 40, 30), Place('/right', 'right_frame', 20, 50))
LONG_S = 0.3  # a call that takes longer has waited for somebody


@pytest.fixture
def sender(graph):
    made = PictureSender(PLACES, graph.context.get_domain_id())
    yield made
    made.close()


def picture(place, value):
    return np.full((place.height, place.width, 3), value, np.uint8)


def drivers():
    """Ids of the processes that publish the pictures of this one."""
    found = subprocess.run(['pgrep', '-P', str(os.getpid()), '-f', 'nodes.camera_drivers'],
                           capture_output=True, text=True, check=False)
    return [int(line) for line in found.stdout.split()]


def until_heard(graph, sender, heard, value):
    """Send until a picture of this value has come."""
    def come():
        begun = time.monotonic()
        sender.send(0, 7_000_000_005, picture(PLACES[0], value))
        assert time.monotonic() - begun < LONG_S
        return heard and pixels(heard[-1])[0, 0, 0] == value
    graph.until(come, f'picture {value}')


def test_pictures_arrive_on_their_topics_as_they_were_sent(graph, sender):
    left, right = (graph.hear(topics.pictures(place.topic)) for place in PLACES)
    until_heard(graph, sender, left, 3)
    assert (to_ns(left[-1].header.stamp), left[-1].header.frame_id) == (7_000_000_005, 'left_frame')
    np.testing.assert_array_equal(pixels(left[-1]), picture(PLACES[0], 3))
    assert not right
    noise = np.random.default_rng(0).integers(0, 255, (20, 50, 3), dtype=np.uint8)
    graph.until(lambda: sender.send(1, 1, noise) or right, 'the other picture')
    np.testing.assert_array_equal(pixels(right[-1]), noise)


def test_a_process_that_is_stuck_loses_pictures_and_holds_nobody_up(graph, sender):
    left = graph.hear(topics.pictures(PLACES[0].topic))
    until_heard(graph, sender, left, 1)
    (stuck,) = drivers()
    os.kill(stuck, signal.SIGSTOP)
    lost = sender.lost
    begun = time.monotonic()
    for value in range(50):
        sender.send(0, value, picture(PLACES[0], value))
    assert time.monotonic() - begun < LONG_S
    assert sender.lost - lost >= 50 - SLOTS
    os.kill(stuck, signal.SIGCONT)
    until_heard(graph, sender, left, 200)


def test_a_process_that_dies_is_replaced(graph, sender):
    left = graph.hear(topics.pictures(PLACES[0].topic))
    until_heard(graph, sender, left, 1)
    (victim,) = drivers()
    os.kill(victim, signal.SIGKILL)
    until_heard(graph, sender, left, 2)
    assert sender.lost > 0
    (successor,) = drivers()
    assert successor != victim


def test_one_that_was_started_ahead_and_has_died_is_replaced(graph):
    ahead = CameraDrivers(graph.context.get_domain_id())
    (victim,) = drivers()
    os.kill(victim, signal.SIGKILL)
    graph.until(lambda: Path(f'/proc/{victim}/stat').read_text().split()[2] == 'Z', 'its death')
    sender = PictureSender(PLACES, graph.context.get_domain_id(), ahead)
    left = graph.hear(topics.pictures(PLACES[0].topic))
    until_heard(graph, sender, left, 1)
    sender.close()


def test_at_the_end_the_process_is_gone(graph):
    sender = PictureSender(PLACES, graph.context.get_domain_id())
    assert len(drivers()) == 1
    sender.close()
    assert not drivers()
