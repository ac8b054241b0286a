"""Current pictures, joints, instruction and latent to context tokens for the velocity field.

A picture becomes a feature map; a few queries made from the instruction attend over it. What
they bring back is *what* they found (the attended features) and *where* (the expected place under the attention), so
that choosing the named object is one attention step. The main camera's first query is trained to sit on the target.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import nn

from vla_async.acting.layers import EncoderBlock, sinusoid
from vla_async.acting.policy_spec import ExpertShape

AGE_PERIODS_S = (0.1, 8.0)
CONTRAST = 4.0  # brings pictures of 0..1 to about unit variance
PLACE_SPREAD = 5.0  # brings places of 0..1 to about unit variance
CELL = 8  # pixels of a picture per cell of its feature map


@dataclass
class Inputs:
    """One batch for the expert; everything is a tensor, pictures are 0..1."""

    images: Mapping[str, torch.Tensor]  # camera -> (B, 3, h, w)
    state: torch.Tensor  # (B, 2 * D) normalised joint positions, then velocities
    instruction: torch.Tensor  # (B, T, L) token embeddings, zero where masked
    instruction_mask: torch.Tensor  # (B, T) bool, True where there is a token
    fusion: torch.Tensor  # (B, Q, W)
    fusion_present: torch.Tensor  # (B,) bool; False: the learned null latent stands in
    latent_age: torch.Tensor  # (B,) [s]


@dataclass
class Sight:
    """Where the main camera's first query looks."""

    attention: torch.Tensor  # (B, h, w), sums to 1
    pixel: torch.Tensor  # (B, 2) its expected place, 0..1


@dataclass
class Context:
    """What the velocity field is conditioned on, and what the auxiliary losses look at."""

    tokens: torch.Tensor  # (B, N, width)
    sight: Sight
    target: torch.Tensor  # (B, 3) estimated place of the target, base frame [m]


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
        attention = logits.float().softmax(-1)
        place, spread = _moments(attention, grid)
        value = attention.to(flat.dtype) @ flat
        where = torch.cat([place, spread, sinusoid(place, 8, 0.1, 2.0).flatten(2)], dim=-1)
        return self.token(torch.cat([value, where.to(value.dtype)], dim=-1)), attention, place


