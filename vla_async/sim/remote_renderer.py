"""Draws a world that lives in another process."""
from __future__ import annotations

from vla_async.embodiment import Embodiment
from vla_async.sim.cameras import Renderer
from vla_async.sim.shared_state import SharedState
from vla_async.sim.world import World, WorldState
from vla_async.types import ImageArray

UNKNOWN = -1  # no episode has this number, no state this stamp


class RemoteRenderer:
    """Has a world of its own, which nobody steps, for what things look like; draws in the thread that draws first."""

    def __init__(self, robot: Embodiment, task: str, states: SharedState) -> None:
        """Raises ConfigError for an unknown task, a robot without a table, and a bad URDF."""
        self._world, self._states = World(robot, task), states
        self._renderer = Renderer(self._world)
        self._state, self._episode, self._stamp_ns = self._world.snapshot(), UNKNOWN, UNKNOWN

    def capture(self) -> int | None:
        """Look at the newest state, which `render` draws from now on; its stamp [ns], None when it is no new one."""
        told = self._states.read()
        if told is None or told.stamp_ns == self._stamp_ns:
            return None
        self._stamp_ns = told.stamp_ns
        if told.episode != self._episode:
            self._world.reset(told.seed)
            self._episode = told.episode
        self._state = WorldState(self._world.model, told.qpos)
        return told.stamp_ns

    def render(self, name: str) -> ImageArray:
        """Picture (height, width, 3) RGB of one camera at the captured state; see `Renderer.render`."""
        return self._renderer.render_from(self._state, name)

    def close(self) -> None:
        """Free what the graphics hold."""
        self._renderer.close()
