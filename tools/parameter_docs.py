"""Makes docs/parameters.md from the nodes' own declarations: `python tools/parameter_docs.py`."""
from __future__ import annotations

import json
import re
from dataclasses import Field, fields
from importlib import import_module
from pathlib import Path
from typing import Any

from vla_async.graph import ALL, NodeSpec

PAGE = Path(__file__).resolve().parent.parent / 'docs/parameters.md'
UNIT = re.compile(r' \[([^]]+)\]')
HEAD = """\
# Parameters

Every parameter of every node, made from the dataclasses that declare them (`python tools/parameter_docs.py`).
`config/vla_async.yaml` holds the defaults, in the order of the data flow; a robot's own values go into a file of the
same form: `ros2 launch vla_async bringup.launch.py params_file:=FILE`. With `namespace:=left` its sections are named
`/left/hardware_bridge` and so on. A value of another type or out of its range is refused when the node starts. On a
running system `ros2 param describe NODE PARAMETER` tells the same. Nodes read their parameters when they are
configured: to change one, start the node anew.
"""
TABLE = '| parameter | default | range | unit | meaning |\n|---|---|---|---|---|\n'


def page() -> str:
    """The whole document."""
    return '\n'.join([HEAD, *map(section, ALL)])


def section(spec: NodeSpec) -> str:
    """Heading, purpose and table of one node."""
    declared = import_module(f'vla_async.nodes.{spec.executable}').Parameters
    rows = ''.join(map(row, fields(declared)))
    return f'## {spec.name}\n{spec.purpose[0].upper()}{spec.purpose[1:]}.\n\n{TABLE}{rows}'


def row(entry: Field[Any]) -> str:
    """One parameter."""
    text = entry.metadata['description']
    unit = UNIT.search(text)
    cells = (f'`{entry.name}`', _value(entry.default), _range(entry), unit.group(1) if unit else '', UNIT.sub('', text))
    return f'| {" | ".join(map(_escaped, cells))} |\n'


def _value(value: object) -> str:
    """As a parameter file has it."""
    return f'`{value:.6g}`' if isinstance(value, float) and value % 1 else f'`{json.dumps(value)}`'


def _range(entry: Field[Any]) -> str:
    low, high = entry.metadata['low'], entry.metadata['high']
    if low is None:
        return ''
    return f'{low:g} to {high:g}' if isinstance(entry.default, float) else f'{low} to {high}'


def _escaped(text: str) -> str:
    return text.replace('|', '\\|').replace('<', '&lt;')


if __name__ == '__main__':
    PAGE.write_text(page(), encoding='utf-8')
