import threading
import time

import numpy as np
import pytest

from vla_async.sim.camera_loop import CameraLoop


class FakeRenderer:
    """Notes which thread draws what, and that nothing is drawn without a captured state."""

    def __init__(self):
        self.captures, self.closed, self.thread = 0, False, threading.get_ident()

    def capture(self):
        assert threading.get_ident() == self.thread
        self.captures += 1

    def render(self, name):
        assert self.captures
        return np.full((2, 2, 3), self.captures, np.uint8)

    def close(self):
        self.closed = True


class Album:
    """Collects what a loop publishes."""

    def __init__(self, dividers, make=FakeRenderer, rate_hz=500.0):
        self.pictures, self.renderers, self.make = [], [], make
        self.loop = CameraLoop(self.make_renderer, threading.Lock(), rate_hz, dividers, time.time_ns, self.publish)

    def make_renderer(self):
        self.renderers.append(self.make())
        return self.renderers[-1]

    def publish(self, name, stamp_ns, picture):
        self.pictures.append((name, stamp_ns, int(picture[0, 0, 0])))

    def collect(self, count):
        self.loop.start()
        deadline = time.monotonic() + 10.0
        while len(self.pictures) < count and self.loop.fault is None:
            assert time.monotonic() < deadline
            time.sleep(0.005)
        self.loop.stop()


def test_all_cameras_of_one_moment_carry_its_stamp():
    album = Album({'head': 1, 'wrist': 1})
    album.collect(6)
    head, wrist = album.pictures[0], album.pictures[1]
    assert (head[0], wrist[0]) == ('head', 'wrist')
    assert head[1:] == wrist[1:]


def test_a_camera_with_a_divider_is_drawn_every_so_many_periods():
    album = Album({'head': 1, 'spectator': 3})
    album.collect(12)
    assert [name for name, _, _ in album.pictures[:8]] == ['head', 'spectator', 'head', 'head', 'head', 'spectator',
                                                          'head', 'head']


def test_the_renderer_is_closed_in_the_end():
    album = Album({'head': 1})
    album.collect(2)
    assert album.renderers[0].closed


def test_a_renderer_that_fails_is_a_fault_to_be_told_and_not_a_silent_end():
    def broken():
        raise RuntimeError('no EGL')
    album = Album({'head': 1}, make=broken)
    album.collect(1)
    assert str(album.loop.fault) == 'no EGL'


def test_periods_that_are_missed_are_skipped_and_counted():
    class Slow(FakeRenderer):
        def render(self, name):
            time.sleep(0.01)
            return super().render(name)
    album = Album({'head': 1}, make=Slow, rate_hz=400.0)
    album.collect(4)
    assert album.loop.skipped >= 3
    stamps = [stamp_ns for _, stamp_ns, _ in album.pictures]
    assert min(np.diff(stamps)) >= 8e6  # no burst to catch up


@pytest.mark.parametrize('started', [True, False])
def test_stopping_is_always_allowed(started):
    album = Album({'head': 1})
    if started:
        album.loop.start()
    album.loop.stop()
    assert album.loop.fault is None
    assert all(renderer.closed for renderer in album.renderers)
