"""What the bridge must know about the robot, and how far it trusts what it is given."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from vla_async.bridge.brake import Brake
from vla_async.embodiment import Embodiment
from vla_async.timebase import nanoseconds, seconds
from vla_async.types import FloatArray

REST_MARGIN_S = 0.5  # who waits for rest waits so much longer than any joint needs


@dataclass(frozen=True)
class Tolerances:
    """Limits of the bridge's patience; each has a good default."""

    joint_state_age_s: float = 0.3  # measured positions older than this end the motion [s]
    clock_lead_s: float = 0.5  # a stamp further ahead than this tells of clocks that disagree [s]
    clock_jump_s: float = 0.1  # a clock that goes this much more or less far than time has passed has jumped [s]
    gap_s: float = 0.1  # after this long without set-points the robot has stopped already [s]
    window_age_s: float = 0.5  # windows stamped further back than this come too late [s]
    start: float = 0.2  # first set-point to measured position [rad or m]
    tracking: float = 0.6  # set-point to measured position while moving [rad or m]
    reference: float = 0.05  # what a trajectory controller aims at to what it was sent [rad or m]
    response_s: float = 0.5  # a robot that has been told to move for so long, and stands still, does not obey [s]
    release: float = 0.02  # a robot that was moved by more than this is held where it is now [rad or m]
    outside: float = 0.05  # measured position beyond the limits, at activation [rad or m]
    start_blend_s: float = 1.5  # longest time to glide from the held position onto the motion [s]
    seam_blend_s: float = 0.3  # longest time to glide from one window onto the next [s]
    blend_share: float = 0.1  # part of the limits that a glide may use [1]
    velocity_slack: float = 1.1  # set-points beyond limit times slack are refused [1]
    acceleration_slack: float = 1.25


@dataclass(frozen=True)
class FollowerConfig:
    """Joints (D) with their limits in SI."""

    joint_names: tuple[str, ...]
    lower: FloatArray  # (D,) [rad or m]
    upper: FloatArray  # (D,)
    velocity: FloatArray  # (D,) [rad/s or m/s]
    acceleration: FloatArray  # (D,) [rad/s^2 or m/s^2], of streamed joints a little less than their limit
    jerk: FloatArray  # (D,) [rad/s^3 or m/s^3]
    turning: NDArray[np.bool_]  # (D,) joints whose measured position may be off by whole turns
    untracked: NDArray[np.bool_]  # (D,) of which the way to the set-point tells nothing: led by velocity, so counted
    # from anywhere, or grippers that are told open or closed and stop at what they hold
    streamed: NDArray[np.bool_]  # (D,) joints whose controller holds a stretch of motion and goes on without the bridge
    controllers: Mapping[str, NDArray[np.intp]]  # those whose way is tracked, by the output that leads them
    tolerances: Tolerances = Tolerances()
    commit_s: float = 0.0  # time ahead [s] that is sent already to controllers of streamed joints, and not changed

    @property
    def lead_ns(self) -> int:
        """From now to the first instant that can still change [ns]."""
        return nanoseconds(self.commit_s) if self.streamed.any() else 0

    @cached_property
    def rest_s(self) -> float:
        """Longest time from the wish to brake, whatever state is allowed then, to rest [s]."""
        slack = self.tolerances
        fastest = np.stack([np.zeros_like(self.velocity), slack.velocity_slack * self.velocity,
                            slack.acceleration_slack * self.acceleration])
        return seconds(self.lead_ns + Brake(fastest, self.acceleration, self.jerk, 0).end_ns)

    @cached_property
    def _turn(self) -> FloatArray:
        """After which a joint is where it was, (D,) [rad]."""
        return np.where(self.turning, 2.0 * np.pi, np.inf)

    def apart(self, position: FloatArray, other: FloatArray) -> FloatArray:
        """Distances (D,) [rad or m] between two positions (D,); of turning joints the shorter way round."""
        apart = np.abs(position - other)
        turned = np.fmod(apart, self._turn)
        return np.minimum(turned, self._turn - turned)

    @classmethod
    def from_embodiment(cls, robot: Embodiment, tolerances: Tolerances | None = None,
                        commit_s: float = 0.0) -> FollowerConfig:
        """Limits of the robot file."""
        arrays = {name: robot.array(name) for name in ('lower', 'upper', 'velocity', 'jerk')}
        kinds = np.array([joint.kind for joint in robot.joints])
        grippers = [joint for output in robot.outputs if output.kind == 'gripper' for joint in output.joints]
        untracked = (kinds == 'velocity') | np.isin(robot.joint_names, grippers)
        led = {output.name: robot.indices(output.joints) for output in robot.outputs}
        tracked = {name: joints[~untracked[joints]] for name, joints in led.items()}
        return cls(joint_names=robot.joint_names, turning=kinds == 'continuous', untracked=untracked,
                   controllers={name: joints for name, joints in tracked.items() if joints.size},
                   streamed=robot.streamed, acceleration=robot.planned_acceleration,
                   tolerances=tolerances or Tolerances(), commit_s=commit_s, **arrays)
