"""Node: the fast side. Each new set of pictures and the latched latent become an action chunk; it waits for nobody."""
from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from vla_async.acting.policy import load_generator
from vla_async.latent import LatentBuffer, LatentRules
from vla_async.nodes import parameters, topics
from vla_async.nodes.conversions import chunk_message, task_value
from vla_async.nodes.diagnostics import OK, WARN, Diagnosis, RateMeter
from vla_async.nodes.inputs import InputParameters, ObservationInputs
from vla_async.nodes.latent_conversions import latent_value
from vla_async.nodes.lifecycle import PipelineNode
from vla_async.nodes.models import ModelSource, standing_by
from vla_async.nodes.parameters import parameter
from vla_async.nodes.process import run
from vla_async.nodes.threads import ACTING_PRIORITY, ask_for_realtime, give_up_realtime, take_turns_quickly
from vla_async.timebase import NS_PER_MS, seconds
from vla_async.types import Latent, Observation, Task

if TYPE_CHECKING:  # torch takes long to import, and then reads how many threads it may use
    from vla_async.acting.generator import ActionGenerator

WAIT_S = 0.1  # how long the worker waits for pictures before it looks whether it shall end


@dataclass(frozen=True)
class Parameters(InputParameters):
    """What counts as a fresh observation and a usable latent."""

    camera_patience_ms: int = parameter(5, 'pictures of one instant come one after the other; a pause this long ends '
                                        'the wait for more [ms]', low=0, high=1000)
    fresh_s: float = parameter(2.0, 'age up to which a latent is as good as new [s]', low=0.01, high=600.0)
    absent_s: float = parameter(6.0, 'age of the latent from which no more chunks are made [s]', low=0.01, high=600.0)
    chunk_age_s: float = parameter(0.5, 'pictures older than this behind the newest chunk are a matter for a warning '
                                   '[s]', low=0.01, high=10.0)
    patience_s: float = parameter(5.0, 'a chunk that takes longer to make has hung: the process is started again [s]',
                                  low=0.5, high=600.0)


class ActionGeneratorNode(PipelineNode):
    """cameras, joint_states, latent, task -> action_chunk.

    Inference runs in a thread of its own, on the newest observation, as soon as its pictures are complete.
    """

    TASK = 'makes action chunks'
    PARAMETERS = Parameters

    def __init__(self, models: ModelSource[ActionGenerator] | None = None, **options: Any) -> None:
        super().__init__('action_generator', **options)
        self._models = models or ModelSource(load_generator)

    def configure(self) -> None:
        self._values = parameters.read(self, Parameters)
        take_turns_quickly()
        self._generator = self._models.get(self._values, self.robot)
        self._latents = LatentBuffer(LatentRules(self._values.fresh_s, self._values.absent_s))
        self._task: Task | None = None
        self._task_of_chunk, self._inference_ns, self._seen_ns = 0, 0, 0
        self._rate = RateMeter()
        self._publisher = self.advertise(topics.ACTION_CHUNK)
        self._inputs = ObservationInputs(self, self._values)
        self.listen(topics.TASK, self._follow)
        self.listen(topics.LATENT, self._learn)

    def activate(self) -> None:
        self._worker = self.worker('acting', self._work, self._values.patience_s,
                                   partial(ask_for_realtime, priority=ACTING_PRIORITY))
        self._worker.start()

    def deactivate(self) -> None:
        self._worker.close()

    def clock_jumped(self) -> None:
        self._latents.forget()
        self._inputs.buffer.forget()

    def health(self) -> Diagnosis:
        now_ns = self.now_ns()
        state = self._latents.current(now_ns)
        values: dict[str, object] = {'rate [Hz]': self._rate.rate_hz(now_ns), 'chunks': self._rate.count,
                                     'inference [ms]': self._inference_ns / NS_PER_MS, 'latent': state.status}
        if state.latent is not None:
            values['latent age [s]'] = seconds(now_ns - state.latent.stamp_ns)
        if self._rate.count:
            values['chunk age [s]'] = seconds(now_ns - self._seen_ns)
        if self._task is None or not self._task.instruction:
            return Diagnosis(OK, 'no task', values)
        if state.latent is None:
            return Diagnosis(WARN, f'{state.reason}: nothing is made, the robot comes to rest', values)
        return Diagnosis(*self._judge_output(now_ns), values)

    def _judge_output(self, now_ns: int) -> tuple[bytes, str]:
        """Level and words, by the age of the pictures behind the newest chunk."""
        if not self._rate.count:
            return WARN, 'no chunk has been made yet'
        age_s = seconds(now_ns - self._seen_ns)
        return (WARN, f'the newest chunk is {age_s:.2f} s old') if age_s > self._values.chunk_age_s else (OK, 'acting')

    def _follow(self, message: Any) -> None:
        self._task = task_value(message)
        self._latents.set_task(self._task)

    def _learn(self, message: Any) -> None:
        self._latents.offer(latent_value(message), self.now_ns())

    def _work(self) -> None:
        arrived = self._inputs.wait(WAIT_S, self._values.camera_patience_ms / 1000)
        now_ns = self.now_ns()
        observation, latent = self._inputs.observe(now_ns), self._latents.current(now_ns).latent
        if arrived and observation is not None and latent is not None:
            self._make(observation, latent, now_ns)

    def _make(self, observation: Observation, latent: Latent, now_ns: int) -> None:
        if latent.task_id != self._task_of_chunk:
            self._generator.reset()
            self._task_of_chunk = latent.task_id
        begin_ns = time.monotonic_ns()
        chunk = self._generator.generate(observation, latent, now_ns, self._values.seed)
        self._inference_ns = time.monotonic_ns() - begin_ns
        if self._task is None or self._task.id != latent.task_id:
            return  # the task has changed meanwhile
        message = chunk_message(replace(chunk, inference_ns=self._inference_ns), self.robot.chunk_columns)
        self._publisher.publish(message)
        self._rate.tick(self.now_ns())
        self._seen_ns = observation.stamp_ns


def main(models: ModelSource[ActionGenerator] | None = None) -> int:
    """Console entry point."""
    return run(partial(ActionGeneratorNode, models), priority=ACTING_PRIORITY, settle=give_up_realtime)


def prepare(arguments: Sequence[str]) -> Callable[[], int]:
    """`main`, with a model that is loaded now."""
    return standing_by(main, load_generator, arguments)
