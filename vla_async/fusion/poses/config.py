"""Settings of the pose fuser: the hands, their workspace and speeds."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vla_async.embodiment import POSE_NUMBERS, Embodiment
from vla_async.errors import ConfigError
from vla_async.fusion.admission import Columns
from vla_async.fusion.config import FuserConfig, FuserSettings
from vla_async.fusion.limits import JointLimits
from vla_async.fusion.poses.limits import AngularLimits
from vla_async.timebase import NS_PER_S, nanoseconds

AXES = ('x', 'y', 'z')
WIDTH = len(POSE_NUMBERS)  # of a hand in a chunk's row
# Knots that a window needs beyond the braking itself: three are given, and one may have just begun.
_STOP_KNOTS = 5


@dataclass(frozen=True)
class PoseFuserConfig:
    """P hands in the order of a chunk's columns; checked here, raises ConfigError."""

    hands: tuple[str, ...]
    translation: FuserConfig  # of 3 P axes [m], hand by hand; grid, smoothing and transitions hold for rotations, too
    angular: AngularLimits

    def __post_init__(self) -> None:
        object.__setattr__(self, 'hands', tuple(self.hands))
        for what, count in (('axes', self.translation.dof / 3), ('angular limits', self.angular.velocity.size)):
            if count != len(self.hands):
                raise ConfigError(f'fusion: {len(self.hands)} hands but {what} for {count:g}')

    @classmethod
    def from_embodiment(cls, robot: Embodiment, settings: FuserSettings | None = None) -> PoseFuserConfig:
        """For a robot whose file says `action: {representation: poses, ...}`, with these settings or the defaults."""
        if robot.action.representation != 'poses':
            raise ConfigError(f'{robot.name}: action: representation is {robot.action.representation}, not poses')
        hands = robot.action.hands
        names = tuple(f'{hand.name}_{axis}' for hand in hands for axis in AXES)
        limits = JointLimits(
            np.concatenate([hand.lower for hand in hands]), np.concatenate([hand.upper for hand in hands]),
            *(np.repeat([getattr(hand, name) for hand in hands], 3) for name in ('velocity', 'acceleration', 'jerk')))
        angular = AngularLimits(np.array([hand.angular_velocity for hand in hands]),
                                np.array([hand.angular_acceleration for hand in hands]))
        translation = FuserConfig.of(names, limits, ('prismatic',) * len(names), settings)
        return cls(tuple(hand.name for hand in hands), translation, angular)

    @property
    def columns(self) -> Columns:
        """Of a chunk: the workspace bounds the positions; the columns of a rotation matrix may have any length."""
        bounds = np.full((2, len(self.hands), WIDTH), [[[-np.inf]], [[np.inf]]])
        workspace = self.translation.limits
        bounds[:, :, :3] = np.reshape([workspace.position_min, workspace.position_max], (2, -1, 3))
        names = tuple(f'{hand}_{number}' for hand in self.hands for number in POSE_NUMBERS)
        return Columns(names, *bounds.reshape(2, -1))

    @property
    def knot_s(self) -> float:
        """Spacing of the motion's knots [s]."""
        return self.translation.knot_s

    @property
    def stop_s(self) -> float:
        """A window at least this long [s] can always end at rest."""
        knot_s = nanoseconds(self.knot_s) / NS_PER_S
        fastest, change = self.angular.differences(knot_s)
        return max(self.translation.stop_s, (float(np.max(fastest / change)) + _STOP_KNOTS) * knot_s)
