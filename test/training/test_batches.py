from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from vla_async.acting.policy_spec import PolicySpec
from vla_async.reasoning.prompt import PromptBuilder
from vla_async.reasoning.untrained import train_tokenizer
from vla_async.training.batches import Batches, BatchSizes, fit_normalisation, pad
from vla_async.training.demonstrations_store import Demonstrations

SIZES = BatchSizes(slow=3, fast=4, alone=5)


@pytest.fixture
def batches(data: Demonstrations, folder: Path) -> Batches:
    spec = dataclasses.replace(PolicySpec.load(folder), normalisation=fit_normalisation(data, 32))
    prompts = PromptBuilder(train_tokenizer([]), 16)
    return Batches(data, np.arange(60), spec, prompts, np.random.default_rng(0), SIZES, augment=False)


def test_shapes(batches: Batches) -> None:
    batch = batches.draw()
    assert batch.slow_image.shape == (3, 3, 224, 224)
    assert batch.images['left_wrist'].shape == (17, 3, 112, 112)
    assert batch.state.shape == (17, 50) and batch.delta.shape == (17, 32, 25) and batch.age.shape == (17,)
    assert batch.instruction.shape == (8, 24)
    assert batch.owner.tolist() == [0] * 4 + [1] * 4 + [2] * 4 + [3, 4, 5, 6, 7]


def test_the_fast_side_sees_later_pictures_of_the_same_episode(batches: Batches, data: Demonstrations) -> None:
    slow = np.arange(60).repeat(2)[:40]
    later = batches._later(slow)
    start = np.repeat(slow, SIZES.fast)
    assert (later >= start).all()
    assert (data.picture_episodes()[later] == data.picture_episodes()[start]).all()


def test_ages_are_recorded_time_and_of_real_latents(batches: Batches) -> None:
    ages = torch.cat([batches.draw().age for _ in range(20)])
    assert float(ages.min()) == 0.0 and 0.5 < float(ages.max()) <= 2.0


def test_a_chunk_ends_with_the_episode(data: Demonstrations) -> None:
    last = data.stops[0] - 3
    chunk = data.chunk(np.array([last]), 32)[0]
    np.testing.assert_array_equal(chunk[:3], data.action[last:last + 3])
    assert (chunk[3:] == data.action[data.stops[0] - 1]).all()


def test_targets_are_normalised_changes_from_the_measured_position(batches: Batches, data: Demonstrations) -> None:
    batch, norm = batches.draw(), batches.spec.normalisation
    position = batch.state[:, :25].numpy() * norm.position_scale + norm.position_mean
    set_points = position[:, None] + norm.to_delta(batch.delta.double().numpy())
    distance = np.abs(set_points[:, :1] - data.action[None]).max(-1).min(1)
    assert distance.max() < 1e-5


def test_the_same_seed_draws_the_same_batch(batches: Batches) -> None:
    batches.augment = True
    state = batches.rng.bit_generator.state
    first = batches.draw()
    batches.rng.bit_generator.state = state
    second = batches.draw()
    assert torch.equal(first.state, second.state) and torch.equal(first.images['head'], second.images['head'])


def test_padding_marks_what_is_real() -> None:
    ids, mask = pad([np.array([1, 2]), np.array([3])], size=3)
    assert ids.tolist() == [[1, 2, 0], [3, 0, 0]] and mask.sum(1).tolist() == [2, 1]
    ids, mask = pad([np.array([1, 2]), np.array([3])], left=True)
    assert ids.tolist() == [[1, 2], [0, 3]] and mask.tolist() == [[True, True], [False, True]]
