"""In one line: what the robot is doing, and why."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from vla_async.graph import PIPELINE

SILENT_S = 3.0  # nodes speak once a second
UNKNOWN = 'unknown'
STALE = 3  # level of who says nothing any more
BRIDGE = 'hardware_bridge'


@dataclass(frozen=True, slots=True)
class Saying:
    """What a node last said of itself in the diagnostics, and when it was heard by a clock that is never set [s]."""

    level: int  # of diagnostic_msgs/DiagnosticStatus: 0 is fine
    message: str
    heard_s: float
    values: Mapping[str, str] = field(default_factory=dict)


def system_line(said: Mapping[str, Saying], now_s: float) -> tuple[str, str]:
    """State of the bridge and the line, from what each node said: its own reason, then the first cause upstream."""
    bridge = said.get(BRIDGE)
    if bridge is None or now_s - bridge.heard_s > SILENT_S:
        return UNKNOWN, f'{UNKNOWN}: {BRIDGE} says nothing'
    state = bridge.values.get('state', 'inactive')
    reason = bridge.values.get('reason') or ('' if bridge.level == 0 else bridge.message)
    cause = _cause(said, now_s)
    return state, f'{state}{f": {reason}" if reason else ""}{f" ({cause})" if cause else ""}'


def system_level(said: Mapping[str, Saying], now_s: float) -> int:
    """The worst level of all that spoke lately, and of the pipeline's nodes that have fallen silent."""
    silent = {name for name, saying in said.items() if now_s - saying.heard_s > SILENT_S}
    levels = [saying.level for name, saying in said.items() if name not in silent]
    return max(levels + [STALE for node in PIPELINE if node.name in silent], default=0)


def _cause(said: Mapping[str, Saying], now_s: float) -> str:
    """The first node in the order of the data flow that is not well, the bridge excepted, or nothing."""
    for node in PIPELINE:
        saying = said.get(node.name)
        if node.name == BRIDGE or saying is None:
            continue
        if now_s - saying.heard_s > SILENT_S:
            return f'{node.name} says nothing'
        if saying.level:
            return f'{node.name}: {saying.message}'
    return ''
