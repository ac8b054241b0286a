"""An audit as a table for people."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

HEADINGS = ('messages', 'Hz', 'gap p50', 'p99', 'max', 'latency p50', 'p99', 'max', 'first s', 'last s')


def print_audit(audit: Mapping[str, Any], console: Console) -> None:
    """One row for each topic; gaps between messages, and from stamp to receipt, in ms."""
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), caption=_caption(audit), caption_justify='left')
    table.add_column('topic', no_wrap=True)
    for heading in HEADINGS:
        table.add_column(heading, justify='right', no_wrap=True)
    for name, topic in audit['topics'].items():
        table.add_row(*_row(name, topic), style='' if topic['messages'] else 'yellow')
    console.print(table)


def _row(name: str, topic: Mapping[str, Any]) -> tuple[str | Text, ...]:
    if not topic['messages']:
        return Text(name), 'silent'
    return (Text(name), str(topic['messages']), _number(topic['rate_hz'], 1), *_spread(topic['gap_ms']),
            *_spread(topic['latency_ms']), _number(topic['first_s'], 2), _number(topic['last_s'], 2))


def _spread(summary: Mapping[str, float] | None) -> tuple[str, ...]:
    return ('-',) * 3 if summary is None else tuple(_number(summary[key], 1) for key in ('p50', 'p99', 'max'))


def _number(value: float | None, digits: int) -> str:
    return '-' if value is None else f'{value:.{digits}f}'


def _caption(audit: Mapping[str, Any]) -> str:
    return (f'{audit["messages"]} messages, {audit["bytes"] / 1e6:.1f} MB in {audit["duration_s"]:.1f} s; '
            f'{len(audit["silent"])} of {len(audit["topics"])} topics silent')
