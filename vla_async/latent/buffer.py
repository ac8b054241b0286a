"""The rules by which the newest good latent is kept: who may replace it, and how long it counts.

Knows neither models nor messages. Never waits: `current` answers at once with fresh, stale or absent.
"""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vla_async.timebase import seconds
from vla_async.types import Latent, Task

FRESH, STALE, ABSENT = 'fresh', 'stale', 'absent'


@dataclass(frozen=True, slots=True)
class LatentRules:
    """Limits of a latent's age [s], measured from the observation behind it, and which model is preferred."""

    fresh_s: float = 2.0  # up to here it is as good as new
    absent_s: float = 6.0  # beyond this it is not used at all
    future_s: float = 0.5  # a stamp further ahead than this tells of clocks that disagree
    preferred_model: str = ''  # this model takes over at once from another one; empty: none is preferred


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of an offered latent."""

    accepted: bool
    reason: str = ''  # why not; empty when accepted


@dataclass(frozen=True, slots=True)
class LatentState:
    """What the buffer holds now; `latent` is None exactly when the status is absent."""

    status: str
    latent: Latent | None
    reason: str = ''  # why it is not fresh, with the figure


ACCEPTED = Verdict(True)


class LatentBuffer:
    """Keeps one latent, for one task. One thread may write while another reads `current`."""

    def __init__(self, rules: LatentRules | None = None) -> None:
        self._rules = rules or LatentRules()
        self._task: Task | None = None
        self._latent: Latent | None = None
        self._early: Latent | None = None  # came before the task that it is for

    def set_task(self, task: Task) -> None:
        """Follow a new task; a latent made for another one is dropped at once, one that came early is taken up."""
        self._task = task
        if self._latent is not None and self._misfit(self._latent):
            self._latent = None
        if self._early is not None and self._latent is None and not self._misfit(self._early):
            self._latent = self._early
        self._early = None

    def forget(self) -> None:
        """What was stamped so far has no age any more: the clock was set. The task stays."""
        self._latent = self._early = None

    def offer(self, latent: Latent, now_ns: int) -> Verdict:
        """Judge a latent at `now_ns` and keep it if it is valid and better than the present one."""
        fault = self._fault(latent, now_ns)
        misfit = self._misfit(latent)
        if misfit and not fault and (self._task is None or latent.task_id > self._task.id):
            self._early = latent
        reason = fault or misfit or self._inferiority(latent, now_ns)
        if reason:
            return Verdict(False, reason)
        self._latent = latent
        return ACCEPTED

    def current(self, now_ns: int) -> LatentState:
        """The kept latent and how far it can be trusted at `now_ns`."""
        latent = self._latent  # read once: another thread may replace it
        if latent is None:
            return LatentState(ABSENT, None, 'no latent has come for the task')
        fault, age_s = self._age_fault(latent, now_ns), seconds(now_ns - latent.stamp_ns)
        if fault:
            return LatentState(ABSENT, None, f'the latent is not used: {fault}')
        if age_s > self._rules.fresh_s:
            return LatentState(STALE, latent, f'the latent is {age_s:.2f} s old')
        return LatentState(FRESH, latent)

    def _misfit(self, latent: Latent) -> str:
        """Why the latent does not belong to the task, or nothing."""
        task = self._task
        if task is None:
            return 'no task is given'
        if not task.instruction:
            return 'the task is to hold still'
        if latent.task_id != task.id or latent.instruction != task.instruction:
            return f'made for task {latent.task_id} "{latent.instruction}", now it is {task.id} "{task.instruction}"'
        return ''

    def _fault(self, latent: Latent, now_ns: int) -> str:
        """What is wrong with the latent itself, or nothing."""
        if fault := self._age_fault(latent, now_ns):
            return fault
        for name, tensor in (('instruction embedding', latent.instruction_embedding), ('fusion', latent.fusion)):
            if tensor is not None and not np.isfinite(tensor).all():
                return f'{name} of {latent.model_id} is not finite'
        return ''

    def _age_fault(self, latent: Latent, now_ns: int) -> str:
        age_s = seconds(now_ns - latent.stamp_ns)
        if age_s > self._rules.absent_s:
            return f'its observation is {age_s:.2f} s old, limit {self._rules.absent_s:.2f} s'
        if age_s < -self._rules.future_s:
            return f'its observation lies {-age_s:.2f} s in the future: the clocks of {latent.model_id} and here differ'
        return ''

    def _inferiority(self, latent: Latent, now_ns: int) -> str:
        """Why the present latent stays, or nothing."""
        present = self.current(now_ns)
        if present.latent is None:
            return ''
        if present.latent.model_id != latent.model_id:
            return self._other_model(latent, present.latent, present.status)
        if latent.fusion is None:
            return '' if present.latent.fusion is None else 'it has not seen the scene, the present one has'
        if present.latent.fusion is not None and _order(latent) <= _order(present.latent):
            return f'sequence {latent.sequence} is not newer than {present.latent.sequence}'
        return ''

    def _other_model(self, latent: Latent, present: Latent, status: str) -> str:
        """Two reasoners: the preferred one leads; else the second waits until the first is stale."""
        preferred = self._rules.preferred_model
        if latent.model_id == preferred:
            return ''
        if status == STALE and latent.stamp_ns > present.stamp_ns:
            return ''
        why = 'preferred' if present.model_id == preferred else 'in use'
        return f'{latent.model_id} waits: {present.model_id} is {why} and {status}'


def _order(latent: Latent) -> tuple[int, int, bool]:
    """Newer observation first; a reasoner that restarted counts its sequence from the beginning."""
    return latent.stamp_ns, latent.sequence, latent.complete
