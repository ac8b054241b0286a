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
from vla_async.sim.shared_state import SharedState, StampedState
from vla_async.sim.world import World
from vla_async.timebase import NS_PER_MS, NS_PER_S, step_ns
from vla_async.types import FloatArray

SLICE_STEPS = 2  # physics steps between two looks at the clock
TOLERATED_LAG_NS = 100_000_000  # farther behind, the world runs late for good instead of catching up in a burst
# A burst takes the newest command with its first slice and holds it until time has caught up: a step of the set-points
# that nobody commanded, as is the one after a standstill. So many physics steps pass after the last slice that was late
# by more than this [ns] until less than a tenth of a limit is left of it in the set-points, and nothing beyond a limit
# in the joints, also at full speed. There, one slice adds a third of an acceleration limit at most, and two the whole.
UNJUDGED_STEPS = ((TOLERATED_LAG_NS, 300), (8 * NS_PER_MS, 100), (4 * NS_PER_MS, 40))
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

    `clock_ns` is the clock of the commands' stamps, and of `states`, which are told after every slice what there is to
    see. `take_commands(controllers, now_ns)` is called before every slice with the time at which it was due, under the
    lock, `on_state(position, velocity, effort)` at the joint-state rate; both in the physics thread, which has the
    priority of the one that makes it.
    """

    def __init__(self, world: World, robot: Embodiment, clock_ns: Callable[[], int],
                 take_commands: Callable[[ControllerRack, int], None],
                 on_state: Callable[[FloatArray, FloatArray, FloatArray], None], states: SharedState) -> None:
        self.lock = threading.Lock()
        self._slice_ns = round(world.timestep * SLICE_STEPS * NS_PER_S)
        self.controllers = ControllerRack(robot, world.position(), self._slice_ns)
        self.slices_late = 0
        self._world, self._clock_ns, self._take_commands, self._on_state = world, clock_ns, take_commands, on_state
        self._states = states
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
            due_ns = self._slice(due_ns) + self._slice_ns
            simulated_ns += self._slice_ns
            if simulated_ns >= next_state_ns:
                next_state_ns += self._state_ns
                self._publish_state()
            _wait_until(due_ns)
            if (elapsed_ns := time.monotonic_ns() - began_ns) >= FACTOR_WINDOW_NS:
                self._factor = (simulated_ns - window_ns) / elapsed_ns
                began_ns, window_ns = began_ns + elapsed_ns, simulated_ns

    def _slice(self, due_ns: int) -> int:
        """Physics from `due_ns` (monotonic) on; slices that run late, in a burst, still are their time apart.

        Returns `due_ns`, or after a standstill the present time.
        """
        with self.lock:  # for which a slice may have to wait, too
            late_ns = time.monotonic_ns() - due_ns
            self._limits.excuse(unjudged_steps(late_ns))
            if late_ns > TOLERATED_LAG_NS:
                due_ns += late_ns
                self.slices_late += 1
            now_ns = self._clock_ns() - (time.monotonic_ns() - due_ns)
            self._take_commands(self.controllers, now_ns)
            held = self.controllers.reference(now_ns)
            for _ in range(SLICE_STEPS):
                self._world.step(held)
                self._limits.add(held, self._world.position(), touching=self._world.touching)
            self._states.write(StampedState(self._episode, self._world.scene.seed, self._clock_ns(),
                                        self._world.snapshot().qpos))
        return due_ns

    def _publish_state(self) -> None:
        with self.lock:
            state = self._world.position(), self._world.velocity(), self._world.effort()
        self._on_state(*state)


def unjudged_steps(late_ns: int) -> int:
    """Physics steps that say nothing of who commands the robot, from a slice on that begins so late."""
    return next((steps for lag_ns, steps in UNJUDGED_STEPS if late_ns > lag_ns), 0)


def _wait_until(due_ns: int) -> None:
    """Sleep until `due_ns` (monotonic)."""
    left_ns = due_ns - time.monotonic_ns()
    if left_ns > 0:
        time.sleep(left_ns / NS_PER_S)
