"""Figures without what differs from processor to processor: as many digits as are told, and nothing of noise."""
from __future__ import annotations

from typing import Any

DIGITS = 6  # significant ones
FLOOR = 1e-9  # rad, m, s and what is made of them: below is the rounding of sums that should be zero


def rounded(value: Any) -> Any:
    """`value` with every float as it is told, at any depth."""
    if isinstance(value, float):
        return 0.0 if abs(value) < FLOOR else float(f'{value:.{DIGITS}g}')
    if isinstance(value, dict):
        return {key: rounded(entry) for key, entry in value.items()}
    return [rounded(entry) for entry in value] if isinstance(value, list | tuple) else value
