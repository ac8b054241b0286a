"""An audit as a table for people."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

HEADINGS = ('messages', 'Hz', 'gap\np50', '\np99', '\nmax', 'delay\np50', '\np99', '\nmax', 'first\ns', 'last\ns')


def print_audit(audit: Mapping[str, Any], console: Console) -> None:
    """One row for each topic; gaps between messages, and delays from stamp to receipt, in ms."""
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), caption=_caption(audit), caption_justify='left')
    table.add_column('topic', overflow='fold')  # the only one that may be folded
    for heading in HEADINGS:
        table.add_column(heading, justify='right', no_wrap=True)
    for name, topic in audit['topics'].items():
        table.add_row(*_row(name, topic), style='' if topic['messages'] else 'yellow')
    console.print(table)


def _row(name: str, topic: Mapping[str, Any]) -> tuple[str | Text, ...]:
    if not topic['messages']:
        return Text(name), 'silent'
    return (Text(name), str(topic['messages']), _number(topic['rate_hz']), *_spread(topic['gap_ms']),
            *_spread(topic['latency_ms']), _number(topic['first_s']), _number(topic['last_s']))


def _spread(summary: Mapping[str, float] | None) -> tuple[str, ...]:
    return ('-',) * 3 if summary is None else tuple(_number(summary[key]) for key in ('p50', 'p99', 'max'))


def _number(value: float | None) -> str:
    return '-' if value is None else f'{value:.1f}' if abs(value) < 100 else f'{value:.0f}'


def _caption(audit: Mapping[str, Any]) -> str:
    return (f'{audit["messages"]} messages, {audit["bytes"] / 1e6:.1f} MB in {audit["duration_s"]:.1f} s; '
            f'{len(audit["silent"])} of {len(audit["topics"])} topics silent')
