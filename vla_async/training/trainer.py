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
from vla_async.training.shard import JOINT, SIGHT, Shard

LEARNING_RATE = {SIGHT: 2e-3, JOINT: 8e-4}
SLOW_RATE = 0.6  # of it for the reasoner
SIGHT_SHARE = 0.07  # of the budget for the first stage
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
        self.optimisers = {stage: self._optimiser(stage) for stage in (SIGHT, JOINT)}
        self.average = [p.detach().clone() for p in self.parameters]
        self.progress = Progress()

    def step(self, budget: Budget) -> dict[str, float]:
        """One update of what the stage trains; the losses' means over the shards."""
        share = budget.share(self.progress)
        stage = SIGHT if share < SIGHT_SHARE else JOINT
        optimiser, members = self.optimisers[stage], self.shard.members[stage]
        for group in optimiser.param_groups:
            group['lr'] = LEARNING_RATE[stage] * group['scale'] * self._schedule(stage, share)
        numbers = self._collect_gradients(stage)
        torch.nn.utils.clip_grad_norm_([self.parameters[i] for i in members], CLIP_NORM)
        optimiser.step()
        self.progress.step += 1
        decay = min(EMA_DECAY, self.progress.step / (self.progress.step + 10))
        for i in members:
            self.average[i].lerp_(self.parameters[i].detach(), 1 - decay)
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

    def _optimiser(self, stage: str) -> torch.optim.Optimizer:
        sides: dict[bool, list[torch.nn.Parameter]] = {True: [], False: []}
        for i in self.shard.members[stage]:
            sides[self.shard.names[i].startswith('expert.')].append(self.parameters[i])
        slow = SLOW_RATE if stage == JOINT else 1.0
        return torch.optim.AdamW([{'params': sides[False], 'scale': slow}, {'params': sides[True], 'scale': 1.0}],
                                 lr=LEARNING_RATE[stage], betas=(0.9, 0.98), weight_decay=WEIGHT_DECAY, fused=True)

    def _collect_gradients(self, stage: str) -> dict[str, float]:
        """Mean gradients of all shards into the stage's parameters; the means of their losses."""
        for helper in self.helpers:
            helper.start(stage)
        gradients, numbers = self.shard.gradients(stage)
        losses = [numbers, *(helper.losses() for helper in self.helpers)]
        for i, gradient in zip(self.shard.members[stage], gradients, strict=True):
            for helper in self.helpers:
                gradient += helper.gradients[i]
            self.parameters[i].grad = gradient / len(losses)
        return _mean(losses)

    def _schedule(self, stage: str, share: float) -> float:
        """Linear warm-up, then a cosine from 1 to 0 over the stage's part of the budget."""
        warm = min(1.0, (self.progress.step + 1) / WARM_UP_STEPS)
        done = share / SIGHT_SHARE if stage == SIGHT else (share - SIGHT_SHARE) / (1 - SIGHT_SHARE)
        return warm * 0.5 * (1 + math.cos(math.pi * done))


def _mean(numbers: Sequence[dict[str, float]]) -> dict[str, float]:
    return {k: float(np.mean([n[k] for n in numbers])) for k in numbers[0]}
