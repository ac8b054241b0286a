"""What the trajectory controllers of a robot say of themselves, for whoever compares it with what they were sent."""
from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from vla_async.bridge.aim_watch import ControllerState
from vla_async.embodiment import Output
from vla_async.nodes import topics
from vla_async.nodes.clocks import STEADY
from vla_async.nodes.controller_conversions import controller_state_value
from vla_async.nodes.lifecycle import PipelineNode

PERIOD_S = 0.05  # a controller says it with each of its updates, hundreds of times a second: too often to read all


class ControllerStates:
    """Reads the newest state of each now and then; without their message installed there are none."""

    def __init__(self, node: PipelineNode, take: Callable[[str, ControllerState], None]) -> None:
        """`take` is given the name of an output and what its controller says, in the executor."""
        self._node, self._take = node, take
        self._states = {output: node.poll(topic) for output, topic in topics.controller_states(node.robot).items()}
        self._timer = node.create_timer(PERIOD_S, self._look, clock=STEADY) if self._states else None

    def destroy(self) -> None:
        """Read no more."""
        if self._timer is not None:
            self._node.destroy_timer(self._timer)

    def _look(self) -> None:
        for output, states in self._states.items():
            if (message := states.newest()) is not None:
                self._node.heed(states.topic.name, partial(self._read, output, message))

    def _read(self, output: Output, message: Any) -> None:
        self._take(output.name, controller_state_value(self._node.robot, output, message))
