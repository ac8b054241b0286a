"""Training batches: the slow side sees an observation, the fast side sees later ones of the same episode."""
from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import torch

from vla_async.acting.normalisation import Normalisation
from vla_async.acting.policy_spec import PolicySpec
from vla_async.reasoning.prompt import PromptBuilder, reasoning_text
from vla_async.training.demonstrations_store import Demonstrations

AGES_S = (0.1, 1.2)  # of a latent in use: between one and two periods of the slow loop
LATE_S = 2.0  # up to here now and then, for a slow loop that stutters
LATE_SHARE = 0.1
POSITION_NOISE = 0.004  # of the measured joints [rad or m]; the set-points to reproduce stay the recorded ones
VELOCITY_DROPOUT = 0.3
BRIGHTNESS, TINT = 0.15, 0.05  # random gain of a picture, and of its colours apart


@dataclass(frozen=True)
class BatchSizes:
    """`slow` observations for the reasoner, each with `fast` later ones for the action expert, and `alone` more.

    The lone ones have no latent (the fast side must act on the instruction alone); they cost little and bring scenes.
    """

    slow: int = 2
    fast: int = 7
    alone: int = 10


@dataclass
class Batch:
    """S slow and F = S * fast + A fast samples; `owner` tells whose instruction and latent a fast sample goes by."""

    slow_image: torch.Tensor  # (S, 3, h, w) 0..1
    prompt: torch.Tensor  # (S, P) ids, padded on the left
    prompt_mask: torch.Tensor  # (S, P) bool
    answer: torch.Tensor  # (S, L) ids, padded on the right
    answer_mask: torch.Tensor  # (S, L) bool
    instruction: torch.Tensor  # (S + A, T) ids, padded on the right
    instruction_mask: torch.Tensor  # (S + A, T) bool
    owner: torch.Tensor  # (F,) row of `instruction`; rows from S on have no latent
    images: dict[str, torch.Tensor]  # (F, 3, h, w) 0..1
    state: torch.Tensor  # (F, 2 D) normalised
    age: torch.Tensor  # (F,) [s]
    delta: torch.Tensor  # (F, H, D) normalised set-points minus measured position
    target: torch.Tensor  # (F, 3) base frame [m]
    pixel: torch.Tensor  # (F, 2)

    def to(self, device: str) -> Batch:
        """The same batch on another device."""
        moved: dict[str, Any] = {f.name: getattr(self, f.name).to(device) for f in fields(self) if f.name != 'images'}
        return Batch(images={camera: image.to(device) for camera, image in self.images.items()}, **moved)


@dataclass
class Sights:
    """N pictures of the main camera, what is asked, and where that is."""

    image: torch.Tensor  # (N, 3, h, w) 0..1
    instruction: torch.Tensor  # (N, T) ids, padded on the right
    instruction_mask: torch.Tensor  # (N, T) bool
    pixel: torch.Tensor  # (N, 2)
    state: torch.Tensor  # (N, 2 D) normalised
    target: torch.Tensor  # (N, 3) base frame [m]

    def to(self, device: str) -> Sights:
        """The same batch on another device."""
        return Sights(**{f.name: getattr(self, f.name).to(device) for f in fields(self)})


def fit_normalisation(data: Demonstrations, horizon: int) -> Normalisation:
    """Statistics over the rows that have pictures."""
    rows = data.picture_rows
    delta = data.chunk(rows, horizon) - data.position[rows][:, None]
    return Normalisation.fit(data.position[rows], data.velocity[rows], delta)


