"""Which lifecycle transition is due: nodes come up in order, and whatever came back from the dead comes up again."""
from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass

UNREACHABLE, UNCONFIGURED, INACTIVE, ACTIVE = 'unreachable', 'unconfigured', 'inactive', 'active'
NEXT = {UNCONFIGURED: 'configure', INACTIVE: 'activate'}
RETRY_S, RETRY_LONGEST_S = 0.2, 5.0  # after a transition that failed; twice as long after each further one


@dataclass
class _Member:
    state: str = UNREACHABLE
    was_active: bool = False
    error: str = ''
    failures: int = 0  # one after the other
    retry_s: float = float('-inf')


class BringUp:
    """States of the nodes, in order of bring-up, as they were last seen.

    All are configured side by side, since models take long to load. Until all have been active once, a node is
    activated after those before it; later each comes up by itself.
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
            member.was_active, member.error, member.failures = True, '', 0
        member.state = state
        self._complete_once = self._complete_once or self.complete

    def failed(self, name: str, error: str, now_s: float) -> None:
        """The node's transition failed; it is tried again a little later. `now_s`: a monotonic time [s]."""
        member = self._members[name]
        member.error = error
        member.retry_s = now_s + min(RETRY_S * 2.0 ** member.failures, RETRY_LONGEST_S)
        member.failures += 1

    def due(self, now_s: float, busy: Container[str] = ()) -> Iterator[tuple[str, str]]:
        """Nodes and transitions to begin now; `busy` are those with one under way."""
        in_turn = True  # whether all nodes before are active
        for name, member in self._members.items():
            step = NEXT.get(member.state, '')
            allowed = in_turn or self._complete_once or step == 'configure'
            if step and allowed and name not in busy and now_s >= member.retry_s:
                yield name, step
            in_turn = in_turn and member.state == ACTIVE
