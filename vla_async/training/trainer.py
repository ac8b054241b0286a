"""Both sides trained together, end to end, within a budget of time or steps."""
from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
import torch

from vla_async.training.batches import Batch
from vla_async.training.gradient_helper import GradientHelper
from vla_async.training.shard import Shard

LEARNING_RATE = 8e-4
SLOW_RATE = 0.6  # of it for the reasoner
WARM_UP_STEPS = 100
WEIGHT_DECAY = 0.02
CLIP_NORM = 1.0
EMA_DECAY = 0.998

T = TypeVar('T')


@dataclass
class Progress:
    """Where the training stands; everything that is logged."""

    step: int = 0
    elapsed_s: float = 0.0  # over all runs
    curves: list[dict[str, float]] = field(default_factory=list)  # averaged over some updates
    validation: list[dict[str, float]] = field(default_factory=list)


@dataclass(frozen=True)
class Budget:
    """Training ends at whichever is reached first; the learning rate falls to zero towards it."""

    steps: int
    seconds: float = math.inf

    def share(self, progress: Progress) -> float:
        """Used share of the budget, 0..1."""
        return min(1.0, max(progress.step / self.steps, progress.elapsed_s / self.seconds))


class Trainer:
    """Optimiser and averaged weights around one shard and its helpers; one call of `step` is one update."""

    def __init__(self, shard: Shard, helpers: Sequence[GradientHelper] = ()) -> None:
        self.shard, self.helpers, self.parameters = shard, helpers, shard.parameters
        sides: dict[bool, list[torch.nn.Parameter]] = {True: [], False: []}
        for name, parameter in zip(shard.names, shard.parameters, strict=True):
            sides[name.startswith('expert.')].append(parameter)
        self.optimiser = torch.optim.AdamW(
            [{'params': sides[False], 'scale': SLOW_RATE}, {'params': sides[True], 'scale': 1.0}],
            lr=LEARNING_RATE, betas=(0.9, 0.98), weight_decay=WEIGHT_DECAY, fused=True)
        self.average = [p.detach().clone() for p in self.parameters]
        self.progress = Progress()

    def step(self, budget: Budget) -> dict[str, float]:
        """One update; the losses' means over the shards."""
        rate = LEARNING_RATE * self._schedule(budget.share(self.progress))
        for group in self.optimiser.param_groups:
            group['lr'] = rate * group['scale']
        numbers = self._collect_gradients()
        torch.nn.utils.clip_grad_norm_(self.parameters, CLIP_NORM)
        self.optimiser.step()
        self.progress.step += 1
        decay = min(EMA_DECAY, self.progress.step / (self.progress.step + 10))
        for average, parameter in zip(self.average, self.parameters, strict=True):
            average.lerp_(parameter.detach(), 1 - decay)
        return numbers

    @torch.no_grad()
    def validate(self, batches: Sequence[Batch]) -> dict[str, float]:
        """Losses of the averaged weights on fixed batches, with fixed noise."""
        generator = torch.Generator().manual_seed(0)
        return _mean(self.with_average(lambda: [self.shard.losses(b, generator).numbers() for b in batches]))

    def with_average(self, use: Callable[[], T]) -> T:
        """Calls `use` while the networks have their averaged weights, and puts the trained ones back."""
        trained = [p.detach().clone() for p in self.parameters]
        self._put(self.average)
        try:
            return use()
        finally:
            self._put(trained)

    @torch.no_grad()
    def _put(self, values: list[torch.Tensor]) -> None:
        for parameter, value in zip(self.parameters, values, strict=True):
            parameter.copy_(value)

    def _collect_gradients(self) -> dict[str, float]:
        """Mean gradients of all shards into the parameters; the means of their losses."""
        for helper in self.helpers:
            helper.start()
        gradients, numbers = self.shard.gradients()
        losses = [numbers, *(helper.losses() for helper in self.helpers)]
        for i, parameter in enumerate(self.parameters):
            for helper in self.helpers:
                gradients[i] += helper.gradients[i]
            parameter.grad = gradients[i] / len(losses)
        return _mean(losses)

    def _schedule(self, share: float) -> float:
        """Linear warm-up, then a cosine from 1 to 0 over the budget."""
        warm = min(1.0, (self.progress.step + 1) / WARM_UP_STEPS)
        return warm * 0.5 * (1 + math.cos(math.pi * share))


def _mean(numbers: Sequence[dict[str, float]]) -> dict[str, float]:
    return {k: float(np.mean([n[k] for n in numbers])) for k in numbers[0]}
