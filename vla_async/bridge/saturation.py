"""Joints that give all the force they have: what they are told they cannot follow, for load or for contact."""
from __future__ import annotations

import numpy as np

from vla_async.joint_order import JointReading
from vla_async.timebase import NS_PER_S, seconds
from vla_async.types import FloatArray

FULL = 0.98  # share of a joint's effort limit that counts as all of it
PATIENCE_S = 0.5  # a shorter push is none


class SaturationWatch:
    """Watches measured efforts; it reports, and stops nothing: the tracking error does that."""

    def __init__(self, names: tuple[str, ...], limits: FloatArray) -> None:
        """Effort limits (D,) [N or Nm], infinite where none is known."""
        self._names, self._limits = names, limits
        self._since_ns = np.zeros(len(names), dtype=np.int64)  # (D,) last instant below the limit
        self._now_ns = 0

    def observe(self, reading: JointReading) -> None:
        """The newest joint state; one without efforts tells nothing of them."""
        set_back = reading.stamp_ns < self._now_ns
        self._now_ns = reading.stamp_ns
        below = np.ones(len(self._names), dtype=bool)
        if reading.effort is not None and not set_back:
            below = ~(np.abs(reading.effort) >= FULL * self._limits)  # NaN is unknown, not too much
        self._since_ns[below] = reading.stamp_ns

    def fault(self) -> str:
        """Which joints have given all their force for PATIENCE_S, or nothing."""
        long = np.flatnonzero(self._now_ns - self._since_ns > PATIENCE_S * NS_PER_S)
        return '; '.join(f'{self._names[d]} gives all its force ({self._limits[d]:g}) '
                         f'for {seconds(int(self._now_ns - self._since_ns[d])):.1f} s' for d in long)
