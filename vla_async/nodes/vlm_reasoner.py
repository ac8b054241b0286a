"""Node: the slow side. Reads the newest picture and the instruction, says what it understood; nobody waits for it."""
from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from threading import Event, Lock
from typing import TYPE_CHECKING, Any

from vla_async.acting.policy import load_reasoner
from vla_async.nodes import parameters, topics
from vla_async.nodes.clocks import STEADY
from vla_async.nodes.conversions import task_value
from vla_async.nodes.diagnostics import OK, WARN, Diagnosis, RateMeter
from vla_async.nodes.inputs import InputParameters, ObservationInputs
from vla_async.nodes.latent_conversions import latent_message
from vla_async.nodes.lifecycle import PipelineNode
from vla_async.nodes.models import ModelSource, standing_by
from vla_async.nodes.parameters import parameter
from vla_async.nodes.process import run
from vla_async.nodes.threads import be_nice
from vla_async.timebase import seconds
from vla_async.types import Latent, Observation, Task

if TYPE_CHECKING:  # torch takes long to import, and then reads how many threads it may use
    from vla_async.reasoning.reasoner import Reasoner

NOTICED_S = 0.3  # after this long every node has noticed that the clock was set
FORGET_S = 25.0  # until then a reasoner that was there before may be a dead one, which DDS remembers for 20 s
LOOK_S = 0.1  # how often the worker looks for input, and whether it shall end


@dataclass(frozen=True)
class Parameters(InputParameters):
    """How often the model runs and what it may cost the others."""

    rate_hz: float = parameter(2.0, 'passes a second at most [Hz]', low=0.01, high=100.0)
    slow_delay_ms: int = parameter(0, 'extra delay of every pass, to see what asynchrony buys [ms]', low=0, high=60000)
    latent_age_s: float = parameter(2.0, 'pictures older than this, and slow_delay_ms, behind the newest latent are a '
                                    'matter for a warning [s]', low=0.01, high=600.0)
    patience_s: float = parameter(30.0, 'a pass that takes longer, beyond slow_delay_ms, has hung: the process is '
                                  'started again [s]', low=0.5, high=600.0)
    niceness: int = parameter(10, 'how much the reasoner yields to the fast nodes on a busy machine', low=0, high=19)


class VlmReasonerNode(PipelineNode):
    """task, cameras, joint_states -> latent_update.

    The instruction alone is published from the callback, at once; the scene follows from the worker's thread. So it is
    after the clock was set, when nobody knows the age of any latent.
    """

    TASK = 'understands scene and instruction'
    PARAMETERS = Parameters

    def __init__(self, models: ModelSource[Reasoner] | None = None, **options: Any) -> None:
        super().__init__('vlm_reasoner', **options)
        self._models = models or ModelSource(load_reasoner)
        self._counting, self._asked = Lock(), Event()

    def configure(self) -> None:
        self._values = parameters.read(self, Parameters)
        self._delay_s = self._values.slow_delay_ms / 1000
        self._reasoner = self._models.get(self._values, self.robot)
        self._task: Task | None = None
        self._sequence, self._pass_s, self._seen_ns = 1, 0.0, 0
        self._next_s = 0.0  # steady time of the next pass: nobody can set it back
        self._rate = RateMeter(10.0)
        self._publisher = self.advertise(topics.LATENT_UPDATE)
        self._inputs = ObservationInputs(self, self._values, (self._reasoner.camera,))
        self._repeat = self.create_timer(NOTICED_S, self._repeat_instruction, clock=STEADY)
        self._repeat.cancel()
        self.listen(topics.TASK, self._follow)

    def activate(self) -> None:
        self._worker = self.worker('reasoning', self._work, self._values.patience_s + self._delay_s,
                                   partial(be_nice, self._values.niceness))
        self._worker.start()
        self._before, self._forgotten_s = self._others(), time.monotonic() + FORGET_S

    def deactivate(self) -> None:
        self._worker.close()

    def cleanup(self) -> None:
        if '_repeat' in self.__dict__:
            self.destroy_timer(self.__dict__.pop('_repeat'))

    def clock_jumped(self) -> None:
        self._inputs.buffer.forget()
        self._repeat.reset()

    def health(self) -> Diagnosis:
        now_ns = self.now_ns()
        values: dict[str, object] = {'rate [Hz]': self._rate.rate_hz(now_ns), 'pass [s]': self._pass_s,
                                     'passes': self._rate.count, 'model': self._reasoner.model_id}
        age_s = seconds(now_ns - self._seen_ns)
        if self._rate.count:
            values['latent age [s]'] = age_s
        if self._task is None or not self._task.instruction:
            return Diagnosis(OK, 'no task', values)
        others = self._others() - (self._before if time.monotonic() < self._forgotten_s else 0)
        if others > 0:
            return Diagnosis(WARN, f'{others + 1} reasoners publish {topics.LATENT_UPDATE.name}', values)
        if not self._rate.count:
            return Diagnosis(WARN, 'no latent of the scene has been made yet', values)
        if age_s > self._values.latent_age_s + self._delay_s:
            return Diagnosis(WARN, f'the newest latent is {age_s:.2f} s old', values)
        return Diagnosis(OK, f'reasoning about "{self._task.instruction}"', values)

    def _others(self) -> int:
        return self.count_publishers(topics.LATENT_UPDATE.name) - 1

    def _follow(self, message: Any) -> None:
        self._task = task_value(message)
        self._pass_on(self._task)

    def _repeat_instruction(self) -> None:
        self._repeat.cancel()
        if self._task is not None:
            self._pass_on(self._task)

    def _pass_on(self, task: Task) -> None:
        if self.active and task.instruction:
            self._publish(self._reasoner.instruction_latent(task, self.now_ns(), self._take_sequence(1)))
            self._asked.set()

    def _work(self) -> None:
        asked = self._asked.wait(min(max(self._next_s - time.monotonic(), 0.0), LOOK_S))
        self._asked.clear()
        begin_s = time.monotonic()
        if begin_s < self._next_s and not asked:
            return
        observation, task = self._inputs.observe(self.now_ns()), self._task
        if observation is None or task is None or not task.instruction:
            self._next_s = begin_s + LOOK_S
            return
        self._next_s = begin_s + 1.0 / self._values.rate_hz
        self._reason(observation, task)
        self._pass_s = time.monotonic() - begin_s

    def _reason(self, observation: Observation, task: Task) -> None:
        """One pass; its text is not waited for when the task has changed meanwhile."""
        self._worker.closing.wait(self._delay_s)
        sequence = self._take_sequence(2)
        for latent in self._reasoner.reason(observation, task, sequence, self.now_ns):
            if self._task is not task or self._worker.closing.is_set():
                return
            self._publish(latent)
            self._seen_ns = latent.stamp_ns
        self._rate.tick(self.now_ns())

    def _take_sequence(self, count: int) -> int:
        """First of `count` new sequence numbers; callback and worker both take some."""
        with self._counting:
            self._sequence += count
            return self._sequence - count

    def _publish(self, latent: Latent) -> None:
        self._publisher.publish(latent_message(latent))


def main(models: ModelSource[Reasoner] | None = None) -> int:
    """Console entry point."""
    return run(partial(VlmReasonerNode, models))


def prepare(arguments: Sequence[str]) -> Callable[[], int]:
    """`main`, with a model that is loaded now."""
    return standing_by(main, load_reasoner, arguments)
