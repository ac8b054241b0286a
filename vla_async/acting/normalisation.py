"""Between joint units and numbers of size one."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vla_async.types import FloatArray

DELTA_FLOOR = 1e-2  # [rad or m]: a joint that never moves in the data is not blown up to unit size
POSITION_FLOOR = 5e-2
VELOCITY_FLOOR = 5e-2


@dataclass(frozen=True)
class Normalisation:
    """Mean and scale per joint; action changes have a scale per step as well, since they grow along the chunk."""

    position_mean: FloatArray  # (D,) [rad or m]
    position_scale: FloatArray  # (D,)
    velocity_scale: FloatArray  # (D,) [rad/s or m/s]
    delta_scale: FloatArray  # (H, D) of set-points minus the measured position [rad or m]

    @classmethod
    def fit(cls, position: FloatArray, velocity: FloatArray, delta: FloatArray) -> Normalisation:
        """From samples: `position`, `velocity` (N, D), `delta` (N, H, D)."""
        return cls(position.mean(0), np.maximum(position.std(0), POSITION_FLOOR),
                   np.maximum(velocity.std(0), VELOCITY_FLOOR),
                   np.maximum(np.sqrt((delta ** 2).mean(0)), DELTA_FLOOR))

    @classmethod
    def unit(cls, home: FloatArray, horizon: int) -> Normalisation:
        """For an untrained policy: around the home position [rad or m], (D,), with moderate scales."""
        size = home.shape[0]
        return cls(home.copy(), np.full(size, 0.5), np.full(size, 0.5), np.full((horizon, size), 0.1))

    def state(self, position: FloatArray, velocity: FloatArray) -> FloatArray:
        """Normalised positions and velocities side by side, (..., 2 * D)."""
        return np.concatenate([(position - self.position_mean) / self.position_scale, velocity / self.velocity_scale],
                              axis=-1)

    def to_delta(self, normalised: FloatArray) -> FloatArray:
        """(..., H, D) of size one to changes [rad or m]."""
        return normalised * self.delta_scale
