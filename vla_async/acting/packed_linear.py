"""Linear layers whose weights lie as the processor's matrix unit takes them: put in order once, not for every product.

The operators are those that torch's own compiler emits, which itself would need a C++ compiler on the robot.
"""
from __future__ import annotations

from functools import cache

import torch
from torch import nn

SMALLEST = 64  # features; smaller layers gain nothing


class PackedLinear(nn.Module):
    """A linear layer with the same results, bit by bit."""

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        self.packed: torch.Tensor
        self.register_buffer('packed', torch.ops.mkldnn._reorder_linear_weight(linear.weight.detach(), None))
        self.bias = linear.bias

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        product: torch.Tensor = _scripted()(x, self.packed, self.bias)
        return product


def pack(module: nn.Module) -> None:
    """Replace the layers inside that gain by it: those in bfloat16 on a processor that computes in it."""
    if not (torch.backends.mkldnn.is_available() and torch.ops.mkldnn._is_mkldnn_bf16_supported()):
        return
    for part in list(module.modules()):
        for name, child in list(part.named_children()):
            if isinstance(child, nn.Linear) and _gains(child):
                setattr(part, name, PackedLinear(child))


def _gains(linear: nn.Linear) -> bool:
    weight = linear.weight
    return weight.device.type == 'cpu' and weight.dtype == torch.bfloat16 and min(weight.shape) >= SMALLEST


@cache
def _scripted() -> torch.jit.ScriptFunction:
    """A script, as a trace cannot hold the empty list; made here, as not every build of torch knows the operator."""
    return torch.jit.script(_product)


def _product(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    return torch.ops.mkldnn._linear_pointwise(x, weight, bias, 'none', [], None)
