"""The whole data flow in one process and in virtual time: the same core objects as in the nodes, one page to read.

Observations and tasks go in, set-points come out. Models take the time that `Timing` says, not the time that they need
here, so a run follows from its inputs and its seed alone. No clock is read, no thread is started.
"""
from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import count
from typing import Protocol

import numpy as np

from vla_async.bridge import FollowerConfig, MotionFollower
from vla_async.bridge.anchoring import SetPoint, find_anchor
from vla_async.bridge.body_guard import BodyGuard
from vla_async.bridge.outputs.trajectory_settings import commit_s, fused_commit_s
from vla_async.embodiment import Embodiment
from vla_async.fusion import FuserSettings, WindowStream, fuser_for
from vla_async.joint_order import JointReading
from vla_async.latent.buffer import LatentBuffer
from vla_async.observation import ObservationBuffer
from vla_async.replay.trace import TraceRecorder
from vla_async.timebase import nanoseconds, step_ns
from vla_async.types import ActionChunk, FloatArray, FusionReport, ImageArray, JointCommand, Latent, Observation, Task

WINDOW_S = 0.5  # length of a window, more where the joints need more to stop [s]
ANCHOR_TOLERANCE = 0.02  # a held robot further than this from the motion has not followed it [rad or m]


class SlowSide(Protocol):
    """What the pipeline needs of a reasoner."""

    def instruction_latent(self, task: Task, now_ns: int, sequence: int) -> Latent: ...

    def reason(self, observation: Observation, task: Task, sequence: int, clock: Callable[[], int]
               ) -> Iterator[Latent]: ...