class Batches:
    """Draws batches from `pictures`, indices into the pictures of the demonstrations; `rng` decides everything."""

    def __init__(self, data: Demonstrations, pictures: np.ndarray, spec: PolicySpec, prompts: PromptBuilder,
                 rng: np.random.Generator, sizes: BatchSizes = BatchSizes(), augment: bool = True) -> None:
        self.data, self.pictures, self.spec, self.prompts = data, pictures, spec, prompts
        self.rng, self.sizes, self.augment = rng, sizes, augment
        self._episodes = data.picture_episodes()
        bounds = np.searchsorted(self._episodes, np.arange(len(data.starts) + 1))
        self._first, self._last = bounds[:-1], bounds[1:] - 1  # pictures of each episode

    def draw(self, device: str = 'cpu') -> Batch:
        """One batch of `sizes`."""
        sizes, rows = self.sizes, self.data.picture_rows
        slow, alone = np.split(self.rng.choice(self.pictures, sizes.slow + sizes.alone), [sizes.slow])
        fast = np.concatenate([self._later(slow), alone])
        seen = np.concatenate([np.repeat(slow, sizes.fast), alone])  # what the latent of each fast sample saw
        owner = np.concatenate([np.repeat(np.arange(sizes.slow), sizes.fast), sizes.slow + np.arange(sizes.alone)])
        prompt, answer = self._prompts(slow), self._answers(slow)
        words = self._instructions(np.concatenate([slow, alone]))
        age = (rows[fast] - rows[seen]) / self.data.fps
        return Batch(
            slow_image=self._image(next(iter(self.spec.cameras)), slow), prompt=prompt[0], prompt_mask=prompt[1],
            answer=answer[0], answer_mask=answer[1], instruction=words[0], instruction_mask=words[1],
            owner=torch.from_numpy(owner), images={c: self._image(c, fast) for c in self.spec.cameras},
            age=torch.from_numpy(age).float(), **self._numbers(rows[fast])).to(device)

    def draw_sights(self, device: str = 'cpu') -> Sights:
        """As many pictures as a batch has fast samples."""
        pictures = self.rng.choice(self.pictures, self.sizes.slow * self.sizes.fast + self.sizes.alone)
        numbers = self._numbers(self.data.picture_rows[pictures])
        return Sights(self._image(next(iter(self.spec.cameras)), pictures), *self._instructions(pictures),
                      **{key: numbers[key] for key in ('pixel', 'state', 'target')}).to(device)

    def _later(self, slow: np.ndarray) -> np.ndarray:
        """Pictures (F,) at random latent ages after `slow` (S,), within the episode."""
        count = len(slow) * self.sizes.fast
        age = self.rng.uniform(*AGES_S, count)
        age = np.where(self.rng.random(count) < LATE_SHARE, self.rng.uniform(AGES_S[1], LATE_S, count), age)
        spacing = np.diff(self.data.picture_rows[:2])[0] / self.data.fps
        start = np.repeat(slow, self.sizes.fast)
        # a fresh latent now and then: the start of an episode would never be seen with one otherwise
        ahead = np.round(age / spacing).astype(int) * (self.rng.random(count) > 0.1)
        return np.minimum(start + ahead, self._last[self._episodes[start]])

    def _numbers(self, rows: np.ndarray) -> dict[str, Any]:
        data, norm = self.data, self.spec.normalisation
        position, velocity = data.position[rows], data.velocity[rows]
        if self.augment:
            position = position + self.rng.normal(0, POSITION_NOISE, position.shape) * self.rng.random((len(rows), 1))
            velocity = velocity * (self.rng.random((len(rows), 1)) > VELOCITY_DROPOUT)
        delta = (data.chunk(rows, self.spec.horizon) - position[:, None]) / norm.delta_scale
        arrays = {'state': norm.state(position, velocity), 'delta': delta,
                  'target': data.target_position[rows], 'pixel': data.target_pixel[rows]}
        return {k: torch.from_numpy(v).float() for k, v in arrays.items()}

    def _image(self, camera: str, pictures: np.ndarray) -> torch.Tensor:
        """(B, 3, h, w) in 0..1, channels last in memory."""
        raw = torch.from_numpy(self.data.pictures[camera][pictures])
        gain = np.ones((len(pictures), 1, 1, 3))
        if self.augment:
            gain = self.rng.uniform(1 - BRIGHTNESS, 1 + BRIGHTNESS, (len(pictures), 1, 1, 1)) \
                * self.rng.uniform(1 - TINT, 1 + TINT, (len(pictures), 1, 1, 3))
        return (raw.to(torch.bfloat16) * torch.from_numpy(gain / 255).to(torch.bfloat16)).permute(0, 3, 1, 2)

    def _prompts(self, pictures: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        texts = (self.data.instructions[e] for e in self._episodes[pictures])
        return pad([self.prompts.prefix(text) for text in texts], left=True)

    def _answers(self, pictures: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        data = self.data
        places = zip(self._episodes[pictures], data.picture_rows[pictures], strict=True)
        return pad([self.prompts.answer(reasoning_text(data.hands[e], data.targets[e], data.target_pixel[row]))
                    for e, row in places])

    def _instructions(self, pictures: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        texts = (self.data.instructions[e] for e in self._episodes[pictures])
        return pad([np.array(self.prompts.instruction(t), dtype=np.int64) for t in texts], self.spec.expert.tokens)


def pad(rows: list[np.ndarray], size: int = 0, left: bool = False) -> tuple[torch.Tensor, torch.Tensor]:
    """Ids of unequal length to (B, L) with zeros and the mask of what is real; at least `size` long."""
    length = max(size, *(len(r) for r in rows))
    ids = np.zeros((len(rows), length), np.int64)
    mask = np.zeros((len(rows), length), bool)
    for i, row in enumerate(rows):
        where = slice(length - len(row), None) if left else slice(len(row))
        ids[i, where], mask[i, where] = row, True
    return torch.from_numpy(ids), torch.from_numpy(mask)
