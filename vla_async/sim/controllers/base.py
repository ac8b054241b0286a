"""A robot's controllers as ros2_control has them, for the simulation: commands in, references for the servos out."""
from __future__ import annotations

from typing import Protocol

from vla_async.bridge.outputs import Payload
from vla_async.types import FloatArray


class SimulatedController(Protocol):
    """One controller; its joints are those of the output, J of them. For one thread at a time."""

    def home(self, position: FloatArray) -> None:
        """Hold `position` (J,) [rad or m], at rest; forget every command."""

    def receive(self, payload: Payload, stamp_ns: int, now_ns: int) -> None:
        """A command that arrived at `now_ns`; `stamp_ns` is what its message said, 0 where it has no stamp."""

    def reference(self, now_ns: int) -> FloatArray:
        """Where the servos shall have the joints at `now_ns`, (J,) [rad or m]. Called with times that never go back."""
