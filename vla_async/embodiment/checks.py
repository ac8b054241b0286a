"""What the entries of a robot file have in common; `where` names file and place in errors."""
from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from vla_async.errors import ConfigError


def number(where: str, value: Any) -> float:
    """A finite number; raises ConfigError otherwise."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not -math.inf < value < math.inf:
        raise ConfigError(f'{where} must be a finite number, got {value!r}')
    try:
        return float(value)
    except OverflowError as error:
        raise ConfigError(f'{where} has too many digits') from error


def positive(where: str, value: Any) -> float:
    """A finite number above zero; raises ConfigError otherwise."""
    checked = number(where, value)
    if checked <= 0:
        raise ConfigError(f'{where} must be positive')
    return checked


def within(where: str, value: Any, low: float, high: float) -> float:
    """A number from `low` to `high`; raises ConfigError otherwise."""
    checked = number(where, value)
    if not low <= checked <= high:
        raise ConfigError(f'{where} must lie between {low:g} and {high:g}, got {checked:g}')
    return checked


def no_other_keys(where: str, entry: dict[str, Any], known: Iterable[str]) -> None:
    """Raises ConfigError for a key that is not known: a typo must not pass for a default."""
    if extra := sorted(set(map(str, entry)) - set(known)):
        raise ConfigError(f'{where}: unknown key {extra[0]}')
