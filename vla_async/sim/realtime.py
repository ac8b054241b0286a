"""A world in real time: physics in a thread with absolute deadlines, set-points in, joint states out."""
from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vla_async.embodiment import Embodiment
from vla_async.sim.limit_watch import LimitReport, LimitWatch
from vla_async.sim.scene import Outcome, Scene
from vla_async.sim.world import World
from vla_async.timebase import NS_PER_S, step_ns
from vla_async.types import FloatArray

SLICE_STEPS = 2  # physics steps between two looks at the clock
TOLERATED_LAG_NS = 100_000_000  # farther behind, the world runs late for good instead of catching up in a burst
NOTED_LAG_NS, EXCUSED_STEPS = 8_000_000, 100  # a burst after such a lag says nothing about who commands the robot
ENGAGE_TOLERANCE = 0.05  # [rad or m]
FACTOR_WINDOW_NS = 5 * NS_PER_S


class SetPoints:
    """The position controllers: hold the last set-point of every joint for ever, as forward_command_controller does.

    After `home` a controller is engaged by a set-point that continues from there, so that a commander that has not
    yet noticed the new episode does not tear the robot out of its pose.
    """

    def __init__(self, position: FloatArray) -> None:
        self._held = position.copy()
        self._engaged = np.zeros(len(position), dtype=bool)
        self.ignored = 0

    def home(self, position: FloatArray) -> None:
        """Hold `position` (D,) [rad or m] until a set-point close to it arrives."""
        self._held = position.copy()
        self._engaged[:] = False

    def set(self, joints: NDArray[np.intp], values: FloatArray) -> None:
        """Set-points of the joints with these indices [rad or m]."""
        if not self._engaged[joints].all() and np.abs(values - self._held[joints]).max() > ENGAGE_TOLERANCE:
            self.ignored += 1
            return
        self._engaged[joints] = True
        self._held[joints] = values

    def all(self) -> FloatArray:
        """Present set-points (D,)."""
        return self._held


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

    `take_set_points(set_points)` is called before every slice, `on_state(position, velocity)` at the joint-state rate,
    both in the physics thread.
    """

    def __init__(self, world: World, robot: Embodiment, take_set_points: Callable[[SetPoints], None],
                 on_state: Callable[[FloatArray, FloatArray], None]) -> None:
        self.lock = threading.Lock()
        self.set_points = SetPoints(world.position())
        self.slices_late = 0
        self._world, self._take_set_points, self._on_state = world, take_set_points, on_state
        self._limits = LimitWatch(robot, world.timestep)
        self._limits.restart(world.position())
        self._episode = 0
        self._slice_ns = round(world.timestep * SLICE_STEPS * NS_PER_S)
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
            self.set_points.home(self._world.position())
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
            self._slice()
            simulated_ns += self._slice_ns
            if simulated_ns >= next_state_ns:
                next_state_ns += self._state_ns
                self._publish_state()
            due_ns, behind_ns = _wait_until(due_ns + self._slice_ns)
            if behind_ns > TOLERATED_LAG_NS:
                due_ns += behind_ns
                self.slices_late += 1
            elif behind_ns > NOTED_LAG_NS:
                self._limits.excuse(EXCUSED_STEPS)
            if (elapsed_ns := time.monotonic_ns() - began_ns) >= FACTOR_WINDOW_NS:
                self._factor = (simulated_ns - window_ns) / elapsed_ns
                began_ns, window_ns = began_ns + elapsed_ns, simulated_ns

    def _slice(self) -> None:
        self._take_set_points(self.set_points)
        with self.lock:
            for _ in range(SLICE_STEPS):
                held = self.set_points.all()
                self._world.step(held)
                self._limits.add(held, self._world.position())

    def _publish_state(self) -> None:
        with self.lock:
            position, velocity = self._world.position(), self._world.velocity()
        self._on_state(position, velocity)


def _wait_until(due_ns: int) -> tuple[int, int]:
    """Sleep until `due_ns` (monotonic); returns it and by how much it was missed already before [ns]."""
    left_ns = due_ns - time.monotonic_ns()
    if left_ns > 0:
        time.sleep(left_ns / NS_PER_S)
    return due_ns, max(-left_ns, 0)
