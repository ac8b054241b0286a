"""Going over from the motion under way to a new target: c = b + w (g - b), with w from 0 to 1 along a quintic.

    w(u) = 10 u^3 - 15 u^4 + 6 u^5,   u = time since the switch / T

This is the quintic of VLA-RAIL's fuser [2512.24673] applied to the difference of two motions, so no state has to be
matched and no tail is needed. T is chosen per joint: long where the chunk disagrees no more than noise does (many
chunks in a row then average out), short for a real change, and never shorter than the limits allow for the difference
alone: T >= 1.875 d / V, sqrt(5.774 d / A), cbrt(60 d / J).
"""
from __future__ import annotations

import numpy as np

from vla_async.fusion.config import FuserConfig
from vla_async.fusion.limits import PlanLimits
from vla_async.types import FloatArray

# Largest first, second and third derivative of the quintic from 0 to 1 in unit time.
PEAKS = (1.875, 5.7736, 60.0)
# Share of the limits that the transition may use; the rest is for the motion itself.
SHARE = 0.9


class TransitionRule:
    """Chooses how long a transition takes."""

    def __init__(self, config: FuserConfig, limits: PlanLimits) -> None:
        self._limits = limits
        self._short = config.transition_min_s
        self._noise = config.small_change * limits.velocity  # (D,) [rad or m]
        self._change = config.real_change * limits.velocity  # (D,) [rad or m]

    def durations(self, disagreement: FloatArray, common_s: float, longest_s: float) -> FloatArray:
        """Transition times (D,) [s] for the largest differences (D,) [rad or m] between target and motion.

        Small differences take as long as both have in common, `common_s` [s]; none takes more than `longest_s` [s].
        """
        share = np.clip((self._change - disagreement) / (self._change - self._noise), 0.0, 1.0)
        wanted = self._short + (common_s - self._short) * share
        room = disagreement / SHARE
        needed = np.maximum(np.maximum(PEAKS[0] * room / self._limits.velocity,
                                       np.sqrt(PEAKS[1] * room / self._limits.acceleration)),
                            np.cbrt(PEAKS[2] * room / self._limits.jerk))
        return np.minimum(np.maximum(wanted, needed), longest_s)


def blend_weights(since_s: FloatArray, duration_s: FloatArray) -> FloatArray:
    """w at times (N,) since the switch for durations (D,), shape (N, D)."""
    u = np.clip(since_s[:, None] / duration_s, 0.0, 1.0)
    weights: FloatArray = u * u * u * (10.0 + u * (6.0 * u - 15.0))
    return weights
