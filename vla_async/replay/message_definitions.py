"""Message definitions with all that they refer to, as bags embed them (schema encoding `ros2msg`)."""
from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from vla_async.errors import EnvironmentFault

SEPARATOR = '=' * 80
PRIMITIVES = frozenset({
    'bool', 'byte', 'char', 'float32', 'float64', 'int8', 'uint8', 'int16', 'uint16', 'int32', 'uint32', 'int64',
    'uint64', 'string', 'wstring'})
FIELD = re.compile(r'^\s*([A-Za-z][\w/]*)(?:<=\d+)?(?:\[[^\]]*\])?\s+\w+', re.MULTILINE)


def definition(name: str, share_of: Callable[[str], Path]) -> str:
    """Text of the type `package/msg/Name` followed by every type inside it.

    `share_of` gives the share folder of a package. Raises EnvironmentFault when a definition is not installed.
    """
    texts: dict[str, str] = {}
    _collect(name, share_of, texts)
    first, *others = texts
    parts = [texts[first], *(f'{SEPARATOR}\nMSG: {_short(other)}\n{texts[other]}' for other in others)]
    return '\n'.join(parts)


def _collect(name: str, share_of: Callable[[str], Path], texts: dict[str, str]) -> None:
    if name in texts:
        return
    package, kind, short = name.split('/')
    path = share_of(package) / kind / f'{short}.msg'
    try:
        texts[name] = path.read_text()
    except OSError as error:
        raise EnvironmentFault(f'the definition of {name} is not installed: {error}') from error
    for inner in FIELD.findall(_without_comments(texts[name])):
        if inner not in PRIMITIVES:
            _collect(_full(inner, package), share_of, texts)


def _without_comments(text: str) -> str:
    return '\n'.join(line.partition('#')[0] for line in text.splitlines())


def _full(name: str, package: str) -> str:
    parts = name.split('/')
    return f'{parts[0] if len(parts) > 1 else package}/msg/{parts[-1]}'


def _short(name: str) -> str:
    package, _, short = name.split('/')
    return f'{package}/{short}'
