"""What an output sends <-> the message that its controller takes."""
from __future__ import annotations

from typing import Any

import numpy as np
from geometry_msgs.msg import TwistStamped

from vla_async.bridge.aim_watch import ControllerState
from vla_async.bridge.outputs import Payload
from vla_async.bridge.outputs.trajectory import Spliced
from vla_async.embodiment import Embodiment, Output, TwistOutput
from vla_async.errors import DataError
from vla_async.nodes.conversions import controller_message, to_ns, to_time, window_message, window_value
from vla_async.types import FloatArray, JointWindow

BASE_FRAME = 'base_link'  # REP 105


def to_controller(output: Output, payload: Payload, stamp_ns: int) -> Any:
    """Message for the controller of `output`; a twist is stamped with `stamp_ns`, windows are stamped already."""
    if isinstance(payload, JointWindow):
        return window_message(payload, output.joints, payload.message_ns if isinstance(payload, Spliced) else None)
    return twist_message(stamp_ns, payload) if isinstance(output, TwistOutput) else controller_message(payload)


def from_controller(output: Output, message: Any) -> tuple[Payload, int]:
    """Payload and stamp [ns], 0 without one, of such a message; raises DataError that names the joint."""
    if output.kind == 'joint_trajectory':
        return window_value(message, output.joints), to_ns(message.header.stamp)
    if isinstance(output, TwistOutput):
        return _checked(output, twist_value(message)), to_ns(message.header.stamp)
    return _checked(output, np.asarray(message.data, dtype=np.float64)), 0


def controller_state_value(robot: Embodiment, output: Output, message: Any) -> ControllerState:
    """What a JointTrajectoryControllerState says (views); raises DataError unless it is of exactly the output's joints.

    Its joints come in the order of the controller. Humble tells no speed, and a controller that is older than its
    message says 0 instead: that is none, too.
    """
    names = tuple(message.joint_names)
    reference, error = (np.asarray(point.positions, dtype=np.float64) for point in (message.reference, message.error))
    if wrong := sorted(set(names) ^ set(output.joints)):
        raise DataError(f'its joints are not those of the output; see {", ".join(wrong[:5])}')
    if not reference.size == error.size == len(names):
        raise DataError(f'it has {reference.size} positions and {error.size} errors for {len(names)} joints')
    return ControllerState(to_ns(message.header.stamp), robot.indices(names), reference, error,
                           getattr(message, 'speed_scaling_factor', 0.0) or 1.0)


def twist_message(stamp_ns: int, twist: FloatArray) -> TwistStamped:
    """Velocity of a base in its own frame, vx, vy [m/s] and wz [rad/s], (3,)."""
    message = TwistStamped()
    message.header.stamp, message.header.frame_id = to_time(stamp_ns), BASE_FRAME
    message.twist.linear.x, message.twist.linear.y, message.twist.angular.z = twist.tolist()
    return message


def twist_value(message: TwistStamped) -> FloatArray:
    """vx, vy [m/s] and wz [rad/s] of such a message, (3,)."""
    twist = message.twist
    return np.array([twist.linear.x, twist.linear.y, twist.angular.z])


def _checked(output: Output, values: FloatArray) -> FloatArray:
    if values.shape != (len(output.joints),):
        raise DataError(f'{values.size} set-points for {len(output.joints)} joints; ignored')
    if not np.isfinite(values).all():
        culprit = output.joints[int(np.argmin(np.isfinite(values)))]
        raise DataError(f'set-point of {culprit} is not finite; ignored')
    return values
