"""When a fuser's motion is sent on, and which stretch of it: for the node and for the pipeline in virtual time."""
from __future__ import annotations

import math

from vla_async.fusion.factory import Fuser
from vla_async.timebase import nanoseconds, step_ns
from vla_async.types import JointWindow

EARLY = 0.9  # timers are not exact


class WindowStream:
    """Windows for a receiver that samples the newest one.

    Each begins one period in the past, so that the present is inside of it when it arrives, lies on the knots of the
    motion, so that successive windows repeat it, and has a later stamp than the one before, by which it can be traced.
    `window_s` is their length [s]; it becomes longer where the joints need more to stop after what may not change.
    """

    def __init__(self, fuser: Fuser, rate_hz: float, window_s: float) -> None:
        self._fuser, self._period_ns = fuser, step_ns(rate_hz)
        self._step_ns = nanoseconds(fuser.config.knot_s)
        stop_s = fuser.config.commit_s + fuser.config.stop_s
        self._points = math.ceil(nanoseconds(max(window_s, stop_s)) / self._step_ns) + 2
        self._stamp_ns = self._taken_ns = 0

    def take(self, now_ns: int) -> JointWindow:
        """The window to send now."""
        on_knot_ns = (now_ns - self._period_ns) // self._step_ns * self._step_ns
        start_ns = max(on_knot_ns, self._stamp_ns + 1)  # a nanosecond beside the knots is beside them by nothing
        if start_ns > now_ns:  # the clock was set back
            start_ns = on_knot_ns
        self._stamp_ns, self._taken_ns = start_ns, now_ns
        return self._fuser.window(start_ns, self._step_ns, self._points)

    def due(self, now_ns: int) -> bool:
        """Whether the motion goes on and nothing was sent for about a period: chunks send windows of their own."""
        return now_ns - self._taken_ns >= EARLY * self._period_ns and now_ns < self._fuser.rest_ns
