"""Cameras at their rate in a thread of their own: physics never waits for a picture."""
from __future__ import annotations

import threading
import time
from collections.abc import Callable

from vla_async.sim.cameras import Renderer
from vla_async.timebase import NS_PER_S, step_ns
from vla_async.types import ImageArray


class CameraLoop:
    """Every period: copy the world's state under its lock, note the time, then draw each camera from the copy.

    `publish(name, stamp_ns, picture)` is called in the camera thread with the time of the copy. A camera whose
    divider n is not 1 is drawn in every n-th period, in its second half, where it delays no other one. `on_start` is
    called in the camera thread before anything else. A fault in the thread is kept in `fault`.
    """

    def __init__(self, make_renderer: Callable[[], Renderer], lock: threading.Lock, rate_hz: float,
                 dividers: dict[str, int], clock_ns: Callable[[], int],
                 publish: Callable[[str, int, ImageArray], None],
                 on_start: Callable[[], object] = lambda: None) -> None:
        self.fault: Exception | None = None
        self.skipped = 0
        self._make_renderer, self._lock, self._period_ns = make_renderer, lock, step_ns(rate_hz)
        self._dividers, self._clock_ns, self._publish, self._on_start = dividers, clock_ns, publish, on_start
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name='cameras', daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End the camera thread; returns when it is over."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        try:
            self._on_start()
            self._draw_until_stopped(self._make_renderer())
        except Exception as error:  # the thread's owner asks for it
            self.fault = error

    def _draw_until_stopped(self, renderer: Renderer) -> None:
        due_ns, tick = time.monotonic_ns(), 0
        every = [name for name, divider in self._dividers.items() if divider == 1]
        try:
            while not self._stop.is_set():
                self._draw(renderer, every)
                some = [name for name, divider in self._dividers.items() if divider > 1 and tick % divider == 0]
                if some:
                    self._wait(due_ns + self._period_ns // 2)
                    self._draw(renderer, some)
                tick += 1
                due_ns += self._period_ns
                while due_ns + self._period_ns // 2 < time.monotonic_ns():  # closer to the next one: not worth drawing
                    due_ns += self._period_ns
                    self.skipped += 1
                self._wait(due_ns)
        finally:
            renderer.close()

    def _wait(self, due_ns: int) -> None:
        self._stop.wait(max(due_ns - time.monotonic_ns(), 0) / NS_PER_S)

    def _draw(self, renderer: Renderer, names: list[str]) -> None:
        with self._lock:
            renderer.capture()
            stamp_ns = self._clock_ns()
        for name in names:
            self._publish(name, stamp_ns, renderer.render(name))
