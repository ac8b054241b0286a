"""A language model of the Llama kind without the parts that the library computes in float32, whatever is asked for.

These are its norms and the angles of its rotary embedding. In float32 the order of a sum and a processor's own sine
show in the seventh digit; of other kinds of language models such parts stay as they are.
"""
from __future__ import annotations

import torch
from torch import nn
from transformers.models.llama.modeling_llama import LlamaRMSNorm, LlamaRotaryEmbedding


def without_float32(model: nn.Module) -> None:
    """Puts parts in float64 in their places; the weights stay the same."""
    for owner in list(model.modules()):
        for name, part in list(owner.named_children()):
            if isinstance(part, LlamaRMSNorm):
                norm = nn.RMSNorm(part.weight.shape[0], part.variance_epsilon)
                norm.weight = part.weight
                setattr(owner, name, norm)
            elif isinstance(part, LlamaRotaryEmbedding) and part.rope_type == 'default':
                setattr(owner, name, RotaryAngles(part))


class RotaryAngles(nn.Module):
    """Cosines and sines (B, S, width) of the angles p * theta^(-2 i / width) of token p, twice over i < width / 2.

    https://arxiv.org/abs/2104.09864
    """

    def __init__(self, given: LlamaRotaryEmbedding) -> None:
        super().__init__()
        width = 2 * given.inv_freq.shape[0]
        exponents = torch.arange(0, width, 2, dtype=torch.float64) / width
        self.frequency = nn.Buffer(given.config.rope_parameters['rope_theta'] ** -exponents, persistent=False)

    def forward(self, _states: torch.Tensor, position_ids: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """At positions (B, S)."""
        angle = (position_ids[..., None] * self.frequency).repeat(1, 1, 2)
        return angle.cos(), angle.sin()
