"""Which lifecycle transition is due: nodes come up in order, and whatever came back from the dead comes up again."""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

UNREACHABLE, UNCONFIGURED, INACTIVE, ACTIVE = 'unreachable', 'unconfigured', 'inactive', 'active'
NEXT = {UNCONFIGURED: 'configure', INACTIVE: 'activate'}
RETRY_S = 3.0  # after a transition that failed


@dataclass
class _Member:
    state: str = UNREACHABLE
    was_active: bool = False
    error: str = ''
    retry_s: float = field(default=float('-inf'))


class BringUp:
    """States of the nodes, in order of bring-up, as they were last seen.

    Until all have been active once, a node waits for those before it; later each comes up by itself.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._members = {name: _Member() for name in names}
        self._complete_once = False
        self.restarts = 0  # of nodes that had been active

    @property
    def states(self) -> dict[str, str]:
        """Last seen state of every node."""
        return {name: member.state for name, member in self._members.items()}

    @property
    def errors(self) -> dict[str, str]:
        """Why the last transition of a node failed, for nodes where it did."""
        return {name: member.error for name, member in self._members.items() if member.error}

    @property
    def complete(self) -> bool:
        """Whether every node is active."""
        return all(member.state == ACTIVE for member in self._members.values())

    def saw(self, name: str, state: str) -> None:
        """The node is in `state` now."""
        member = self._members[name]
        if state == UNCONFIGURED and member.was_active:
            self.restarts += 1
            member.was_active = False
        if state == ACTIVE:
            member.was_active, member.error = True, ''
        member.state = state
        self._complete_once = self._complete_once or self.complete

    def failed(self, name: str, error: str, now_s: float) -> None:
        """The node's transition failed; it is tried again after RETRY_S. `now_s`: a monotonic time [s]."""
        self._members[name].error, self._members[name].retry_s = error, now_s + RETRY_S

    def due(self, now_s: float) -> tuple[str, str] | None:
        """Node and transition to make now; None while there is nothing to do but wait."""
        for name, member in self._members.items():
            if member.state == ACTIVE:
                continue
            if member.state in NEXT and now_s >= member.retry_s:
                return name, NEXT[member.state]
            if not self._complete_once:
                return None
        return None
