"""One worker's share of an update: it draws a batch and computes its gradients."""
from __future__ import annotations

from typing import Any

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from vla_async.training.batches import Batch, Batches
from vla_async.training.losses import Losses, Student, compute


class Shard:
    """Networks, batches and random numbers of one worker."""

    def __init__(self, student: Student, batches: Batches, seed: int, device: str = 'cpu') -> None:
        self.student, self.batches, self.device = student, batches, device
        self.names = [n for n, p in student.named_parameters() if p.requires_grad]
        self.parameters = [p for p in student.parameters() if p.requires_grad]
        self.generator = torch.Generator().manual_seed(seed)

    def gradients(self) -> tuple[list[torch.Tensor], dict[str, float]]:
        """Gradients of the next batch, in the order of `parameters`, and its losses."""
        losses = self.losses(self.batches.draw(self.device), self.generator)
        with sdpa_kernel(SDPBackend.MATH):
            found = torch.autograd.grad(losses.total, self.parameters, allow_unused=True)
        return [torch.zeros_like(p) if g is None else g for g, p in zip(found, self.parameters, strict=True)], \
            losses.numbers()

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
