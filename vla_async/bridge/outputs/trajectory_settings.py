"""How windows are streamed to a joint_trajectory_controller, and what follows from how late they may arrive.

A window may reach the controller `latency_s` late, and some never do. What the controller was told before must agree
with the newest window until then, so the motion may only change `commit_s` ahead. docs/trajectory_controllers.md says
why there are two variants, and what each can do.
"""
from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from vla_async.embodiment import Embodiment, TrajectoryOutput
from vla_async.errors import ConfigError, unknown
from vla_async.timebase import nanoseconds, seconds, step_ns

FUSER_AHEAD_S = 0.02  # a window takes this long from the fuser to the bridge, or less
ABSOLUTE, SPLICE = 'absolute', 'splice'
VARIANTS = (ABSOLUTE, SPLICE)
SPARE_S = 0.005  # clocks of two machines may differ by this much, two cycles of a controller included
LOST = {ABSOLUTE: 1, SPLICE: 2}  # so many windows in a row may get lost and leave no trace
LONGEST_COMMIT_S = 0.48  # a robot that reacts later than this is of no use [s]
CURES = {ABSOLUTE: 'Bring the bridge closer to the controller.',
         SPLICE: 'Set allow_trajectory_replacement of the controller to false and use the variant absolute.'}


@dataclass(frozen=True, slots=True)
class TrajectorySettings:
    """Settings of a stream; raises ConfigError for those that cannot work.

    absolute: many close points, stamped with the first, which is past. splice: few points, further apart than a
    message takes, stamped with the first that is still to come.
    """

    variant: str = ABSOLUTE
    rate_hz: float = 50.0  # windows a second of the absolute variant; the splice variant sends one from point to point
    latency_s: float = 0.05  # longest time from the bridge to the controller [s]
    knot_s: float = 1 / 60  # spacing of the points, or what it is a multiple of: that of the fused motion's knots [s]
    tick_s: float = 0.004  # from one tick of the bridge to the next [s]

    def __post_init__(self) -> None:
        if self.variant not in VARIANTS:
            raise unknown('trajectory variant', self.variant, VARIANTS)
        if not 30.0 <= self.rate_hz <= 100.0:
            raise ConfigError(f'trajectory windows are sent 30 to 100 times a second, not {self.rate_hz} times')
        if not (0.0 <= self.latency_s <= 1.0 and 0.0 < self.knot_s <= 0.1 and 0.0 < self.tick_s <= 0.1):
            raise ConfigError('trajectory latency_s must lie in 0 to 1, knot_s and tick_s above 0 and up to 0.1')
        if self.commit_s > LONGEST_COMMIT_S:
            raise ConfigError(f'trajectory variant {self.variant}: with latency_s {self.latency_s} the motion could '
                              f'only change {self.commit_s:.2f} s ahead, more than {LONGEST_COMMIT_S} s. '
                              f'{CURES[self.variant]}')

    @property
    def point_ns(self) -> int:
        """From one point of a window to the next [ns]."""
        knot_ns = nanoseconds(self.knot_s)
        if self.variant == ABSOLUTE:
            return knot_ns
        return math.ceil(nanoseconds(self.latency_s + self.tick_s + 2 * SPARE_S) / knot_ns) * knot_ns

    @property
    def period_ns(self) -> int:
        """From one window to the next [ns]."""
        return step_ns(self.rate_hz) if self.variant == ABSOLUTE else self.point_ns

    @property
    def commit_s(self) -> float:
        """How far ahead of the bridge the motion must not change any more [s]."""
        periods_ns = (1 + LOST[self.variant]) * self.period_ns + self.point_ns
        late_ns = nanoseconds(self.latency_s + self.tick_s + SPARE_S) if self.variant == ABSOLUTE else 0
        return seconds(periods_ns + late_ns)


def settings_of(output: TrajectoryOutput, robot: Embodiment, variant: str) -> TrajectorySettings:
    """Those of one output of the robot; raises ConfigError for what cannot work."""
    return TrajectorySettings(variant, latency_s=output.latency_s, tick_s=1.0 / robot.rates.command_hz)


def commit_s(robot: Embodiment, variants: Mapping[str, str] | None = None) -> float:
    """How far ahead of the bridge the motion of this robot must not change any more [s]; 0 without such controllers.

    `variants` by the output's name; those that are not there are absolute.
    """
    streams = [output for output in robot.outputs if isinstance(output, TrajectoryOutput)]
    return max((settings_of(output, robot, (variants or {}).get(output.name, ABSOLUTE)).commit_s
                for output in streams), default=0.0)


def fused_commit_s(robot: Embodiment, at_least: float) -> float:
    """The same ahead of the fuser, or more [s]. The variant splice needs more, which must be set by hand."""
    needed_s = commit_s(robot)
    return max(at_least, needed_s + FUSER_AHEAD_S) if needed_s else at_least
