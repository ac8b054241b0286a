"""Does time go on evenly between two ticks? By the robot's clock, which may be set, and a steady one, which may not."""
from __future__ import annotations

from dataclasses import dataclass

from vla_async.bridge.config import Tolerances
from vla_async.clock_jumps import ClockJumps
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
        self._gap_s, self._jump_s = tolerances.gap_s, tolerances.clock_jump_s
        self.restart(0, 0)

    def restart(self, now_ns: int, steady_ns: int) -> None:
        """What was before does not count."""
        self._jumps, self._steady_ns = ClockJumps(self._jump_s), steady_ns
        self._jumps.look(now_ns, steady_ns)

    def since_ns(self, steady_ns: int) -> int:
        """How long ago the tick before was [ns]."""
        return steady_ns - self._steady_ns

    def step(self, now_ns: int, steady_ns: int) -> Step:
        """Judge the time since the tick before, and remember this one."""
        elapsed_ns, self._steady_ns = self.since_ns(steady_ns), steady_ns
        jump_s, gap_s = self._jumps.look(now_ns, steady_ns), seconds(elapsed_ns)
        return Step(elapsed_ns, f'the clock jumped by {jump_s:+.2f} s' if jump_s else '',
                    f'no set-point was sent for {gap_s:.2f} s' if gap_s > self._gap_s else '')
