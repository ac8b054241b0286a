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

from vla_async.acting.feature_map import FeatureMap, Slots
from vla_async.acting.layers import EncoderBlock, at_least_float32, sinusoid
from vla_async.acting.policy_spec import ExpertShape

AGE_PERIODS_S = (0.1, 8.0)
PLACE_SPREAD = 5.0  # brings places of 0..1 to about unit variance
CELL = 8  # pixels of a picture per cell of its feature map


@dataclass
class Words:
    """What one latent says to the expert, for a batch."""

    instruction: torch.Tensor  # (B, T, L) token embeddings, zero where masked
    instruction_mask: torch.Tensor  # (B, T) bool, True where there is a token
    fusion: torch.Tensor  # (B, Q, W)
    fusion_present: torch.Tensor  # (B,) bool; False: the learned null latent stands in


@dataclass
class Inputs:
    """One batch for the expert; everything is a tensor, pictures are 0..1."""

    images: Mapping[str, torch.Tensor]  # camera -> (B, 3, h, w)
    state: torch.Tensor  # (B, 2 * D) normalised joint positions, then velocities
    latent_age: torch.Tensor  # (B,) [s]


@dataclass
class Reading:
    """What the expert understands of the words: the same for every chunk until the latent is another."""

    summary: torch.Tensor  # (B, S, width) of the instruction
    condition: torch.Tensor  # (B, width) what the cameras' queries are made from
    latent: torch.Tensor  # (B, Q, width) without its age
    ages: torch.Tensor  # (B,) bool; False: the null latent, which has no age


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
        """Small parts that need more than bfloat16's three digits, for places, joint angles and metres.

        The queries are among them for speed, too: products of few rows are slower in bfloat16.
        """
        return self.slots, self.state_in, self.target_out, self.target_in

    def read(self, words: Words) -> Reading:
        """What all chunks of one latent have in common."""
        summary = self._instruction(words.instruction, words.instruction_mask)
        fused = self.fusion_in(words.fusion.to(self.language_norm.weight.dtype))
        present = words.fusion_present[:, None, None]
        latent = torch.where(present, fused, self.null_fusion.to(fused.dtype))
        return Reading(summary, self.condition(summary.flatten(1)), latent, words.fusion_present)

    def forward(self, inputs: Inputs, reading: Reading) -> Context:
        seen, attention, place = [], {}, {}
        for camera, features in self._features(inputs.images).items():
            token, attention[camera], place[camera] = self._look(camera, features, reading.condition)
            seen.append(token)
        main = self.cameras[0]
        target = self.locate(place[main][:, 0], inputs.state)
        dtype = reading.summary.dtype
        tokens = torch.cat([*(token.to(dtype) for token in seen),
                            self._body(target, at_least_float32(inputs.state)).to(dtype), reading.summary,
                            self._aged(reading, inputs.latent_age)], dim=1)
        tokens = tokens + self.place.to(dtype)
        for block in self.encoder:
            tokens = block(tokens)
        return Context(tokens, Sight(_as_map(attention[main][:, 0], inputs.images[main]), place[main][:, 0]), target)

    def sight(self, image: torch.Tensor, instruction: torch.Tensor, mask: torch.Tensor) -> Sight:
        """Where the main camera's first query looks, from its picture and the instruction alone."""
        condition = self.condition(self._instruction(instruction, mask).flatten(1))
        _, attention, place = self._look(self.cameras[0], self.features(image), condition)
        return Sight(_as_map(attention[:, 0], image), place[:, 0])

    def _features(self, images: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Feature maps by camera; pictures of one size go through the network together."""
        maps: dict[str, torch.Tensor] = {}
        sizes = {camera: tuple(images[camera].shape[2:]) for camera in self.cameras}
        for size in dict.fromkeys(sizes.values()):
            alike = [camera for camera in self.cameras if sizes[camera] == size]
            together = self.features(torch.cat([images[camera] for camera in alike]))
            maps.update(zip(alike, together.chunk(len(alike)), strict=True))
        return {camera: maps[camera] for camera in self.cameras}

    def _look(self, camera: str, features: torch.Tensor, condition: torch.Tensor
              ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        seen: tuple[torch.Tensor, torch.Tensor, torch.Tensor] = self.slots[camera](
            at_least_float32(features), at_least_float32(condition))
        return seen

    def _instruction(self, instruction: torch.Tensor, present: torch.Tensor) -> torch.Tensor:
        embedded = self.language_in(self.language_norm(instruction.to(self.language_norm.weight.dtype)))
        words = embedded + self.language_place.to(embedded.dtype)
        mask = present | ~present.any(1, keepdim=True)  # none: attend to the padding
        words = self.language_block(words, mask[:, None, None, :])
        score = (self.language_query.to(words.dtype) @ words.transpose(1, 2)) / words.shape[-1] ** 0.5
        weight = at_least_float32(score).masked_fill(~mask[:, None, :], float('-inf')).softmax(-1)
        return weight.to(words.dtype) @ words

    def _aged(self, reading: Reading, age_s: torch.Tensor) -> torch.Tensor:
        """The latent (B, Q, width) with its age."""
        age = self.age_in(sinusoid(age_s, self.shape.width, *AGE_PERIODS_S).to(reading.latent.dtype))
        return torch.where(reading.ages[:, None, None], reading.latent + age[:, None], reading.latent)

    def locate(self, place: torch.Tensor, state: torch.Tensor) -> torch.Tensor:
        """Target (B, 3) in the base frame [m] from where the main camera sees it, (B, 2), and the joints that carry it.

        Nothing else goes in: from all joints a network would learn that the target is wherever the hand is going.
        """
        with torch.autocast(state.device.type, enabled=False):
            spread = (at_least_float32(place) - 0.5) * PLACE_SPREAD
            return self.target_out(torch.cat([spread, at_least_float32(state)[:, self.sight_joints]], dim=-1))

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
