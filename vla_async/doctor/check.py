"""What a check says."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

OK, WARN, FAIL = 'ok', 'warn', 'fail'


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's; `cure` is empty when there is nothing to mend."""

    level: str  # OK, WARN (something optional is missing) or FAIL (the demo cannot run)
    what: str
    cure: str = ''


@dataclass(frozen=True, slots=True)
class Check:
    """A named question to the machine."""

    name: str
    ask: Callable[[], Finding]
