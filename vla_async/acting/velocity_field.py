"""v(x_tau, tau | context): the transformer that turns noise into an action chunk."""
from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import nn

from vla_async.acting.layers import CrossAttention, FeedForward, SelfAttention, at_least_float32, sinusoid
from vla_async.acting.observation_encoder import Context
from vla_async.acting.policy_spec import ExpertShape

KeysValues = list[tuple[torch.Tensor, torch.Tensor]]


class FieldBlock(nn.Module):
    """Self-attention over the action tokens, attention to the context, feed-forward; all pre-norm and residual."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(3))
        self.own, self.context = SelfAttention(width, heads), CrossAttention(width, heads)
        self.feed = FeedForward(width)

    def forward(self, x: torch.Tensor, keys_values: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
        x = x + self.own(self.norms[0](x))
        x = x + self.context(self.norms[1](x), keys_values)
        return x + self.feed(self.norms[2](x))


class VelocityField(nn.Module):
    """Chunks (B, H, D); `group` steps share one token, so H / group tokens go through the blocks."""

    def __init__(self, shape: ExpertShape, joints: int, horizon: int) -> None:
        super().__init__()
        width, self.group, self.joints = shape.width, shape.group, joints
        self.action_in = nn.Linear(shape.group * joints, width)
        self.time_in = nn.Sequential(nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width))
        self.place = nn.Parameter(torch.randn(horizon // shape.group, width) * 0.02)
        self.blocks: Iterable[FieldBlock] = nn.ModuleList(
            FieldBlock(width, shape.heads) for _ in range(shape.field_layers))  # type: ignore[assignment]
        self.norm = nn.LayerNorm(width)
        self.action_out = nn.Linear(width, shape.group * joints)
        nn.init.zeros_(self.action_out.weight)
        nn.init.zeros_(self.action_out.bias)

    def condition(self, context: Context) -> KeysValues:
        """Keys and values of every block, made once per chunk and used in every integration step."""
        return [block.context.keys_values(context.tokens) for block in self.blocks]

    def forward(self, x: torch.Tensor, tau: torch.Tensor, keys_values: KeysValues) -> torch.Tensor:
        """u (B, H, D), at least float32, at `x` (B, H, D) and `tau` (B,) or (1,)."""
        dtype = keys_values[0][0].dtype
        time = self.time_in(sinusoid(tau, self.place.shape[1], 4e-3, 4.0).to(dtype))
        tokens = self.action_in(x.unflatten(1, (-1, self.group)).flatten(2).to(dtype))
        tokens = tokens + time[:, None] + self.place.to(dtype)
        for block, pair in zip(self.blocks, keys_values, strict=True):
            tokens = block(tokens, pair)
        out = at_least_float32(self.action_out(self.norm(tokens)))
        return out.unflatten(-1, (self.group, self.joints)).flatten(1, 2)
