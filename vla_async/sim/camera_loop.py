"""Cameras at their rate."""
from __future__ import annotations

import threading
import time
from collections.abc import Callable

from vla_async.sim.remote_renderer import RemoteRenderer
from vla_async.timebase import NS_PER_S, step_ns
from vla_async.types import ImageArray


class CameraLoop:
    """Every period: look at the world's newest state, then draw each camera from it.

    `publish(name, stamp_ns, picture)` is called with the stamp of the state. A camera whose divider n is not 1 is drawn
    in every n-th period, in its second half, where it delays no other one.
    """

    def __init__(self, renderer: RemoteRenderer, rate_hz: float, dividers: dict[str, int],
                 publish: Callable[[str, int, ImageArray], None]) -> None:
        self.skipped = 0
        self._renderer, self._period_ns, self._dividers, self._publish = renderer, step_ns(rate_hz), dividers, publish

    def run(self, stop: threading.Event) -> None:
        """Draw until `stop` is set; raises EnvironmentFault where this machine cannot draw."""
        due_ns, tick = time.monotonic_ns(), 0
        every = [name for name, divider in self._dividers.items() if divider == 1]
        while not stop.is_set():
            self._draw(every)
            some = [name for name, divider in self._dividers.items() if divider > 1 and tick % divider == 0]
            if some:
                _wait(stop, due_ns + self._period_ns // 2)
                self._draw(some)
            tick += 1
            due_ns += self._period_ns
            while due_ns + self._period_ns // 2 < time.monotonic_ns():  # closer to the next one: not worth drawing
                due_ns += self._period_ns
                self.skipped += 1
            _wait(stop, due_ns)

    def _draw(self, names: list[str]) -> None:
        stamp_ns = self._renderer.capture()
        if stamp_ns is not None:
            for name in names:
                self._publish(name, stamp_ns, self._renderer.render(name))


def _wait(stop: threading.Event, due_ns: int) -> None:
    stop.wait(max(due_ns - time.monotonic_ns(), 0) / NS_PER_S)
