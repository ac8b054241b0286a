"""Which nodes are alive but silent: by what they answer and say themselves, not by a signal made for the purpose."""
from __future__ import annotations

from dataclasses import dataclass

LATE_S = 0.3  # a look that comes this long after the one before is late


@dataclass
class _Member:
    heard_s: float
    process: str = ''
    busy: bool = False
    standstill: str = ''


class Heartbeats:
    """Times of the last sign of life of each node; all times are monotonic [s].

    A node is not judged before its process is known, and after `forget` not before it is known again.
    """

    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s
        self._members: dict[str, _Member] = {}
        self._looked_s = float('-inf')

    def answered(self, name: str, now_s: float) -> None:
        """The node answered a question."""
        if name in self._members:
            self._members[name].heard_s = now_s

    def said(self, name: str, now_s: float, process: str, *, busy: bool = False, standstill: str = '') -> None:
        """The node's diagnostics: its process; that it is `busy` and will say nothing until it is done (it loads a
        model, it brings the robot to rest); where its work has come to a `standstill`, the words for it.
        """
        self._members[name] = _Member(now_s, process, busy, standstill)

    def forget(self, name: str) -> str:
        """Judge it no longer; returns the process that it was."""
        member = self._members.pop(name, None)
        return '' if member is None else member.process

    def silent(self, now_s: float) -> dict[str, str]:
        """Nodes that have come to a standstill, and how that is known; to be called about ten times a second.

        Who comes late itself accuses nobody: words may still wait to be read, and a machine that is too busy for the
        one that looks is too busy for the others.
        """
        if now_s - self._looked_s > LATE_S:
            for member in self._members.values():
                member.heard_s = now_s
        self._looked_s = now_s
        return {name: m.standstill or f'silent for {now_s - m.heard_s:.2f} s' for name, m in self._members.items()
                if m.standstill or (not m.busy and now_s - m.heard_s > self._limit_s)}
