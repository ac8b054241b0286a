"""What a robot file says of the robot's body: where hands may be, and how near its links may come to each other."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from vla_async.embodiment.checks import no_other_keys, number, within
from vla_async.errors import ConfigError

CORNERS = ('lower', 'upper')
MARGIN = 0.01  # of a robot file that does not say [m]
# a smaller one would be lost among the postures that are looked at, a larger one leave out what is near at home
MARGINS = (0.001, 0.1)  # [m]


@dataclass(frozen=True, slots=True)
class Box:
    """Where a hand's point may be, in the frame base_link (REP 105), or the URDF's root where there is none."""

    lower: tuple[float, ...]  # x, y, z [m]
    upper: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Collision:
    """How near links may come to each other, and which may touch."""

    margin: float = MARGIN  # [m]
    ignore: tuple[tuple[str, str], ...] = ()  # pairs of URDF links


def parse_workspace(source: str, entry: Any) -> dict[str, Box]:
    """The key `workspace`: hand -> box; raises ConfigError that names file, hand and key."""
    if not isinstance(entry, dict):
        raise ConfigError(f'{source}: workspace must map hands to boxes with lower and upper')
    return {str(hand): _box(f'{source}: workspace of {hand}', box) for hand, box in entry.items()}


def parse_collision(source: str, entry: Any) -> Collision:
    """The key `collision`; raises ConfigError that names file and key."""
    if not isinstance(entry, dict):
        raise ConfigError(f'{source}: collision is a mapping with margin and ignore')
    no_other_keys(f'{source}: collision', entry, ('margin', 'ignore'))
    pairs = entry.get('ignore', [])
    if not isinstance(pairs, list) or not all(isinstance(pair, list) and len(pair) == 2 for pair in pairs):
        raise ConfigError(f'{source}: collision: ignore must be a list of pairs of links, got {pairs!r}')
    margin = within(f'{source}: collision: margin', entry.get('margin', MARGIN), *MARGINS)
    return Collision(margin, tuple((str(a), str(b)) for a, b in pairs))


def parse_corners(where: str, entry: dict[str, Any]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """The lower and the upper corner of a box, x, y, z [m] each; raises ConfigError."""
    for key in CORNERS:
        if not isinstance(entry.get(key), list) or len(entry[key]) != 3:
            raise ConfigError(f'{where}: {key} must be a list of x, y, z, got {entry.get(key)!r}')
    lower, upper = (tuple(number(f'{where}: {key}', value) for value in entry[key]) for key in CORNERS)
    if not all(low < high for low, high in zip(lower, upper, strict=True)):
        raise ConfigError(f'{where}: lower must be below upper')
    return lower, upper


def _box(where: str, entry: Any) -> Box:
    if not isinstance(entry, dict):
        raise ConfigError(f'{where}: a box is a mapping with lower and upper')
    no_other_keys(where, entry, CORNERS)
    return Box(*parse_corners(where, entry))
