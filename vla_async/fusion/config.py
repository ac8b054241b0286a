"""Settings of the fuser; the defaults are meant for chunks of about one second at 5 to 60 Hz."""
from __future__ import annotations

import math
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from vla_async.embodiment import JOINT_KINDS, UNBOUNDED_KINDS, Embodiment
from vla_async.errors import ConfigError, DataError, unknown
from vla_async.fusion.limits import JointLimits, PlanLimits
from vla_async.types import FloatArray


def setting(default: float, description: str, low: float, high: float) -> Any:
    """A dataclass field with what the check here and the parameter of a node need to know of it."""
    return field(default=default, metadata={'description': description, 'low': low, 'high': high})


@dataclass(frozen=True, kw_only=True)
class FuserSettings:
    """The few settings that shape the motion; checked here, raises ConfigError."""

    knot_s: float = setting(1 / 60, 'spacing of the knots of the motion: a change shows after one to two of them [s]',
                            0.002, 0.1)
    smoothing_hz: float = setting(3.75, 'motion in a chunk up to about half of this passes whole, noise above it does '
                                  'not [Hz]', 0.5, 30.0)
    transition_min_s: float = setting(0.36, 'time to go over to a chunk that truly wants something else [s]', 0.05, 5.0)
    transition_max_s: float = setting(1.6, 'the same for a chunk that differs by no more than noise [s]', 0.05, 5.0)
    small_change: float = setting(0.05, 'what counts as noise: a disagreement of this many seconds at full velocity '
                                  '[s]', 0.001, 1.0)
    real_change: float = setting(0.07, 'from here on a disagreement is a change of mind: this many seconds at full '
                                 'velocity [s]', 0.001, 1.0)
    commit_s: float = setting(0.01, 'motion this near is already on its way to the robot and never changes [s]',
                              0.0, 1.0)
    horizon_s: float = setting(4.0, 'the motion is planned this far ahead at most [s]', 0.5, 10.0)
    future_s: float = setting(0.5, 'a chunk may be stamped this far in the future [s]', 0.0, 5.0)
    gripper_band: float = setting(0.1, 'a gripper moves when a chunk leaves what it holds by more, share of its range',
                                  0.001, 0.5)
    phase_search_s: float = setting(0.0, 'a chunk whose stamp jitters is moved by up to this much; 0: by nothing [s]',
                                    0.0, 0.2)
    ramp_s: float = setting(0.05, 'build-up time of full acceleration for joints without a jerk limit [s]', 0.005, 1.0)

    def __post_init__(self) -> None:
        for entry in fields(FuserSettings):
            value, low, high = getattr(self, entry.name), entry.metadata['low'], entry.metadata['high']
            if not (isinstance(value, (int, float)) and math.isfinite(value) and low <= value <= high):
                raise ConfigError(f'fusion: {entry.name} must lie between {low} and {high}, got {value!r}')
        if not self.transition_min_s <= self.transition_max_s:
            raise ConfigError('fusion: transition_min_s must not exceed transition_max_s')
        if not self.small_change < self.real_change:
            raise ConfigError('fusion: small_change < real_change is required')
        if self.horizon_s < 2.0 * self.transition_max_s:
            raise ConfigError('fusion: horizon_s must be at least twice transition_max_s')


@dataclass(frozen=True)
class FuserConfig(FuserSettings):
    """The settings with the joints and limits that they are for."""

    joint_names: tuple[str, ...]
    limits: JointLimits
    joint_kinds: tuple[str, ...] = field(default=())  # one of JOINT_KINDS per joint; empty: all revolute

    def __post_init__(self) -> None:
        object.__setattr__(self, 'joint_names', tuple(self.joint_names))
        object.__setattr__(self, 'joint_kinds', tuple(self.joint_kinds) or ('revolute',) * len(self.joint_names))
        self._check_joints()
        super().__post_init__()

    @classmethod
    def from_embodiment(cls, robot: Embodiment, settings: FuserSettings | None = None) -> FuserConfig:
        """A robot's joint names, kinds and limits, with these settings or the defaults."""
        kinds = tuple(joint.kind for joint in robot.joints)
        return cls.of(robot.joint_names, JointLimits.from_embodiment(robot), kinds, settings)

    @classmethod
    def of(cls, names: tuple[str, ...], limits: JointLimits, kinds: tuple[str, ...],
           settings: FuserSettings | None = None) -> FuserConfig:
        """Joints with these settings or the defaults; `settings` may be of a class that has more than those."""
        chosen = settings or FuserSettings()
        return cls(names, limits, kinds, **{entry.name: getattr(chosen, entry.name) for entry in fields(FuserSettings)})

    @property
    def dof(self) -> int:
        return len(self.joint_names)

    @property
    def plan_limits(self) -> PlanLimits:
        """The limits that the planned motion keeps to, a little inside `limits`."""
        return PlanLimits.inside(self.limits, self.ramp_s)

    @property
    def stop_s(self) -> float:
        """A window at least this long [s] can always end at rest."""
        return self.plan_limits.stop_s

    def joint_values(self, name: str, value: ArrayLike) -> FloatArray:
        """`value` as an array (D,); raises DataError, which names it, unless it is D finite numbers."""
        array = np.asarray(value, dtype=np.float64)
        if array.shape != (self.dof,) or not np.isfinite(array).all():
            raise DataError(f'fusion: {name} must be {self.dof} finite numbers, got shape {array.shape}')
        return array

    def _check_joints(self) -> None:
        if len(set(self.joint_names)) != self.dof or not self.joint_names:
            raise ConfigError('fusion: joint_names must be non-empty and all different')
        if self.limits.dof != self.dof:
            raise ConfigError(f'fusion: {self.dof} joint names but limits for {self.limits.dof} joints')
        if len(self.joint_kinds) != self.dof:
            raise ConfigError(f'fusion: {self.dof} joint names but {len(self.joint_kinds)} joint kinds')
        for kind in self.joint_kinds:
            if kind not in JOINT_KINDS:
                raise unknown('joint kind', kind, JOINT_KINDS)
        ends = np.isfinite([self.limits.position_min, self.limits.position_max])  # (2, D)
        for name, kind, limited in zip(self.joint_names, self.joint_kinds, ends.T, strict=True):
            if kind in UNBOUNDED_KINDS and limited.any():
                raise ConfigError(f'fusion: {name}: a {kind} joint has no position limits')
            if kind == 'gripper' and not limited.all():
                raise ConfigError(f'fusion: {name}: a gripper needs both position limits')
