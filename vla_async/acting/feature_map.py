"""What a camera shows: a picture becomes a feature map, and a few queries bring back what they look for, and where."""
from __future__ import annotations

import torch
from torch import nn

from vla_async.acting.layers import at_least_float32, sinusoid

CONTRAST = 4.0  # brings pictures of 0..1 to about unit variance


class FeatureMap(nn.Module):
    """Picture (B, 3, h, w) to features (B, channels, h / 8, w / 8); one network for all cameras."""

    def __init__(self, channels: int, blocks: int) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, channels // 2, 8, stride=4, padding=2)
        self.down = nn.Conv2d(channels // 2, channels, 3, stride=2, padding=1)
        self.blocks = nn.ModuleList(nn.Conv2d(channels, channels, 3, padding=1) for _ in range(blocks))

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        x = torch.relu(self.down(torch.relu(self.stem((image - 0.5) * CONTRAST))))
        for block in self.blocks:
            x = torch.relu(x + block(x))
        return x


class Slots(nn.Module):
    """`count` queries over one feature map: tokens (B, count, width), attention (B, count, P), places (B, count, 2)."""

    def __init__(self, channels: int, width: int, count: int) -> None:
        super().__init__()
        self.count, self.channels = count, channels
        self.query = nn.Linear(width, count * channels)
        self.key = nn.Linear(channels, channels)
        self.token = nn.Linear(channels + 4 + 16, width)

    def forward(self, features: torch.Tensor, condition: torch.Tensor
                ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        grid = _grid(features)  # (P, 2)
        flat = features.flatten(2).transpose(1, 2)  # (B, P, channels)
        query = self.query(condition).unflatten(-1, (self.count, self.channels))
        logits = query @ self.key(flat).transpose(1, 2) / self.channels ** 0.5
        attention = at_least_float32(logits).softmax(-1)
        place, spread = _moments(attention, grid)
        value = attention.to(flat.dtype) @ flat
        where = torch.cat([place, spread, sinusoid(place, 8, 0.1, 2.0).flatten(2)], dim=-1)
        return self.token(torch.cat([value, where.to(value.dtype)], dim=-1)), attention, place


def _grid(features: torch.Tensor) -> torch.Tensor:
    """Centres of the cells, x and y in 0..1, shape (h * w, 2)."""
    height, width = map(int, features.shape[-2:])  # numbers: a compiler then makes the grid once
    y = (torch.arange(height, device=features.device, dtype=features.dtype) + 0.5) / height
    x = (torch.arange(width, device=features.device, dtype=features.dtype) + 0.5) / width
    return torch.stack([x.repeat(height), y.repeat_interleave(width)], dim=-1)


def _moments(attention: torch.Tensor, grid: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and standard deviation (B, count, 2) of the place; never summed in bfloat16, which would lose the pixel."""
    with torch.autocast(attention.device.type, enabled=False):
        moments = attention @ torch.cat([grid, grid ** 2], dim=-1)
        mean, square = moments.chunk(2, dim=-1)
        return mean, (square - mean ** 2).clamp_min(1e-6).sqrt()
