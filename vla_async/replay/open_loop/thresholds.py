"""Pass or fail, for CI: a YAML file that says how large or small a figure may be in every bag.

    max:
      limits.acceleration_ratio_max: 1.0
    min:
      chunk_rate_hz: 27
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from vla_async.errors import ConfigError, unknown
from vla_async.replay.open_loop.comparison import FIGURES, figure


@dataclass(frozen=True)
class Threshold:
    """A figure that may be at most, or must be at least, so much."""

    name: str
    at_most: bool
    value: float

    def missed(self, report: Mapping[str, Any]) -> str:
        """What is wrong with a bag's report, or nothing; a figure that is unknown fails."""
        found = figure(report, self.name)
        if found is None:
            return f'{self.name} is unknown'
        kept = found <= self.value if self.at_most else found >= self.value
        return '' if kept else f'{self.name} is {found:.4g}, {"at most" if self.at_most else "at least"} {self.value:g}'


def read(path: Path) -> tuple[Threshold, ...]:
    """The thresholds of a file; raises ConfigError, which names the line's key and what there is."""
    try:
        told = yaml.safe_load(path.read_text())
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise ConfigError(f'{path}: not readable as YAML: {error}') from error
    if not isinstance(told, dict) or not told or set(told) - {'max', 'min'}:
        raise ConfigError(f'{path}: must hold max: and min:, each with figures and numbers')
    return tuple(_threshold(path, name, side == 'max', value)
                 for side, figures in told.items() for name, value in _pairs(path, side, figures))


def _pairs(path: Path, side: str, figures: Any) -> list[tuple[str, Any]]:
    if not isinstance(figures, dict):
        raise ConfigError(f'{path}: {side} must hold figures and numbers')
    return list(figures.items())


def _threshold(path: Path, name: str, at_most: bool, value: Any) -> Threshold:
    if name not in FIGURES:
        raise unknown(f'{path}: figure', name, FIGURES)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ConfigError(f'{path}: {name}: {value!r} is no number')
    return Threshold(name, at_most, float(value))
