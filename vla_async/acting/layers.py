"""Building blocks shared by the encoder and the velocity field."""
from __future__ import annotations

import math

import torch
from torch import nn
from torch.nn import functional


class SelfAttention(nn.Module):
    """Multi-head attention within (B, N, width)."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.into, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        query, key, value = (split_heads(part, self.heads) for part in self.into(x).chunk(3, dim=-1))
        attended = functional.scaled_dot_product_attention(query, key, value, mask)
        return self.out(attended.transpose(1, 2).flatten(2))


class CrossAttention(nn.Module):
    """Multi-head attention of (B, N, width) to a context whose keys and values are made once."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query, self.key_value = nn.Linear(width, width), nn.Linear(width, 2 * width)
        self.out = nn.Linear(width, width)

    def keys_values(self, context: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Keys and values (B, heads, M, width / heads) of the context (B, M, width)."""
        key, value = self.key_value(context).chunk(2, dim=-1)
        return split_heads(key, self.heads), split_heads(value, self.heads)

    def forward(self, x: torch.Tensor, keys_values: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
        attended = functional.scaled_dot_product_attention(split_heads(self.query(x), self.heads), *keys_values)
        return self.out(attended.transpose(1, 2).flatten(2))


def split_heads(x: torch.Tensor, heads: int) -> torch.Tensor:
    """(B, N, width) to (B, heads, N, width / heads)."""
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)


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
        self.attention, self.feed = SelfAttention(width, heads), FeedForward(width)

    def forward(self, x: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        x = x + self.attention(self.norm_attention(x), mask)
        return x + self.feed(self.norm_feed(x))


def at_least_float32(x: torch.Tensor) -> torch.Tensor:
    """`x` in float32 for what bfloat16 is too coarse for; in float64 where all is computed in that."""
    return x.to(torch.promote_types(x.dtype, torch.float32))


def sinusoid(value: torch.Tensor, width: int, shortest: float, longest: float) -> torch.Tensor:
    """Sines and cosines of `value` (...,) at periods from `shortest` to `longest`, shape (..., width)."""
    value = at_least_float32(value)
    periods = torch.logspace(math.log10(shortest), math.log10(longest), width // 2, device=value.device,
                             dtype=value.dtype)
    angle = value[..., None] * (2 * math.pi / periods)
    return torch.cat([angle.sin(), angle.cos()], dim=-1)
