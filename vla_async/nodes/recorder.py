"""The recording as a node of its own."""
from __future__ import annotations

from typing import Any

from rclpy.node import Node

from vla_async.nodes import parameters
from vla_async.nodes.process import run
from vla_async.nodes.recording import Parameters, Recording


class Recorder(Node):
    """Shell around Recording."""

    def __init__(self, **options: Any) -> None:
        super().__init__('recorder', **options)
        parameters.declare(self, Parameters)
        self._recording = Recording(self, parameters.read(self, Parameters))

    def close(self) -> None:
        """End the bag."""
        self._recording.close()


def main() -> int:
    return run(Recorder)
