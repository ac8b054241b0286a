"""What the outputs of a robot have in common: all of them see the same tick, and each makes of it what it sends.

Knows no messages: `nodes/conversions.py` makes them of the payloads.
"""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from vla_async.bridge.motion import Motion
from vla_async.bridge.outputs.trajectory_settings import TrajectorySettings
from vla_async.joint_order import JointReading
from vla_async.types import FloatArray, JointCommand, JointWindow

Payload = FloatArray | JointWindow  # (J,) for the J joints of an output, or a stretch of their motion


@dataclass(frozen=True, slots=True)
class Tick:
    """One instant of the robot. All outputs are given the same, so that all parts of a robot share one time."""

    now_ns: int  # by the robot's clock, which may be set
    steady_ns: int  # by one that is never set: for how long something has lasted
    command: JointCommand  # (D,) set-points of now, all joints of the embodiment
    motion: Motion  # what the robot will do if nothing else comes; ends at rest
    measured: JointReading | None  # newest joint state in the embodiment's order; None: none has come yet
    _sampled: dict[tuple[int, int, int], FloatArray] = field(default_factory=dict, init=False)

    def states(self, first_ns: int, step_ns: int, count: int) -> FloatArray:
        """The motion (3, N, D) at `count` times from `first_ns` on; asked for by several outputs, computed once."""
        key = first_ns, step_ns, count
        if key not in self._sampled:
            self._sampled[key] = np.stack([self.motion.sample(first_ns + i * step_ns) for i in range(count)], axis=1)
        return self._sampled[key]


@dataclass(frozen=True, slots=True)
class OutputSettings:
    """What outputs need to know beyond the robot file."""

    joint_state_age_s: float = 0.3  # measured positions older than this say nothing about now [s]
    velocity: FloatArray | None = None  # (D,) with which the joints move already [rad/s or m/s]; None: they rest
    trajectory: TrajectorySettings = field(default_factory=TrajectorySettings)


class ControllerOutput(Protocol):
    """One controller's share of the motion. Remembers what it sent: make it anew whenever the bridge is activated."""

    def take(self, tick: Tick) -> Payload | None:
        """What to send now; None: nothing this tick. Called once a tick."""
