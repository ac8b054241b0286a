"""The one table of topics: relative name, message and quality of service of each arrow."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import TwistStamped
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import QoSProfile
from rclpy.subscription import Subscription
from sensor_msgs.msg import Image, JointState
from std_msgs.msg import Float64, Float64MultiArray, String
from trajectory_msgs.msg import JointTrajectory
from vla_async_msgs.msg import (
    ActionChunk,
    FusionStatus,
    JointSetPoint,
    Latent,
    SimulationStatus,
    StopSignal,
    SystemStatus,
    Task,
)

from vla_async.embodiment import Camera, Embodiment, Output, TrajectoryOutput
from vla_async.nodes import qos

try:
    from tf2_msgs.msg import TFMessage
except ImportError:  # there is no wheel of it; every ROS distribution has it
    TFMessage = None
try:
    from control_msgs.msg import JointTrajectoryControllerState
except ImportError:  # the same; every robot with ros2_control has it
    JointTrajectoryControllerState = None


@dataclass(frozen=True)
class Topic:
    """One arrow between processes."""

    name: str
    message: type[Any]
    qos: QoSProfile
    optional: bool = False  # many robots have nobody who speaks on it

    def advertise(self, node: Node) -> Publisher[Any]:
        """Publisher of this topic on `node`."""
        return node.create_publisher(self.message, self.name, self.qos)

    def subscribe(self, node: Node, callback: Callable[[Any], None], *, raw: bool = False) -> Subscription[Any]:
        """Subscription of `node` to this topic; `raw` messages are bytes as they came."""
        return node.create_subscription(self.message, self.name, callback, self.qos, raw=raw)


TASK = Topic('task', Task, qos.LATCHED)
LATENT_UPDATE = Topic('latent_update', Latent, qos.NEWEST)
LATENT = Topic('latent', Latent, qos.LATENT)
ACTION_CHUNK = Topic('action_chunk', ActionChunk, qos.NEWEST)
TRAJECTORY = Topic('trajectory', JointTrajectory, qos.NEWEST)
FUSION_STATUS = Topic('fusion_status', FusionStatus, qos.EVENTS)
JOINT_SET_POINT = Topic('joint_set_point', JointSetPoint, qos.EVENTS)
RESERVE_SET_POINT = Topic('reserve_set_point', JointSetPoint, qos.EVENTS, optional=True)  # while the bridge is silent
JOINT_STATES = Topic('joint_states', JointState, qos.JOINT_STATES)
STOP_SIGNAL = Topic('stop_signal', StopSignal, qos.SIGNAL)  # from outside the suite
SYSTEM_STATUS = Topic('system_status', SystemStatus, qos.LATCHED)
SIMULATION_STATUS = Topic('simulation_status', SimulationStatus, qos.NEWEST, optional=True)
SPECTATOR = Topic('camera/spectator/image_raw', Image, qos.SENSOR, optional=True)  # the simulator's, for videos
DIAGNOSTICS = Topic('/diagnostics', DiagnosticArray, qos.EVENTS)
ROBOT_DESCRIPTION = Topic('robot_description', String, qos.LATCHED, optional=True)  # URDF
TRANSFORMS = () if TFMessage is None else (
    Topic('/tf', TFMessage, qos.EVENTS, optional=True), Topic('/tf_static', TFMessage, qos.LATCHED_ALL, optional=True))

ARROWS = (TASK, LATENT_UPDATE, LATENT, ACTION_CHUNK, TRAJECTORY, FUSION_STATUS, JOINT_SET_POINT, RESERVE_SET_POINT,
          JOINT_STATES, STOP_SIGNAL, SYSTEM_STATUS, SIMULATION_STATUS, DIAGNOSTICS)
PRODUCED = (LATENT_UPDATE, LATENT, ACTION_CHUNK, TRAJECTORY, FUSION_STATUS, JOINT_SET_POINT, RESERVE_SET_POINT,
            SYSTEM_STATUS, DIAGNOSTICS)


def camera(spec: Camera) -> Topic:
    """Pictures of one camera of the embodiment."""
    return pictures(spec.topic)


def pictures(name: str) -> Topic:
    """Pictures on a topic of this name."""
    return Topic(name, Image, qos.SENSOR)


def controller(spec: Output) -> Topic:
    """Commands for one controller of the embodiment, as its kind takes them."""
    messages: dict[str, type[Any]] = {'joint_trajectory': JointTrajectory, 'twist': TwistStamped}
    return Topic(spec.topic, messages.get(spec.kind, Float64MultiArray), qos.COMMANDS)


def reserve_commands(spec: Output) -> Topic:
    """The same from who takes the bridge's place while that is silent."""
    return replace(controller(spec), qos=qos.RESERVE_COMMANDS)


def controller_states(robot: Embodiment) -> dict[TrajectoryOutput, Topic]:
    """What trajectory controllers say of themselves; none where their message is not installed."""
    if JointTrajectoryControllerState is None:
        return {}
    return {output: Topic(f'{output.controller}/controller_state', JointTrajectoryControllerState, qos.SIGNAL,
                          optional=True) for output in robot.outputs if isinstance(output, TrajectoryOutput)}


def speed_scaling(name: str) -> Topic:
    """Speed of a robot's controllers in percent, on the topic that its driver names."""
    return Topic(name, Float64, qos.SIGNAL, optional=True)


def everything(robot: Embodiment) -> tuple[Topic, ...]:
    """All topics of a running suite, and those by which a bag alone shows the robot; for the recorder."""
    return (*ARROWS, *(camera(c) for c in robot.cameras), SPECTATOR, *(controller(o) for o in robot.outputs),
            ROBOT_DESCRIPTION, *TRANSFORMS)


def produced(robot: Embodiment) -> tuple[Topic, ...]:
    """Those on which the pipeline and its supervision speak; all others come from robot, cameras and people."""
    return (*PRODUCED, *(controller(o) for o in robot.outputs))
