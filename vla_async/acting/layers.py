"""Building blocks shared by the encoder and the velocity field."""
from __future__ import annotations

import math

import torch
from torch import nn
from torch.nn import functional


class Attention(nn.Module):
    """Multi-head attention of `queries` (B, N, width) to `context` (B, M, width), pre-projected with `keys_values`."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query, self.key_value = nn.Linear(width, width), nn.Linear(width, 2 * width)
        self.out = nn.Linear(width, width)

    def keys_values(self, context: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Keys and values (B, heads, M, width / heads), reusable while the context stays."""
        key, value = self.key_value(context).chunk(2, dim=-1)
        return self._split(key), self._split(value)

    def forward(self, queries: torch.Tensor, keys_values: tuple[torch.Tensor, torch.Tensor],
                mask: torch.Tensor | None = None) -> torch.Tensor:
        attended = functional.scaled_dot_product_attention(self._split(self.query(queries)), *keys_values, mask)
        return self.out(attended.transpose(1, 2).flatten(2))

    def _split(self, x: torch.Tensor) -> torch.Tensor:
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)


class FeedForward(nn.Sequential):
    """Two layers with `expansion` times the width between them."""

    def __init__(self, width: int, expansion: int = 3) -> None:
        super().__init__(nn.Linear(width, expansion * width), nn.GELU(approximate='tanh'),
                         nn.Linear(expansion * width, width))


class EncoderBlock(nn.Module):
    """Pre-norm self-attention and feed-forward, both residual."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm_attention, self.norm_feed = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention, self.feed = Attention(width, heads), FeedForward(width)

    def forward(self, x: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        y = self.norm_attention(x)
        x = x + self.attention(y, self.attention.keys_values(y), mask)
        return x + self.feed(self.norm_feed(x))


def sinusoid(value: torch.Tensor, width: int, shortest: float, longest: float) -> torch.Tensor:
    """Sines and cosines of `value` (...,) at periods from `shortest` to `longest`, shape (..., width)."""
    periods = torch.logspace(math.log10(shortest), math.log10(longest), width // 2, device=value.device)
    angle = value.float()[..., None] * (2 * math.pi / periods)
    return torch.cat([angle.sin(), angle.cos()], dim=-1)
