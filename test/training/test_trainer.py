from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from vla_async.acting.generator import ActionGenerator
from vla_async.acting.policy import load_policy
from vla_async.acting.policy_spec import PolicySpec
from vla_async.embodiment import Embodiment
from vla_async.errors import CheckpointError
from vla_async.reasoning.reasoner import Reasoner
from vla_async.training import model_card, training_state
from vla_async.training.batches import BatchSizes, fit_normalisation
from vla_async.training.demonstrations_store import Demonstrations
from vla_async.training.losses import slow_side
from vla_async.training.session import export, make_shard, split
from vla_async.training.shard import JOINT
from vla_async.training.trainer import LEARNING_RATE, Budget, Progress, Trainer
from vla_async.types import Observation, Task

Make = Callable[[], Trainer]


@pytest.fixture
def make(data: Demonstrations, folder: Path) -> Make:
    """Fresh trainers that all start alike."""
    spec = PolicySpec.load(folder)
    dataclasses.replace(spec, normalisation=fit_normalisation(data, spec.horizon)).save(folder)

    def fresh() -> Trainer:
        shard = make_shard(data, folder, seed=0, number=0)
        shard.batches.sizes = BatchSizes(slow=2, fast=2, alone=4)
        return Trainer(shard)
    return fresh


def test_the_losses_fall(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr('vla_async.training.trainer.WARM_UP_STEPS', 5)
    monkeypatch.setitem(LEARNING_RATE, JOINT, 3e-3)
    trainer, budget = make(), Budget(30)
    batch = trainer.shard.batches.draw()

    def losses() -> dict[str, float]:
        return trainer.shard.losses(batch, torch.Generator().manual_seed(0)).numbers()
    before = losses()
    for _ in range(30):
        trainer.step(budget)
    after = losses()
    assert all(after[key] < 0.97 * before[key] for key in ('slow', 'fast', 'where', 'space_m'))


def test_the_first_stage_learns_to_look_and_nothing_else(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr('vla_async.training.trainer.WARM_UP_STEPS', 5)
    trainer, budget = make(), Budget(10_000)
    field = [p.detach().clone() for p in trainer.shard.student.expert.field.parameters()]
    numbers = [trainer.step(budget) for _ in range(30)]
    assert set(numbers[0]) == {'where', 'pixel', 'space_m'}
    assert np.mean([n['where'] for n in numbers[-5:]]) < 0.9 * numbers[0]['where']
    assert all(torch.equal(a, b) for a, b in zip(field, trainer.shard.student.expert.field.parameters(), strict=True))


def test_gradients_lie_in_memory_like_their_weights(make: Make) -> None:
    shard = make().shard
    for stage, members in shard.members.items():
        gradients = shard.gradients(stage)[0]
        assert all(g.stride() == shard.parameters[i].stride() for i, g in zip(members, gradients, strict=True))


def test_a_resumed_training_goes_on_bit_for_bit(make: Make, tmp_path: Path) -> None:
    budget, whole, torn = Budget(6), make(), make()  # the first update is one of the first stage
    for _ in range(6):
        whole.step(budget)
    for _ in range(3):
        torn.step(budget)
    training_state.save(torn, tmp_path)
    resumed = make()
    training_state.load(resumed, tmp_path)
    for _ in range(3):
        resumed.step(budget)
    assert resumed.progress.step == 6
    for expected, found in ((whole.parameters, resumed.parameters), (whole.average, resumed.average)):
        assert all(torch.equal(a, b) for a, b in zip(expected, found, strict=True))


def test_nothing_to_resume_is_said(make: Make, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match='resume'):
        training_state.load(make(), tmp_path)


def test_the_slow_loss_trains_queries_only_through_the_fast_side(make: Make) -> None:
    shard = make().shard
    slow, fused = slow_side(shard.student, shard.batches.draw())
    queries = shard.student.fusion.queries
    assert torch.autograd.grad(slow, queries, retain_graph=True, allow_unused=True)[0].abs().max() == 0
    assert torch.autograd.grad(fused.sum(), queries)[0].abs().max() > 0


def test_the_fast_loss_trains_the_reasoner_and_its_queries(make: Make) -> None:
    trainer, budget = make(), Budget(8)
    for _ in range(6):  # a fresh expert heeds nothing yet
        trainer.step(budget)
    student = trainer.shard.student
    fast = trainer.shard.losses(trainer.shard.batches.draw(), torch.Generator().manual_seed(0)).fast
    weight = student.vlm.model.text_model.layers[0].self_attn.q_proj.weight
    for gradient in torch.autograd.grad(fast, [student.fusion.queries, weight]):
        assert gradient.abs().max() > 0


def test_training_and_running_compute_the_same_latent(make: Make, folder: Path, data: Demonstrations) -> None:
    shard = make().shard
    shard.batches.augment = False
    pictures = np.array([3, 17])
    batch = shard.batches.draw()
    prompt, mask = shard.batches._prompts(pictures)
    image = torch.from_numpy(data.pictures['head'][pictures]).permute(0, 3, 1, 2) / 255
    batch = dataclasses.replace(batch, slow_image=image, prompt=prompt, prompt_mask=mask)
    with torch.no_grad():
        trained = slow_side(shard.student, batch)[1]
    reasoner = Reasoner.load(folder, dtype=torch.float32)
    for picture, expected in zip(pictures, trained, strict=True):
        episode = data.picture_episodes()[picture]
        seen = Observation(1, {'head': data.pictures['head'][picture]}, np.zeros(25), np.zeros(25))
        latent = next(reasoner.reason(seen, Task(1, 0, data.instructions[episode]), 1, lambda: 2))
        np.testing.assert_allclose(latent.fusion, expected.numpy(), atol=2e-3)


def test_what_is_exported_runs(make: Make, folder: Path, robot: Embodiment, data: Demonstrations) -> None:
    trainer = make()
    trainer.step(Budget(1))
    trainer.with_average(lambda: export(trainer.shard.student, folder))
    policy = load_policy(folder, robot)
    images = {name: pictures[0] for name, pictures in data.pictures.items()}
    seen = Observation(10**9, images, data.position[0], data.velocity[0])
    latent = list(policy.reasoner.reason(seen, Task(1, 0, data.instructions[0]), 1, lambda: 10**9))[-1]
    assert np.isfinite(policy.generator.generate(seen, latent, 2 * 10**9).positions).all()
    assert isinstance(policy.generator, ActionGenerator)


def test_averages_are_put_back(make: Make) -> None:
    trainer = make()
    trainer.step(Budget(4))
    before = [p.detach().clone() for p in trainer.parameters]
    trainer.validate([trainer.shard.batches.draw()])
    assert all(torch.equal(a, b) for a, b in zip(before, trainer.parameters, strict=True))


def test_whole_episodes_are_held_out(data: Demonstrations) -> None:
    training, held_out = split(data)
    episodes = data.picture_episodes()
    assert not set(episodes[training]) & set(episodes[held_out])
    assert len(training) + len(held_out) == len(episodes)


def test_the_budget_ends_at_steps_or_time() -> None:
    assert Budget(10).share(Progress(step=5, elapsed_s=1e9)) == 0.5
    assert Budget(10, 60.0).share(Progress(step=5, elapsed_s=45.0)) == 0.75
    assert Budget(10, 60.0).share(Progress(step=20)) == 1.0


def test_the_model_card_tells_data_command_and_success(tmp_path: Path) -> None:
    row = {'step': 1.0, 'fast': 1.0, 'slow': 1.0, 'space_m': 0.1, 'pixel': 0.1}
    made = model_card.Provenance('astribot_s1', 'touch', 'vla-async train --seed 3', 3, '12 demonstrations',
                                 {'expert': 5})
    (tmp_path / 'card').mkdir()
    model_card.write(tmp_path / 'card', made, Progress(1, 60.0, [row], [row]), {
        'seeds': [9000, 9004], 'episodes': 4, 'success': {'count': 3, 'interval_95': [0.301, 0.954]},
        'correct_target': {'count': 4}})
    text = (tmp_path / 'card' / 'README.md').read_text()
    for part in ('vla-async train --seed 3', '12 demonstrations', '3 of 4', '30% to 95%',
                 'reached in 4', 'seeds 9000 to 9003', model_card.CURVES):
        assert part in text
    assert (tmp_path / 'card' / model_card.CURVES).stat().st_size > 1000
