"""The thinking half of the data flow in virtual time: observations and tasks go in, action chunks come out.

Models take the time that `Timing` says, not the time that they need here, so a run follows from its inputs and its seed
alone. No clock is read, no thread is started.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from vla_async.embodiment import Embodiment
from vla_async.joint_order import JointReading
from vla_async.latent.buffer import LatentBuffer
from vla_async.observation import ObservationBuffer
from vla_async.replay.agenda import Agenda
from vla_async.timebase import nanoseconds
from vla_async.types import ActionChunk, ImageArray, Latent, Observation, Task


class SlowSide(Protocol):
    """What is needed of a reasoner."""

    def instruction_latent(self, task: Task, now_ns: int, sequence: int) -> Latent: ...

    def reason(self, observation: Observation, task: Task, sequence: int, clock: Callable[[], int]
               ) -> Iterator[Latent]: ...


class FastSide(Protocol):
    """What is needed of an action generator."""

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


class Thinking:
    """Reasoner, latent buffer and action generator, joined as in the graph; what is due happens through `agenda`.

    `latched(latent)` and `made(chunk, now_ns)` are told when a latent is latched and when a chunk is ready.
    """

    def __init__(self, robot: Embodiment, slow: SlowSide, fast: FastSide, agenda: Agenda, *,
                 latched: Callable[[Latent], None], made: Callable[[ActionChunk, int], None], seed: int = 0,
                 timing: Timing | None = None) -> None:
        self._slow, self._fast, self._agenda = slow, fast, agenda
        self._latched, self._made = latched, made
        self._timing = timing or Timing()
        self._random = np.random.default_rng(seed)
        self._observations = ObservationBuffer(robot)
        self._latents = LatentBuffer()
        self._task: Task | None = None
        self._latent_sequence = 1
        self._slow_free_ns = self._fast_free_ns = 0
        fast.reset()

    @property
    def task(self) -> Task | None:
        """The one that counts."""
        return self._task

    def set_task(self, task: Task) -> None:
        """A new instruction: it counts at once, the scene is read as soon as the reasoner is free."""
        self._task = task
        self._latents.set_task(task)
        if task.instruction:
            self._latch(self._slow.instruction_latent(task, task.stamp_ns, self._next_sequence()))(task.stamp_ns)

    def observe_joints(self, reading: JointReading) -> None:
        """Measured joints."""
        self._observations.add_joints(reading)

    def observe_picture(self, camera: str, stamp_ns: int, pixels: ImageArray) -> None:
        """A picture (height, width, 3) RGB; raises DataError unless it has the camera's size."""
        self._observations.add_picture(camera, stamp_ns, pixels)

    def seen_by_all(self) -> bool:
        """Whether every camera has a picture that nobody has thought about yet."""
        return self._observations.all_new()

    def anything_new(self) -> bool:
        """Whether any camera has."""
        return self._observations.any_new()

    def think(self, now_ns: int) -> None:
        """Whichever side is free starts on the newest observation."""
        observation = self._observations.observe(now_ns)
        if observation is None or self._task is None or not self._task.instruction:
            return
        if now_ns >= self._slow_free_ns:
            self._reason(observation, self._task, now_ns)
        if now_ns >= self._fast_free_ns:
            self._generate(observation, now_ns)

    def _reason(self, observation: Observation, task: Task, now_ns: int) -> None:
        """Slow: two latents, one after the prefill, one with the reasoning."""
        fused_ns = now_ns + self._takes(self._timing.prefill_s) + nanoseconds(self._timing.slow_delay_s)
        ready = (fused_ns, fused_ns + self._takes(self._timing.decode_s))
        latents = self._slow.reason(observation, task, self._latent_sequence, lambda: now_ns)
        for latent, ready_ns in zip(latents, ready, strict=False):
            self._next_sequence()
            self._agenda.plan(ready_ns, self._latch(replace(latent, ready_ns=ready_ns)))
        self._slow_free_ns = max(ready[-1], now_ns + nanoseconds(self._timing.slow_period_s))

    def _latch(self, latent: Latent) -> Callable[[int], None]:
        def latch(now_ns: int) -> None:
            if self._latents.offer(latent, now_ns).accepted:
                self._latched(latent)
        return latch

    def _generate(self, observation: Observation, now_ns: int) -> None:
        """Fast: a chunk from the newest pictures and whatever latent is latched now."""
        latent = self._latents.current(now_ns).latent
        if latent is None:
            return
        duration_ns = self._takes(self._timing.generate_s)
        chunk = replace(self._fast.generate(observation, latent, now_ns), inference_ns=duration_ns)
        self._fast_free_ns = now_ns + duration_ns
        self._agenda.plan(self._fast_free_ns, lambda ready_ns: self._made(chunk, ready_ns))

    def _takes(self, mean_s: float) -> int:
        """A duration [ns] around `mean_s`."""
        spread = self._timing.jitter * self._random.uniform(-1.0, 1.0)
        return nanoseconds(mean_s * (1.0 + spread))

    def _next_sequence(self) -> int:
        self._latent_sequence += 1
        return self._latent_sequence - 1
