"""Limits of the joints, and the same limits as differences of spline control points.

The control points c_j of a uniform cubic B-spline with knot spacing h bound curve and derivatives [deBoor1978]: q lies
between the c_j, q' between the (c_j - c_{j-1}) / h, q'' between the second and q''' between the third differences over
h^2 and h^3. So limits that hold for the differences hold at every instant, not only on a grid.
"""
from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vla_async.embodiment import Embodiment
from vla_async.errors import ConfigError
from vla_async.fusion.exact import cube_root
from vla_async.types import FloatArray

# What rounding may add to a difference of control points, as a share of the limit.
ROUNDING = 1e-6
# The last part of the range that is given up, at most, to stop with little jerk (see `PlanLimits`).
SHARE_FOR_STOPPING = 0.02


@dataclass(frozen=True)
class JointLimits:
    """Limits of D joints, each array (D,) in SI units; infinite positions are allowed, `jerk` None means not given.

    Raises ConfigError when an array has another shape, is not a number, or is empty of motion (lower not below upper).
    """

    position_min: FloatArray  # [rad or m]
    position_max: FloatArray  # [rad or m]
    velocity: FloatArray  # [rad/s or m/s]
    acceleration: FloatArray  # [rad/s^2 or m/s^2]
    jerk: FloatArray | None = None  # [rad/s^3 or m/s^3]

    def __post_init__(self) -> None:
        shape = np.shape(self.position_min)
        for name in ('position_min', 'position_max', 'velocity', 'acceleration', 'jerk'):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, _vector(name, getattr(self, name), shape))
        if not (self.position_min < self.position_max).all():
            raise ConfigError('limits: position_min must be below position_max for every joint')
        for name in ('velocity', 'acceleration', 'jerk'):
            values = getattr(self, name)
            if values is not None and not (np.isfinite(values).all() and (values > 0).all()):
                raise ConfigError(f'limits: {name} must be positive and finite for every joint')

    @classmethod
    def from_embodiment(cls, robot: Embodiment) -> JointLimits:
        """The limits of a robot's file, in the order of its joints."""
        return cls(robot.array('lower'), robot.array('upper'), robot.array('velocity'),
                   robot.planned_acceleration, robot.array('jerk'))

    @property
    def dof(self) -> int:
        return int(self.position_min.size)


@dataclass(frozen=True)
class PlanLimits:
    """What the planned motion keeps to: a little inside `JointLimits`, so that it can be left at any time to stop.

    A motion with acceleration A and jerk J that turns back just below a position limit can only be abandoned for a stop
    that ends up to A^3 / (24 J^2) beyond: braking with A, the jerk J needs a last stretch to let go of A. That distance
    is the margin kept from the position limits; where it would cost too much of the range, A is lowered.
    """

    lower: FloatArray  # (D,) [rad or m]
    upper: FloatArray  # (D,) [rad or m]
    velocity: FloatArray  # (D,) [rad/s or m/s]
    acceleration: FloatArray  # (D,) [rad/s^2 or m/s^2]
    jerk: FloatArray  # (D,) [rad/s^3 or m/s^3]

    @classmethod
    def inside(cls, limits: JointLimits, ramp_s: float) -> PlanLimits:
        """Limits of the plan; a joint without jerk limit builds up its full acceleration in `ramp_s` [s]."""
        keep = 1.0 - ROUNDING
        acceleration = limits.acceleration * keep
        jerk = acceleration / ramp_s if limits.jerk is None else limits.jerk * keep
        span = limits.position_max - limits.position_min  # (D,), may be infinite
        acceleration = np.minimum(acceleration, cube_root(24.0 * SHARE_FOR_STOPPING * span * jerk**2))
        margin = acceleration * acceleration * acceleration / (24.0 * jerk**2)
        margin += ROUNDING * np.where(np.isfinite(span), span, 0.0)
        return cls(limits.position_min + margin, limits.position_max - margin, limits.velocity * keep,
                   acceleration, jerk)

    def of(self, columns: NDArray[np.intp]) -> PlanLimits:
        """Those of some of the joints."""
        return PlanLimits(*(getattr(self, entry.name)[columns] for entry in fields(self)))

    def differences(self, step_s: float) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Bounds of first, second and third differences of control points `step_s` [s] apart, each (D,)."""
        return self.velocity * step_s, self.acceleration * (step_s * step_s), self.jerk * (step_s * step_s * step_s)

    def shares(self, step_s: float) -> FloatArray:
        """One over these bounds, (3, 1, D): what such differences are multiplied with to be shares of the limits."""
        return 1.0 / np.stack(self.differences(step_s))[:, None]

    @property
    def stop_s(self) -> float:
        """Longest time [s] that any joint needs to come to rest from any state inside the limits."""
        return float(np.max(self.velocity / self.acceleration + 2.0 * self.acceleration / self.jerk))


def _vector(name: str, value: ArrayLike, shape: tuple[int, ...]) -> FloatArray:
    try:
        array = np.array(value, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ConfigError(f'limits: {name} must be an array of numbers: {error}') from error
    if array.ndim != 1 or array.size == 0 or array.shape != shape:
        raise ConfigError(f'limits: {name} must have one number per joint, got shape {array.shape} beside {shape}')
    if np.isnan(array).any():
        raise ConfigError(f'limits: {name} contains NaN')
    array.flags.writeable = False
    return array
