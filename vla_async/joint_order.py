"""Joint states as they come, put into the embodiment's order and judged."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vla_async.errors import DataError
from vla_async.types import FloatArray

NONE = np.empty(0)  # what a sender does not measure


@dataclass(frozen=True, slots=True)
class JointReading:
    """All joints of the embodiment at one instant."""

    stamp_ns: int
    position: FloatArray  # (D,) [rad or m]
    velocity: FloatArray  # (D,) [rad/s or m/s]; zero where the sender does not measure it
    effort: FloatArray | None = None  # (D,) [N or Nm]; None where the sender does not measure it


class JointOrder:
    """Maps a sender's joint names onto the embodiment's; the mapping is worked out once a sender."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self._names = names
        self._sender: tuple[str, ...] | None = None
        self._source = np.empty(0, dtype=np.intp)
        self.unknown: tuple[str, ...] = ()  # names that the sender has and the embodiment lacks; ignored

    def arrange(self, stamp_ns: int, names: tuple[str, ...], position: FloatArray, velocity: FloatArray,
                effort: FloatArray = NONE) -> JointReading:
        """Reading in the embodiment's order.

        position (K,) [rad or m], velocity and effort, each (K,) or (0,), belong to the K names. Raises DataError that
        names the joints which are missing or not finite.
        """
        if names != self._sender:
            self._learn(names)
        if position.size != len(names) or velocity.size not in (0, len(names)):
            raise DataError(f'joint state has {len(names)} names, {position.size} positions and '
                            f'{velocity.size} velocities')
        arranged = position[self._source]
        speed = velocity[self._source] if velocity.size else np.zeros(len(self._names))
        finite = np.isfinite(arranged) & np.isfinite(speed)
        if not finite.all():
            wrong = [name for name, good in zip(self._names, finite, strict=True) if not good]
            raise DataError(f'joint state is not finite: {", ".join(wrong)}')
        force = effort[self._source] if effort.size == len(names) else None
        return JointReading(stamp_ns, arranged, speed, force)

    def _learn(self, names: tuple[str, ...]) -> None:
        place = {name: i for i, name in enumerate(names)}
        missing = [name for name in self._names if name not in place]
        if missing:
            raise DataError(f'joint state lacks {", ".join(missing)}')
        self._source = np.array([place[name] for name in self._names], dtype=np.intp)
        self.unknown = tuple(name for name in names if name not in self._names)
        self._sender = names
