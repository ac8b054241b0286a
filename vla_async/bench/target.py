"""A figure that was measured, and what it should be."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, slots=True)
class Target:
    """A figure with what it should at least or at most be."""

    name: str
    value: float | None
    low: float = float('-inf')
    high: float = float('inf')

    @property
    def met(self) -> bool:
        """Whether the figure is known and within its bounds."""
        return self.value is not None and self.low <= self.value <= self.high

    def as_dict(self) -> dict[str, Any]:
        """For JSON, which knows no infinity."""
        bounds = {'low': self.low, 'high': self.high}
        return {'name': self.name, 'value': self.value, 'met': self.met,
                **{key: bound for key, bound in bounds.items() if np.isfinite(bound)}}
