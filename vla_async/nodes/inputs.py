"""Cameras and joint states of a robot, subscribed to by a node and gathered into one observation buffer."""
from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from vla_async.camera_mounts import carriers
from vla_async.embodiment import Embodiment
from vla_async.errors import ConfigError
from vla_async.joint_order import JointOrder, JointReading
from vla_async.nodes import parameters, topics
from vla_async.nodes.conversions import joint_state_value, to_ns
from vla_async.nodes.lifecycle import PipelineNode
from vla_async.nodes.parameters import parameter
from vla_async.nodes.polling import Arrival, PolledSubscription
from vla_async.observation import ObservationBuffer, StreamRules
from vla_async.picture import pixels
from vla_async.still_picture import FrozenRules
from vla_async.timebase import step_ns
from vla_async.types import Observation


@dataclass(frozen=True)
class InputParameters(parameters.PolicyParameters):
    """Which pictures and joint states count."""

    max_age_s: float = parameter(0.5, 'pictures and joint states older than this count as missing [s]',
                                 low=0.01, high=10.0)
    frozen_s: float = parameter(1.0, 'a camera whose pictures are bit-identical for longer than this is frozen, if the '
                                'robot moves it by frozen_motion meanwhile [s]', low=0.1, high=60.0)
    frozen_motion: float = parameter(0.02, 'how far a joint that moves the camera must have gone; 0: frozen also at '
                                     'rest, for cameras whose noise makes no two pictures alike [rad or m]',
                                     low=0.0, high=3.0)

    def rules_for(self, robot: Embodiment) -> StreamRules:
        """The same for the core."""
        return StreamRules(self.max_age_s, FrozenRules(self.frozen_s, self.frozen_motion), carriers(robot))


class JointReader:
    """Joint states in the embodiment's order; joints that the robot lacks become a problem of the node."""

    def __init__(self, node: PipelineNode) -> None:
        self._node, self._order = node, JointOrder(node.robot.joint_names)

    def read(self, message: Any) -> JointReading:
        """Reading of a joint state; raises DataError that names the joints that are missing or not finite."""
        reading = self._order.arrange(*joint_state_value(message))
        if self._order.unknown:
            self._node.report('unknown joints', f'joint state has joints that {self._node.robot.name} lacks, '
                              f'they are ignored: {", ".join(self._order.unknown)}')
        else:
            self._node.settle('unknown joints')
        return reading


class ObservationInputs:
    """The newest observation. All streams are polled: of 100 joint states a second those are decoded that are used.

    The first of the fastest cameras sets the pace: what others see meanwhile is no occasion to act. For one thread at a
    time.
    """

    def __init__(self, node: PipelineNode, values: InputParameters, cameras: Iterable[str] | None = None) -> None:
        self.buffer = ObservationBuffer(node.robot, cameras, values.rules_for(node.robot))
        self._node, self._joints = node, JointReader(node)
        specs = [spec for spec in node.robot.cameras if cameras is None or spec.name in cameras]
        if not specs:
            raise ConfigError(f'robot {node.robot.name} has no camera; a policy acts on pictures')
        pictures = {node.poll(topics.camera(spec)): partial(self._see, spec.name) for spec in specs}
        self._streams: dict[PolledSubscription, Callable[[Any], None]] = {
            **pictures, node.poll(topics.JOINT_STATES): self._measure}
        leader, leading = max(zip(specs, pictures, strict=True), key=lambda pair: pair[0].rate_hz)
        self._leader, self._spread_ns = leader.name, step_ns(leader.rate_hz) // 2
        self._lead, self._any = Arrival(node, (leading,)), Arrival(node, tuple(pictures))

    def wait(self, timeout_s: float, patience_s: float) -> bool:
        """Whether a picture of the leading camera has come, within `timeout_s` [s] at the latest.

        Those of one instant come in a burst: the others of about the same stamp are waited for, until for `patience_s`
        nothing more comes.
        """
        if not self._lead.wait(timeout_s):
            return False
        self._take()
        while not self.buffer.of_one_instant(self._leader, self._spread_ns) and self._any.wait(patience_s):
            self._take()
        return True

    def observe(self, now_ns: int) -> Observation | None:
        """The newest observation; None while something is missing, which the node's diagnostics name then."""
        self._take()
        if missing := self.buffer.missing(now_ns):
            self._node.report('missing streams', ', '.join(missing))
            return None
        self._node.settle('missing streams')
        return self.buffer.observe(now_ns)

    def _take(self) -> None:
        for subscription, take in self._streams.items():
            if (message := subscription.newest()) is not None:
                self._node.heed(subscription.topic.name, partial(take, message))

    def _measure(self, message: Any) -> None:
        self.buffer.add_joints(self._joints.read(message))

    def _see(self, name: str, message: Any) -> None:
        self.buffer.add_picture(name, to_ns(message.header.stamp), pixels(message))
