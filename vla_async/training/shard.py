"""One worker's share of an update: it draws a batch and computes its gradients."""
from __future__ import annotations

from typing import Any

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from vla_async.training.batches import Batch, Batches
from vla_async.training.losses import Losses, Student, compute, look

SIGHT, JOINT = 'sight', 'joint'
_SIGHT_PARTS = ('language_', 'condition.', 'features.', 'slots.', 'target_out.')


class Shard:
    """Networks, batches and random numbers of one worker.

    Training has two stages. `sight` is short: the main camera's picture and the instruction alone, with many scenes a
    second, until the first query looks at what is named. `joint` is everything.
    """

    def __init__(self, student: Student, batches: Batches, seed: int, device: str = 'cpu') -> None:
        self.student, self.batches, self.device = student, batches, device
        self.names = [n for n, p in student.named_parameters() if p.requires_grad]
        self.parameters = [p for p in student.parameters() if p.requires_grad]
        self.generator = torch.Generator().manual_seed(seed)
        chosen = tuple(f'expert.encoder.{part}' for part in _SIGHT_PARTS)
        words = student.vision_language.model.get_input_embeddings().weight
        sight = [i for i, (n, p) in enumerate(zip(self.names, self.parameters, strict=True))
                 if n.startswith(chosen) or p is words]
        self.members = {SIGHT: sight, JOINT: list(range(len(self.parameters)))}  # indices of what a stage trains

    def gradients(self, stage: str) -> tuple[list[torch.Tensor], dict[str, float]]:
        """Gradients of the next batch, in the order of the stage's members, and its losses."""
        members = [self.parameters[i] for i in self.members[stage]]
        total, numbers = self._look() if stage == SIGHT else self._joint()
        with sdpa_kernel(SDPBackend.MATH):
            found = torch.autograd.grad(total, members, allow_unused=True)
        # contiguous like the weights: the fused optimiser walks through both as flat memory, whatever their strides
        filled = (torch.zeros_like(p) if g is None else g.contiguous() for g, p in zip(found, members, strict=True))
        return list(filled), numbers

    def losses(self, batch: Batch, generator: torch.Generator) -> Losses:
        """Losses of a batch; attention in plain products, whose backward pass is several times faster on processors."""
        with sdpa_kernel(SDPBackend.MATH), torch.autocast(self.device.split(':')[0], torch.bfloat16):
            return compute(self.student, batch, generator)

    def state(self) -> dict[str, Any]:
        """Random state as JSON-able values."""
        return {'noise': self.generator.get_state().tolist(), 'batches': self.batches.rng.bit_generator.state}

    def restore(self, state: dict[str, Any]) -> None:
        """Put back what `state` gave."""
        self.generator.set_state(torch.tensor(state['noise'], dtype=torch.uint8))
        self.batches.rng.bit_generator.state = state['batches']

    def _joint(self) -> tuple[torch.Tensor, dict[str, float]]:
        losses = self.losses(self.batches.draw(self.device), self.generator)
        return losses.total, losses.numbers()

    def _look(self) -> tuple[torch.Tensor, dict[str, float]]:
        batch = self.batches.draw_sights(self.device)
        with sdpa_kernel(SDPBackend.MATH), torch.autocast(self.device.split(':')[0], torch.bfloat16):
            return look(self.student, batch)