class ObservationEncoder(nn.Module):
    """All inputs to `Context`, for D `joints`, the main camera first; `sight_joints` are indices, see `locate`."""

    def __init__(self, shape: ExpertShape, joints: int, cameras: tuple[str, ...], sight_joints: list[int]) -> None:
        super().__init__()
        width = shape.width
        self.shape, self.cameras, self.sight_joints = shape, cameras, sight_joints
        self.language_norm = nn.LayerNorm(shape.language)  # embedding tables differ widely in size
        self.language_in = nn.Linear(shape.language, width)
        self.language_place = nn.Parameter(torch.randn(shape.tokens, width) * 0.02)
        self.language_block = EncoderBlock(width, shape.heads)
        self.language_query = nn.Parameter(torch.randn(shape.summary, width))
        self.fusion_in = nn.Linear(shape.fusion_width, width)
        self.null_fusion = nn.Parameter(torch.randn(shape.fusion_queries, width) * 0.02)
        self.age_in = nn.Linear(width, width)
        self.condition = nn.Sequential(nn.Linear(shape.summary * width, width), nn.SiLU())
        self.features = FeatureMap(shape.channels, shape.blocks)
        self.slots = nn.ModuleDict({c: Slots(shape.channels, width, shape.slots) for c in cameras})
        self.state_in = _mlp(2 * joints, width, width)
        self.target_out = _mlp(2 + len(sight_joints), width, 3)
        self.target_in = _mlp(3 + 2 * joints, width, width)
        self.place = nn.Parameter(torch.randn(self._token_count(), width) * 0.02)
        self.encoder = nn.ModuleList(EncoderBlock(width, shape.heads) for _ in range(shape.context_layers))

    def precise(self) -> tuple[nn.Module, ...]:
        """Small parts that need more than bfloat16's three digits, for joint angles and metres."""
        return self.state_in, self.target_out, self.target_in

    def forward(self, inputs: Inputs) -> Context:
        summary = self._instruction(inputs.instruction, inputs.instruction_mask)  # (B, S, width)
        latent = self._latent(inputs)  # (B, Q, width)
        condition = self.condition(summary.flatten(1))
        seen, attention, place = [], {}, {}
        for camera in self.cameras:
            token, attention[camera], place[camera] = self._look(camera, inputs.images[camera], condition)
            seen.append(token)
        main = self.cameras[0]
        target = self.locate(place[main][:, 0], inputs.state)
        body = self._body(target, inputs.state.float())
        tokens = torch.cat([*seen, body.to(summary.dtype), summary, latent], dim=1)
        tokens = tokens + self.place.to(tokens.dtype)
        for block in self.encoder:
            tokens = block(tokens)
        return Context(tokens, Sight(_as_map(attention[main][:, 0], inputs.images[main]), place[main][:, 0]), target)

    def sight(self, image: torch.Tensor, instruction: torch.Tensor, mask: torch.Tensor) -> Sight:
        """Where the main camera's first query looks, from its picture and the instruction alone."""
        condition = self.condition(self._instruction(instruction, mask).flatten(1))
        _, attention, place = self._look(self.cameras[0], image, condition)
        return Sight(_as_map(attention[:, 0], image), place[:, 0])

    def _look(self, camera: str, image: torch.Tensor, condition: torch.Tensor
              ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        seen: tuple[torch.Tensor, torch.Tensor, torch.Tensor] = self.slots[camera](self.features(image), condition)
        return seen

    def _instruction(self, instruction: torch.Tensor, present: torch.Tensor) -> torch.Tensor:
        embedded = self.language_in(self.language_norm(instruction.to(self.language_in.weight.dtype)))
        words = embedded + self.language_place.to(embedded.dtype)
        mask = present | ~present.any(1, keepdim=True)  # none: attend to the padding
        words = self.language_block(words, mask[:, None, None, :])
        score = (self.language_query.to(words.dtype) @ words.transpose(1, 2)) / words.shape[-1] ** 0.5
        weight = score.float().masked_fill(~mask[:, None, :], float('-inf')).softmax(-1)
        return weight.to(words.dtype) @ words

    def _latent(self, inputs: Inputs) -> torch.Tensor:
        fused = self.fusion_in(inputs.fusion.to(self.fusion_in.weight.dtype))
        age = self.age_in(sinusoid(inputs.latent_age, self.shape.width, *AGE_PERIODS_S).to(fused.dtype))
        present = inputs.fusion_present[:, None, None]
        return torch.where(present, fused + age[:, None], self.null_fusion.to(fused.dtype))

    def locate(self, place: torch.Tensor, state: torch.Tensor) -> torch.Tensor:
        """Target (B, 3) in the base frame [m] from where the main camera sees it, (B, 2), and the joints that carry it.

        Nothing else goes in: from all joints a network would learn that the target is wherever the hand is going.
        """
        with torch.autocast(state.device.type, enabled=False):
            spread = (place.float() - 0.5) * PLACE_SPREAD
            return self.target_out(torch.cat([spread, state.float()[:, self.sight_joints]], dim=-1))

    def _body(self, target: torch.Tensor, state: torch.Tensor) -> torch.Tensor:
        """Tokens of the body and of the target as seen from it, (B, 2, width)."""
        with torch.autocast(state.device.type, enabled=False):
            return torch.stack([self.state_in(state), self.target_in(torch.cat([target, state], -1))], dim=1)

    def _token_count(self) -> int:
        shape = self.shape
        return len(self.cameras) * shape.slots + 2 + shape.summary + shape.fusion_queries


def _mlp(inputs: int, width: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(inputs, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU(),
                         nn.Linear(width, outputs))


def _as_map(attention: torch.Tensor, image: torch.Tensor) -> torch.Tensor:
    """(B, P) to (B, h, w), the cells of the picture (B, 3, H, W)."""
    return attention.unflatten(-1, (image.shape[2] // CELL, image.shape[3] // CELL))


def _grid(features: torch.Tensor) -> torch.Tensor:
    """Centres of the cells, x and y in 0..1, shape (h * w, 2)."""
    height, width = features.shape[-2:]
    y = (torch.arange(height, device=features.device) + 0.5) / height
    x = (torch.arange(width, device=features.device) + 0.5) / width
    return torch.stack([x.repeat(height), y.repeat_interleave(width)], dim=-1)


def _moments(attention: torch.Tensor, grid: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and standard deviation (B, count, 2) of the place; summed in float32, bfloat16 would lose the pixel."""
    with torch.autocast(attention.device.type, enabled=False):
        moments = attention @ torch.cat([grid, grid ** 2], dim=-1)
        mean, square = moments.chunk(2, dim=-1)
        return mean, (square - mean ** 2).clamp_min(1e-6).sqrt()
