"""All controllers of a robot: each command to its own, and one position for every joint."""
from __future__ import annotations

import numpy as np

from vla_async.bridge.outputs import Payload
from vla_async.embodiment import Embodiment, GripperOutput, Output, TwistOutput
from vla_async.sim.controllers.base import SimulatedController
from vla_async.sim.controllers.forward import ForwardPositionController, ForwardVelocityController
from vla_async.sim.controllers.gripper import GripperController
from vla_async.sim.controllers.joint_trajectory import JointTrajectoryController
from vla_async.sim.controllers.trajectory_message import ControllerParameters
from vla_async.sim.controllers.twist import TwistController
from vla_async.timebase import NS_PER_S
from vla_async.types import FloatArray

ENGAGE_TOLERANCE = 0.05  # [rad or m]
DISTRIBUTION = 'kilted'  # whose joint_trajectory_controller the robot has


def make_controller(output: Output, robot: Embodiment, period_ns: int) -> SimulatedController:
    """The simulated controller of an output; it is asked for its reference every `period_ns`."""
    if isinstance(output, TwistOutput):
        return TwistController(output, robot)
    if isinstance(output, GripperOutput):
        return GripperController(output, robot)
    if output.kind == 'joint_trajectory':
        return _trajectory_controller(output, robot, period_ns)
    if output.kind == 'forward_velocity':
        return ForwardVelocityController(output, robot)
    return ForwardPositionController(output, robot)


def _trajectory_controller(output: Output, robot: Embodiment, period_ns: int) -> JointTrajectoryController:
    """Set as config/controllers/ says."""
    continuous = tuple(joint.name for joint in robot.joints if joint.kind == 'continuous')
    return JointTrajectoryController(ControllerParameters.of(
        DISTRIBUTION, output.joints, NS_PER_S / period_ns, interpolate_from_desired_state=True, continuous=continuous))


class Slot:
    """A controller, and whether it listens.

    After `home` it is engaged by a command that leaves the robot where it is, so that a commander that has not yet
    noticed the new episode does not tear the robot out of its pose: a position close to it, or no velocity. A gripper
    goes its way at its own pace and needs no such care.
    """

    def __init__(self, output: Output, robot: Embodiment, period_ns: int) -> None:
        self.joints = robot.indices(output.joints)
        self.controller = make_controller(output, robot, period_ns)
        self._velocities = output.kind in ('forward_velocity', 'twist')
        self._careless = isinstance(output, GripperOutput)
        self._home, self._engaged = robot.array('home')[self.joints], False

    def home(self, position: FloatArray) -> None:
        """Hold `position` (J,) [rad or m] until a command engages the controller."""
        self._home, self._engaged = position, self._careless
        self.controller.home(position)

    def receive(self, payload: Payload, stamp_ns: int, now_ns: int) -> bool:
        """Hand a command over; returns whether it was heeded."""
        if self._velocities and not self._engaged and np.asarray(payload).any():
            return False
        self.controller.receive(payload, stamp_ns, now_ns)
        if not self._engaged and np.abs(self.controller.reference(now_ns) - self._home).max() > ENGAGE_TOLERANCE:
            self.controller.home(self._home)
            return False
        self._engaged = True
        return True


class ControllerRack:
    """Positions of all joints from the commands of all controllers. For one thread at a time."""

    def __init__(self, robot: Embodiment, position: FloatArray, period_ns: int) -> None:
        """At `position` (D,) [rad or m]; `period_ns` is the time between two calls of `reference`."""
        self._slots = {output.name: Slot(output, robot, period_ns) for output in robot.outputs}
        self.ignored = 0  # commands that came before their controller was engaged
        self.home(position)

    def home(self, position: FloatArray) -> None:
        """Hold `position` (D,) [rad or m]; forget every command."""
        self._held = position.copy()
        for slot in self._slots.values():
            slot.home(position[slot.joints])

    def receive(self, output: str, payload: Payload, stamp_ns: int, now_ns: int) -> None:
        """A command for the output of this name; `stamp_ns` as its message says, 0 where it has none."""
        self.ignored += not self._slots[output].receive(payload, stamp_ns, now_ns)

    def reference(self, now_ns: int) -> FloatArray:
        """Where the servos shall have the joints now, (D,) [rad or m]."""
        for slot in self._slots.values():
            self._held[slot.joints] = slot.controller.reference(now_ns)
        return self._held
