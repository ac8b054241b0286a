import threading
import time

import numpy as np
import pytest

from vla_async.sim.camera_loop import CameraLoop


class FakeRenderer:
    """Sees something new at every look."""

    def __init__(self, nothing=0):
        self.looks, self.nothing = 0, nothing

    def capture(self):
        self.looks += 1
        return None if self.looks <= self.nothing else time.time_ns()

    def render(self, name):
        assert self.looks > self.nothing
        return np.full((2, 2, 3), self.looks, np.uint8)


def pictures_of(dividers, count, renderer=None, rate_hz=500.0):
    """The first pictures that a loop publishes, and the loop."""
    pictures, stop = [], threading.Event()

    def publish(name, stamp_ns, picture):
        pictures.append((name, stamp_ns, int(picture[0, 0, 0])))
        if len(pictures) >= count:
            stop.set()
    loop = CameraLoop(renderer or FakeRenderer(), rate_hz, dividers, publish)
    loop.run(stop)
    return pictures, loop


def test_all_cameras_of_one_moment_carry_its_stamp():
    (head, wrist, *_), _ = pictures_of({'head': 1, 'wrist': 1}, 6)
    assert (head[0], wrist[0]) == ('head', 'wrist')
    assert head[1:] == wrist[1:]


def test_a_camera_with_a_divider_is_drawn_every_so_many_periods():
    pictures, _ = pictures_of({'head': 1, 'wrist': 3}, 8)
    assert [name for name, _, _ in pictures] == ['head', 'wrist', 'head', 'head', 'head', 'wrist', 'head', 'head']


def test_nothing_is_drawn_while_there_is_nothing_to_see():
    pictures, _ = pictures_of({'head': 1}, 2, FakeRenderer(nothing=3))
    assert [number for _, _, number in pictures] == [4, 5]


def test_a_studio_that_fails_ends_the_loop():
    class Broken(FakeRenderer):
        def render(self, name):
            raise RuntimeError('no EGL')
    with pytest.raises(RuntimeError, match='no EGL'):
        pictures_of({'head': 1}, 1, Broken())


def test_periods_that_are_missed_are_skipped_and_counted():
    class Slow(FakeRenderer):
        def render(self, name):
            time.sleep(0.01)
            return super().render(name)
    pictures, loop = pictures_of({'head': 1}, 4, Slow(), rate_hz=400.0)
    assert loop.skipped >= 3
    stamps = [stamp_ns for _, stamp_ns, _ in pictures]
    assert min(np.diff(stamps)) >= 8e6  # no burst to catch up


def test_a_loop_that_was_stopped_before_it_began_draws_nothing():
    renderer, stop = FakeRenderer(), threading.Event()
    stop.set()
    CameraLoop(renderer, 500.0, {'head': 1}, lambda *_: None).run(stop)
    assert renderer.looks == 0
