"""Whether a clock that people and time servers may set was set, by comparison with one that nobody can set."""
from __future__ import annotations

from vla_async.timebase import seconds

JUMP_S = 0.5  # by less than this a clock is corrected now and then, and what was stamped before is as good as ever


class ClockJumps:
    """Looks at both clocks now and then, as rarely as you like."""

    def __init__(self, limit_s: float = JUMP_S) -> None:
        self._limit_s = limit_s
        self._apart_ns: int | None = None  # the clock minus the steady one

    def look(self, now_ns: int, steady_ns: int) -> float:
        """How far the clock was set since the last look [s], negative for back; 0.0 for no more than the limit.

        A slow drift never adds up to a jump: each look compares with the one before.
        """
        before_ns, self._apart_ns = self._apart_ns, now_ns - steady_ns
        jump_s = 0.0 if before_ns is None else seconds(self._apart_ns - before_ns)
        return jump_s if abs(jump_s) > self._limit_s else 0.0
