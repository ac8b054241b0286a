"""Messages and parameters of joint_trajectory_controller, and which messages it refuses."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vla_async.errors import unknown
from vla_async.timebase import NS_PER_S
from vla_async.types import FloatArray, JointWindow

SINGLE_EPSILON = float(np.finfo(np.float32).eps)  # a last velocity up to this counts as none
DISTRIBUTIONS: Mapping[str, Mapping[str, bool]] = {
    'humble': {'looks_ahead': False, 'allow_nonzero_velocity_at_trajectory_end': True},
    'jazzy': {},
    'kilted': {},
    'master': {'allow_trajectory_replacement': True},
}


@dataclass(frozen=True, slots=True)
class ControllerParameters:
    """Parameters of the controller by their own names; the defaults are those of Jazzy."""

    joints: tuple[str, ...]
    update_rate_hz: float
    looks_ahead: bool = True  # not a parameter: what the distribution does
    allow_trajectory_replacement: bool = False
    interpolate_from_desired_state: bool = False  # Humble: open_loop_control
    allow_nonzero_velocity_at_trajectory_end: bool = False
    path_tolerance: float = 0.0  # constraints.<joint>.trajectory of all joints [rad or m], 0: none
    continuous: tuple[str, ...] = ()  # joints that the URDF calls continuous

    @classmethod
    def of(cls, distribution: str, joints: tuple[str, ...], update_rate_hz: float,
           **changes: Any) -> ControllerParameters:
        """The defaults of a distribution with changes; raises ConfigError, which lists them, for an unknown one."""
        if distribution not in DISTRIBUTIONS:
            raise unknown('distribution', distribution, DISTRIBUTIONS)
        return cls(joints, update_rate_hz, **{**DISTRIBUTIONS[distribution], **changes})


@dataclass(frozen=True, slots=True, eq=False)
class TrajectoryMessage:
    """trajectory_msgs/JointTrajectory, N points; velocity and acceleration None: not given."""

    joint_names: tuple[str, ...]
    stamp_ns: int
    times_ns: NDArray[np.int64]  # (N,) time_from_start
    position: FloatArray  # (N, K)
    velocity: FloatArray | None = None  # (N, K)
    acceleration: FloatArray | None = None  # (N, K)

    @classmethod
    def of_window(cls, window: JointWindow, joints: tuple[str, ...], stamp_ns: int) -> TrajectoryMessage:
        """A window whose message is stamped `stamp_ns`."""
        times_ns = window.stamp_ns - stamp_ns + window.step_ns * np.arange(len(window.position))
        return cls(joints, stamp_ns, times_ns, window.position, window.velocity, window.acceleration)


def refusal(message: TrajectoryMessage, parameters: ControllerParameters, now_ns: int) -> str:
    """Why the controller refuses a message that arrives at `now_ns`, or nothing."""
    names, times_ns = message.joint_names, message.times_ns
    if len(names) != len(parameters.joints):
        return f'{len(names)} joints for a controller of {len(parameters.joints)}'
    if wrong := sorted(set(names) ^ set(parameters.joints)):
        return f'its joints are not the controller\'s: {", ".join(wrong)}'
    if len(times_ns) == 0:
        return 'it is empty'
    if (np.diff(times_ns) <= 0).any():
        return 'its times do not increase'
    ended_ns = message.stamp_ns + int(times_ns[-1])
    if message.stamp_ns != 0 and ended_ns < now_ns:
        return f'it ended {(now_ns - ended_ns) / NS_PER_S:.3f} s ago'
    return _size_fault(message) or _end_fault(message, parameters)


def _size_fault(message: TrajectoryMessage) -> str:
    wanted = (len(message.times_ns), len(message.joint_names))
    for what in ('position', 'velocity', 'acceleration'):
        rows = getattr(message, what)
        if rows is not None and rows.shape != wanted:
            return f'its {what} has the shape {rows.shape}, not {wanted}'
    return ''


def _end_fault(message: TrajectoryMessage, parameters: ControllerParameters) -> str:
    if parameters.allow_nonzero_velocity_at_trajectory_end or message.velocity is None:
        return ''
    speed = np.abs(message.velocity[-1])
    fastest = int(speed.argmax())
    return f'it ends with {message.joint_names[fastest]} in motion' if speed[fastest] > SINGLE_EPSILON else ''
