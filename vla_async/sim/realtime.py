"""A world in real time: physics in a thread with absolute deadlines, commands in, joint states out."""
from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from vla_async.embodiment import Embodiment
from vla_async.sim.controllers import ControllerRack
from vla_async.sim.limit_watch import LimitReport, LimitWatch
from vla_async.sim.scene import Outcome, Scene
from vla_async.sim.world import World
from vla_async.timebase import NS_PER_S, step_ns
from vla_async.types import FloatArray

SLICE_STEPS = 2  # physics steps between two looks at the clock
TOLERATED_LAG_NS = 100_000_000  # farther behind, the world runs late for good instead of catching up in a burst
NOTED_LAG_NS = 8_000_000
# After a lag and after a standstill the joints have to catch up, which says nothing about who commands the robot.
LAG_STEPS, STANDSTILL_STEPS = 100, 300
FACTOR_WINDOW_NS = 5 * NS_PER_S


@dataclass(frozen=True, slots=True)
class Snapshot:
    """How the episode stands at an instant."""

    episode: int
    elapsed_s: float
    scene: Scene
    outcome: Outcome
    limits: LimitReport


class RealTimeWorld:
    """Steps a world at the pace of the clock. `lock` guards the world for whoever looks at it from another thread.

    `clock_ns` is the clock of the commands' stamps. `take_commands(controllers, now_ns)` is called before every slice
    with the time at which it was due, under the lock, `on_state(position, velocity, effort)` at the joint-state rate;
    both in the physics thread, which has the priority of the one that makes it.
    """

    def __init__(self, world: World, robot: Embodiment, clock_ns: Callable[[], int],
                 take_commands: Callable[[ControllerRack, int], None],
                 on_state: Callable[[FloatArray, FloatArray, FloatArray], None]) -> None:
        self.lock = threading.Lock()
        self._slice_ns = round(world.timestep * SLICE_STEPS * NS_PER_S)
        self.controllers = ControllerRack(robot, world.position(), self._slice_ns)
        self.slices_late = 0
        self._world, self._clock_ns, self._take_commands, self._on_state = world, clock_ns, take_commands, on_state
        self._limits = LimitWatch(robot, world.timestep)
        self._limits.restart(world.position())
        self._episode = 0
        self._state_ns = step_ns(robot.rates.joint_state_hz)
        self._factor = 1.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name='physics', daemon=True)

    @property
    def real_time_factor(self) -> float:
        """Simulated time by elapsed time over the last seconds; below 1 the machine is too slow."""
        return self._factor

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End the physics thread; returns when it is over."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def reset(self, seed: int, instruction: str | None) -> Snapshot:
        """A new episode: scene from the seed, robot at home and held there."""
        with self.lock:
            self._world.reset(seed, instruction)
            self.controllers.home(self._world.position())
            self._limits.restart(self._world.position())
            self._episode += 1
            return self._look()

    def look(self) -> Snapshot:
        """The judge's present view."""
        with self.lock:
            return self._look()

    def _look(self) -> Snapshot:
        return Snapshot(self._episode, self._world.time_s, self._world.scene, self._world.judge(),
                        self._limits.report())

    def _run(self) -> None:
        began_ns = due_ns = time.monotonic_ns()
        simulated_ns = next_state_ns = window_ns = 0
        while not self._stop.is_set():
            self._slice(due_ns)
            simulated_ns += self._slice_ns
            if simulated_ns >= next_state_ns:
                next_state_ns += self._state_ns
                self._publish_state()
            due_ns, behind_ns = _wait_until(due_ns + self._slice_ns)
            if behind_ns > NOTED_LAG_NS:
                self._limits.excuse(LAG_STEPS)
            if behind_ns > TOLERATED_LAG_NS:
                due_ns += behind_ns
                self.slices_late += 1
                self._limits.excuse(STANDSTILL_STEPS)
            if (elapsed_ns := time.monotonic_ns() - began_ns) >= FACTOR_WINDOW_NS:
                self._factor = (simulated_ns - window_ns) / elapsed_ns
                began_ns, window_ns = began_ns + elapsed_ns, simulated_ns

    def _slice(self, due_ns: int) -> None:
        """Physics from `due_ns` (monotonic) on; slices that run late, in a burst, still are their time apart."""
        now_ns = self._clock_ns() - (time.monotonic_ns() - due_ns)
        with self.lock:
            self._take_commands(self.controllers, now_ns)
            held = self.controllers.reference(now_ns)
            for _ in range(SLICE_STEPS):
                self._world.step(held)
                self._limits.add(held, self._world.position(), touching=self._world.touching)

    def _publish_state(self) -> None:
        with self.lock:
            state = self._world.position(), self._world.velocity(), self._world.effort()
        self._on_state(*state)


def _wait_until(due_ns: int) -> tuple[int, int]:
    """Sleep until `due_ns` (monotonic); returns it and by how much it was missed already before [ns]."""
    left_ns = due_ns - time.monotonic_ns()
    if left_ns > 0:
        time.sleep(left_ns / NS_PER_S)
    return due_ns, max(-left_ns, 0)
