"""What the bridge is doing and why: its states, what latches them, and a journal of the transitions."""
from __future__ import annotations

from collections import deque

INACTIVE, HOLDING, FOLLOWING, STOPPING, STOPPED = 'inactive', 'holding', 'following', 'stopping', 'stopped'
ENDED = (STOPPING, STOPPED)
DEACTIVATED = 'deactivated'  # a reason to stop that is over with the process


class StateMachine:
    """Where it is; what may follow is its user's to know."""

    def __init__(self) -> None:
        self._latch = ''  # why no window is accepted until a release
        self.journal: deque[str] = deque(maxlen=64)  # transitions that nobody has read yet, for the log
        self.state, self.reason, self.trajectory_ns = INACTIVE, 'not activated', 0
        self.stops, self.last_stop = 0, ''  # how often a motion was ended, or forbidden at rest, and why the last time

    @property
    def moving(self) -> bool:
        """Whether a motion is under way."""
        return self.state in (FOLLOWING, STOPPING)

    @property
    def latched(self) -> bool:
        """Whether a release is needed before anything moves."""
        return bool(self._latch)

    def _become(self, state: str, reason: str, trajectory_ns: int = 0) -> None:
        if (state, reason) != (self.state, self.reason):
            self.journal.append(f'{self.state} -> {state}: {reason or "a window was accepted"}')
        if state in ENDED and self.state not in ENDED:
            self.stops, self.last_stop = self.stops + 1, reason
        self.state, self.reason, self.trajectory_ns = state, reason, trajectory_ns

    def _unwilling(self) -> str:
        """Why no window is wanted now, or nothing."""
        if self._latch:
            return f'{self._latch}; release the bridge first'
        return '' if self.state in (HOLDING, FOLLOWING) else f'the bridge is {self.state}: {self.reason}'
