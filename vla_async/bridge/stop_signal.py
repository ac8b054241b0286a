"""A stop button or safety controller outside the suite: it says stop, or it is silent for too long."""
from __future__ import annotations

from vla_async.timebase import seconds


class StopSignal:
    """Remembers the newest word. `heartbeat_s` 0: only an explicit stop counts, silence does not."""

    def __init__(self, heartbeat_s: float, clock_lead_s: float) -> None:
        """A word older than `heartbeat_s` or stamped more than `clock_lead_s` ahead is none [s]."""
        self._heartbeat_s, self._clock_lead_s = heartbeat_s, clock_lead_s
        self._stamp_ns: int | None = None
        self._stop, self._reason = False, ''

    def hear(self, stamp_ns: int, stop: bool, reason: str) -> None:
        """A word stamped `stamp_ns`. Stop counts whatever its stamp; to take it back, a word must not be overtaken.

        One that is much older than the known one tells that this was stamped in the future.
        """
        overtaken_s = 0.0 if self._stamp_ns is None else seconds(self._stamp_ns - stamp_ns)
        if stop or overtaken_s <= 0.0 or overtaken_s > self._clock_lead_s:
            self._stamp_ns, self._stop, self._reason = stamp_ns, stop, reason

    def forget(self) -> None:
        """The clock was set: what was heard before has no age any more, but a stop remains one."""
        self._stamp_ns = None

    def fault(self, now_ns: int) -> str:
        """Why the robot must stop and stay, or nothing."""
        if self._stop:
            return f'stop signal: {self._reason or "stop"}'
        if not self._heartbeat_s:
            return ''
        if self._stamp_ns is None:
            return 'stop signal: none has come'
        age_s = seconds(now_ns - self._stamp_ns)
        if age_s > self._heartbeat_s:
            return f'stop signal: silent for {age_s:.2f} s'
        if age_s < -self._clock_lead_s:
            return f'stop signal: stamped {-age_s:.1f} s in the future: the clocks differ'
        return ''
