"""What trajectory controllers were told last: they go on along it without a bridge, and rest where it ends."""
from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from rclpy.node import Node
from rclpy.serialization import deserialize_message
from trajectory_msgs.msg import JointTrajectory

from vla_async.embodiment import Embodiment, TrajectoryOutput
from vla_async.errors import DataError
from vla_async.nodes import topics
from vla_async.nodes.conversions import window_value
from vla_async.nodes.polling import PolledSubscription
from vla_async.types import FloatArray


@dataclass(frozen=True, slots=True)
class Ends:
    """Where joints will rest, (D,) [rad or m], NaN: not known; and since when all of them [ns], 0: already."""

    position: FloatArray
    since_ns: int


class LastWindows:
    """Listens to what the bridge sends them; nothing is decoded before somebody asks."""

    def __init__(self, node: Node, robot: Embodiment) -> None:
        self._robot = robot
        self._heard = {output: PolledSubscription(node, topics.controller(output), raw=True)
                       for output in robot.outputs if isinstance(output, TrajectoryOutput)}

    def ends(self) -> Ends:
        """Where they bring their joints. What was said is forgotten then."""
        position, since_ns = np.full(self._robot.dof, np.nan), 0
        for output, heard in self._heard.items():
            message = heard.newest()
            with suppress(DataError):
                if message is not None:
                    window = window_value(deserialize_message(message, JointTrajectory), output.joints)
                    position[self._robot.indices(output.joints)] = window.position[-1]
                    since_ns = max(since_ns, window.end_ns)
        return Ends(position, since_ns)
