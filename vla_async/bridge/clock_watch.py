"""Does time go on evenly between two ticks? By the robot's clock, which may be set, and a steady one, which may not."""
from __future__ import annotations

from dataclasses import dataclass

from vla_async.bridge.config import Tolerances
from vla_async.timebase import seconds


@dataclass(frozen=True, slots=True)
class Step:
    """What happened between the tick before and this one."""

    elapsed_ns: int = 0  # time that has passed
    jump: str = ''  # how far the clock was set, or nothing
    gap: str = ''  # how long no set-point was sent, or nothing


class ClockWatch:
    """Remembers the tick before."""

    def __init__(self, tolerances: Tolerances) -> None:
        self._jump_s, self._gap_s = tolerances.clock_jump_s, tolerances.gap_s
        self._now_ns = self._steady_ns = 0

    def restart(self, now_ns: int, steady_ns: int) -> None:
        """What was before does not count."""
        self._now_ns, self._steady_ns = now_ns, steady_ns

    def step(self, now_ns: int, steady_ns: int) -> Step:
        """Judge the time since the tick before, and remember this one."""
        elapsed_ns = steady_ns - self._steady_ns
        elapsed_s, jumped_s = seconds(elapsed_ns), seconds(now_ns - self._now_ns - elapsed_ns)
        self.restart(now_ns, steady_ns)
        return Step(elapsed_ns, f'the clock jumped by {jumped_s:+.2f} s' if abs(jumped_s) > self._jump_s else '',
                    f'no set-point was sent for {elapsed_s:.2f} s' if elapsed_s > self._gap_s else '')
