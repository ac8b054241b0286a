"""Node: judges what reasoners say and latches the newest good latent for the action generator."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from vla_async.latent import LatentBuffer, LatentRules
from vla_async.nodes import parameters, topics
from vla_async.nodes.conversions import task_value
from vla_async.nodes.diagnostics import OK, WARN, Diagnosis, RateMeter
from vla_async.nodes.latent_conversions import latent_message, latent_value
from vla_async.nodes.lifecycle import PipelineNode
from vla_async.nodes.parameters import parameter
from vla_async.nodes.process import run
from vla_async.timebase import seconds
from vla_async.types import Latent, Task


@dataclass(frozen=True)
class Parameters(parameters.RobotParameters):
    """Limits of a latent's age, and who leads when there are two reasoners."""

    fresh_s: float = parameter(2.0, 'age up to which a latent is as good as new [s]', low=0.01, high=600.0)
    absent_s: float = parameter(6.0, 'age from which a latent is not used at all [s]', low=0.01, high=600.0)
    preferred_model: str = parameter('', 'model id that takes over at once from another; empty: the first one leads')


class LatentBufferNode(PipelineNode):
    """latent_update, task -> latent."""

    TASK = 'judges latents'
    PARAMETERS = Parameters

    def __init__(self, **options: Any) -> None:
        super().__init__('latent_buffer', **options)

    def configure(self) -> None:
        values = parameters.read(self, Parameters)
        self._buffer = LatentBuffer(LatentRules(values.fresh_s, values.absent_s,
                                                preferred_model=values.preferred_model))
        self._rate = RateMeter(10.0)
        self._task: Task | None = None
        self._publisher = self.advertise(topics.LATENT)
        self.listen(topics.TASK, self._follow)
        self.listen(topics.LATENT_UPDATE, self._judge)

    def clock_jumped(self) -> None:
        self._buffer.forget()

    def health(self) -> Diagnosis:
        now_ns = self.now_ns()
        state = self._buffer.current(now_ns)
        values: dict[str, object] = {'status': state.status, 'rate [Hz]': self._rate.rate_hz(now_ns)}
        if state.latent is not None:
            values |= {'age [s]': seconds(now_ns - state.latent.stamp_ns), 'model': state.latent.model_id,
                       'sequence': state.latent.sequence, 'reasoning': state.latent.reasoning}
        if self._task is None or not self._task.instruction:
            return Diagnosis(OK, 'no task', values)
        return Diagnosis(WARN if state.reason else OK, state.reason or 'the latent is fresh', values)

    def _follow(self, message: Any) -> None:
        self._task = task_value(message)
        self._buffer.set_task(self._task)
        early = self._buffer.current(self.now_ns()).latent
        if self.active and early is not None:
            self._publish(early)

    def _judge(self, message: Any) -> None:
        if not self.active:
            return
        latent = latent_value(message)
        now_ns = self.now_ns()
        verdict = self._buffer.offer(latent, now_ns)
        if not verdict.accepted:
            self.report('refused latent', verdict.reason)
            return
        self.settle('refused latent')
        self._publish(latent)

    def _publish(self, latent: Latent) -> None:
        self._rate.tick(self.now_ns())
        self._publisher.publish(latent_message(latent))


def main() -> int:
    """Console entry point."""
    return run(LatentBufferNode)
