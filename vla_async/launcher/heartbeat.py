"""Which nodes are alive but silent: by what they answer and say themselves, not by a signal made for the purpose."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

LATE_S = 0.3  # a look that comes this long after the one before is late
QUIET_S = 1.0  # active nodes answer several times a second: when none does for so long, it is not the nodes' fault
STARVED = 4.0  # times the limit that a process may be silent that wants to run and does not get to


@dataclass
class _Member:
    heard_s: float
    process: str = ''
    busy: bool = False
    standstill: str = ''


class Heartbeats:
    """Times of the last sign of life of each node; all times are monotonic [s].

    A node is not judged before its process is known, and after `forget` not before it is known again. To kill what is
    merely slow would make a busy machine busier still, so doubt speaks for the node.
    """

    def __init__(self, limit_s: float, starved: Callable[[str], bool]) -> None:
        """`starved` tells whether a process wants to run and does not get to."""
        self._limit_s, self._starved = limit_s, starved
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
        one that looks is too busy for the others. Nor does who hears nothing at all.
        """
        if now_s - self._looked_s > LATE_S:
            for member in self._members.values():
                member.heard_s = now_s
        self._looked_s = now_s
        if now_s - max((m.heard_s for m in self._members.values()), default=now_s) > QUIET_S:
            return {}
        return {name: m.standstill or f'silent for {now_s - m.heard_s:.2f} s' for name, m in self._members.items()
                if m.standstill or (not m.busy and self._too_long(m, now_s - m.heard_s))}

    def _too_long(self, member: _Member, silent_s: float) -> bool:
        return silent_s > self._limit_s and (silent_s > STARVED * self._limit_s or not self._starved(member.process))