class FastSide(Protocol):
    """What the pipeline needs of an action generator."""

    def generate(self, observation: Observation, latent: Latent | None, now_ns: int, noise_seed: int = 0
                 ) -> ActionChunk: ...

    def reset(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Timing:
    """How long the models take [s]; each varies by up to `jitter` (a share) either way, drawn from the seed."""

    prefill_s: float = 0.2  # picture to fused latent
    decode_s: float = 0.1  # fused latent to complete reasoning
    slow_period_s: float = 0.5  # the reasoner starts this often at most
    slow_delay_s: float = 0.0  # added to every pass of the reasoner, to see what asynchrony buys
    generate_s: float = 0.02  # picture and latent to chunk
    jitter: float = 0.2


class Pipeline:
    """Reasoner, latent buffer, action generator, chunk fuser and motion follower, joined as in the graph.

    Order of calls: `start` once, `set_task` when it changes, `observe_*` as data arrives, `step` at every command tick.
    Stamps never go back. `seed` draws the models' durations. `recorder` keeps what metrics and plots need.
    """

    def __init__(self, robot: Embodiment, slow: SlowSide, fast: FastSide, seed: int = 0,
                 timing: Timing | None = None) -> None:
        self._slow, self._fast = slow, fast
        self._timing = timing or Timing()
        self._random = np.random.default_rng(seed)
        self._observations = ObservationBuffer(robot)
        self._latents = LatentBuffer()
        settings = FuserSettings()
        settings = replace(settings, commit_s=fused_commit_s(robot, settings.commit_s))
        self._fuser = fuser_for(robot, settings)
        self._windows = WindowStream(self._fuser, robot.rates.trajectory_hz, WINDOW_S)
        config = FollowerConfig.from_embodiment(robot, commit_s=commit_s(robot))
        self._follower = MotionFollower(config, BodyGuard(robot))
        self._period_ns = step_ns(robot.rates.trajectory_hz)
        self._due: list[tuple[int, int, Callable[[int], None]]] = []  # heap of (time, order of planning, event)
        self._order = count()
        self._task: Task | None = None
        self._latent_sequence = 1
        self._slow_free_ns = self._fast_free_ns = 0
        self._moving = False  # whether the fused motion is the one to go on with
        self._measured: JointReading | None = None
        self._sent: SetPoint | None = None
        self.recorder = TraceRecorder(robot.joint_names, robot.chunk_columns)

    def start(self, now_ns: int, position: FloatArray) -> None:
        """Begin at rest at `position` (D,) [rad or m]."""
        self._fast.reset()
        self.observe_joints(now_ns, position, np.zeros_like(position))
        self._follower.activate(now_ns, now_ns)
        self._plan(now_ns, self._go_on)

    def set_task(self, task: Task) -> None:
        """A new instruction: it counts at once, the scene is read as soon as the reasoner is free."""
        self._run_until(task.stamp_ns)
        self._task = task
        self._latents.set_task(task)
        if not task.instruction:
            self._moving = False  # without new windows the last one runs to its rest
        else:
            self._latch(self._slow.instruction_latent(task, task.stamp_ns, self._next_sequence()))(task.stamp_ns)

    def observe_joints(self, stamp_ns: int, position: FloatArray, velocity: FloatArray) -> None:
        """Measured joints (D,) [rad or m], (D,) [rad/s or m/s]."""
        self._measured = JointReading(stamp_ns, position, velocity)
        self._observations.add_joints(self._measured)
        self._follower.observe(stamp_ns, position, velocity)

    def observe_images(self, stamp_ns: int, images: Mapping[str, ImageArray]) -> None:
        """Pictures of all cameras; whichever side is free starts on them."""
        self._run_until(stamp_ns)
        for name, pixels in images.items():
            self._observations.add_picture(name, stamp_ns, pixels)
        observation = self._observations.observe(stamp_ns)
        if observation is None or self._task is None or not self._task.instruction:
            return
        if stamp_ns >= self._slow_free_ns:
            self._reason(observation, self._task, stamp_ns)
        if stamp_ns >= self._fast_free_ns:
            self._generate(observation, stamp_ns)

    def step(self, now_ns: int) -> JointCommand:
        """Let everything happen that is due, then the set-point of this tick."""
        self._run_until(now_ns)
        command = self._follower.tick(now_ns, now_ns).command
        self._sent = SetPoint(now_ns, self._follower.state, command.position)
        self.recorder.set_point(command, now_ns, self._follower.trajectory_ns, self._follower.state, late=False)
        return command

    def _reason(self, observation: Observation, task: Task, now_ns: int) -> None:
        """Slow: two latents, one after the prefill, one with the reasoning."""
        fused_ns = now_ns + self._takes(self._timing.prefill_s) + nanoseconds(self._timing.slow_delay_s)
        ready = (fused_ns, fused_ns + self._takes(self._timing.decode_s))
        latents = self._slow.reason(observation, task, self._latent_sequence, lambda: now_ns)
        for latent, ready_ns in zip(latents, ready, strict=False):
            self._next_sequence()
            self._plan(ready_ns, self._latch(replace(latent, ready_ns=ready_ns)))
        self._slow_free_ns = max(ready[-1], now_ns + nanoseconds(self._timing.slow_period_s))

    def _latch(self, latent: Latent) -> Callable[[int], None]:
        def latch(now_ns: int) -> None:
            if self._latents.offer(latent, now_ns).accepted:
                self.recorder.latent(latent)
        return latch

    def _generate(self, observation: Observation, now_ns: int) -> None:
        """Fast: a chunk from the newest pictures and whatever latent is latched now."""
        latent = self._latents.current(now_ns).latent
        if latent is None:
            return
        duration_ns = self._takes(self._timing.generate_s)
        chunk = replace(self._fast.generate(observation, latent, now_ns), inference_ns=duration_ns)
        self._fast_free_ns = now_ns + duration_ns
        self._plan(self._fast_free_ns, self._fuse(chunk))

    def _fuse(self, chunk: ActionChunk) -> Callable[[int], None]:
        def fuse(now_ns: int) -> None:
            report = self._judge(chunk, now_ns)
            trajectory_ns = self._publish(now_ns) if report.accepted else 0
            self.recorder.chunk(chunk)
            self.recorder.fusion(report, chunk, now_ns, trajectory_ns)
        return fuse

    def _judge(self, chunk: ActionChunk, now_ns: int) -> FusionReport:
        """Join a chunk to the motion, which begins anew where the robot is after it was held."""
        if self._task is None or chunk.task_id != self._task.id:
            return FusionReport(chunk.sequence, False, 'the task has changed meanwhile')
        fused = self._fuser.command(now_ns).position if self._moving else None
        anchor = find_anchor(fused, self._sent, self._measured, now_ns, ANCHOR_TOLERANCE)
        if anchor.reason:
            return FusionReport(chunk.sequence, False, anchor.reason)
        if anchor.position is not None:
            self._fuser.reset(now_ns, anchor.position)
            self._moving = True
        return self._fuser.add(chunk, now_ns)

    def _publish(self, now_ns: int) -> int:
        """Hand the motion from a little before now on to the follower; returns the window's stamp."""
        window = self._windows.take(now_ns)
        self._follower.accept(window, now_ns)
        return window.stamp_ns

    def _go_on(self, now_ns: int) -> None:
        """Between chunks and after the last one the motion goes on, until it rests."""
        if self._moving and self._windows.due(now_ns):
            self._publish(now_ns)
        self._plan(now_ns + self._period_ns, self._go_on)

    def _takes(self, mean_s: float) -> int:
        """A duration [ns] around `mean_s`."""
        spread = self._timing.jitter * self._random.uniform(-1.0, 1.0)
        return nanoseconds(mean_s * (1.0 + spread))

    def _next_sequence(self) -> int:
        self._latent_sequence += 1
        return self._latent_sequence - 1

    def _plan(self, due_ns: int, event: Callable[[int], None]) -> None:
        heapq.heappush(self._due, (due_ns, next(self._order), event))

    def _run_until(self, now_ns: int) -> None:
        """Events up to and including `now_ns`, each at its own time."""
        while self._due and self._due[0][0] <= now_ns:
            due_ns, _, event = heapq.heappop(self._due)
            event(due_ns)
