from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from casts import Casts

from vla_async.acting import compiled
from vla_async.acting.expert import ActionExpert
from vla_async.acting.generator import STEP, ActionGenerator
from vla_async.acting.policy import load_policy
from vla_async.acting.policy_spec import PolicySpec
from vla_async.embodiment import Embodiment
from vla_async.errors import DataError
from vla_async.types import Latent, Observation, Task

NOW = 1_200_000_000
TASK = Task(1, 0, 'touch the red cube with your left hand')


@pytest.fixture
def generator(folder: Path, robot: Embodiment) -> ActionGenerator:
    return ActionGenerator.load(folder, robot)


@pytest.fixture(scope='session')
def latent(folder: Path, robot: Embodiment) -> Latent:
    """With a fused part, as after a reasoner's pass at 1.0 s."""
    alone = load_policy(folder, robot).reasoner.instruction_latent(TASK, 1_000_000_000, 5)
    fusion = np.random.default_rng(0).normal(size=(4, 64)).astype(np.float16)
    return dataclasses.replace(alone, fusion=fusion)


def test_a_chunk_says_where_it_comes_from(generator: ActionGenerator, observation: Observation, latent: Latent) -> None:
    chunk, after = (generator.generate(observation, latent, NOW) for _ in range(2))
    assert chunk.positions.shape == (32, 25) and chunk.positions.dtype == np.float64
    assert chunk.step_ns == 33_333_333 and chunk.stamp_ns == observation.stamp_ns + chunk.step_ns
    assert (chunk.observation_ns, chunk.latent_ns) == (observation.stamp_ns, latent.stamp_ns)
    assert (chunk.joints_ns, chunk.begun_ns) == (observation.joints_ns, NOW)
    assert (chunk.latent_version, chunk.task_id) == (latent.sequence, latent.task_id)
    assert after.sequence == chunk.sequence + 1


def test_chunks_stay_inside_the_limits(generator: ActionGenerator, observation: Observation, latent: Latent,
                                       robot: Embodiment) -> None:
    at_the_edge = dataclasses.replace(observation, position=robot.array('upper') + 0.3)
    positions = generator.generate(at_the_edge, latent, NOW).positions
    assert (positions <= robot.array('upper')).all() and (positions >= robot.array('lower')).all()


def test_a_seed_gives_one_chunk(generator: ActionGenerator, observation: Observation, latent: Latent) -> None:
    chunks = [generator.generate(observation, latent, NOW, seed).positions for seed in (1, 1, 2)]
    np.testing.assert_array_equal(chunks[0], chunks[1])
    assert not np.array_equal(chunks[0], chunks[2])


@pytest.fixture(scope='session')
def trained_output(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output layer of a new policy is zero; anything else stands for a trained one."""
    copy = shutil.copytree(folder, tmp_path_factory.mktemp('policy') / 'trained_output')
    expert = ActionExpert.load(copy, PolicySpec.load(copy))
    torch.nn.init.normal_(expert.field.action_out.weight, generator=torch.Generator().manual_seed(0))
    expert.save(copy)
    return copy


@pytest.mark.parametrize('change', ['fusion', 'age', 'instruction', 'picture', 'joints'])
def test_everything_it_is_conditioned_on_matters(trained_output: Path, robot: Embodiment, observation: Observation,
                                                 latent: Latent, change: str) -> None:
    generator = ActionGenerator.load(trained_output, robot, dtype=torch.float32)
    before = generator.generate(observation, latent, NOW).positions - observation.position
    now_ns, other, seen = NOW, latent, observation
    if change == 'fusion':
        other = dataclasses.replace(latent, fusion=None)
    elif change == 'age':
        now_ns = NOW + 900_000_000
    elif change == 'instruction':
        other = dataclasses.replace(latent, instruction_embedding=-latent.instruction_embedding)
    elif change == 'picture':
        seen = dataclasses.replace(observation, images={k: 255 - v for k, v in observation.images.items()})
    else:
        seen = dataclasses.replace(observation, position=observation.position * 0.9)
    assert not np.array_equal(before, generator.generate(seen, other, now_ns).positions - seen.position)


def test_without_an_instruction_it_stays_where_it_was_first(generator: ActionGenerator, observation: Observation,
                                                            latent: Latent) -> None:
    drifted = dataclasses.replace(observation, position=observation.position + 0.01)
    first, second = generator.generate(observation, None, NOW), generator.generate(drifted, None, NOW)
    np.testing.assert_array_equal(second.positions, np.tile(observation.position, (32, 1)))
    np.testing.assert_array_equal(first.positions, second.positions)
    empty = dataclasses.replace(latent, instruction='  ')
    np.testing.assert_array_equal(generator.generate(drifted, empty, NOW).positions, first.positions)
    generator.reset()
    np.testing.assert_array_equal(generator.generate(drifted, None, NOW).positions[0], drifted.position)


def test_wrong_observations_are_named(generator: ActionGenerator, observation: Observation, latent: Latent) -> None:
    images = dict(observation.images)
    nan = observation.position.copy()
    nan[7] = np.nan
    for broken, culprit in (
            (dataclasses.replace(observation, images={k: v for k, v in images.items() if k != 'head'}), 'head'),
            (dataclasses.replace(observation, images={**images, 'left_wrist': images['head']}), 'left_wrist'),
            (dataclasses.replace(observation, position=nan), 'left_arm_1'),
            (dataclasses.replace(observation, velocity=np.zeros(3)), 'velocities')):
        with pytest.raises(DataError, match=culprit):
            generator.generate(broken, latent, NOW)


def test_latents_of_another_model_are_refused(generator: ActionGenerator, observation: Observation,
                                              latent: Latent) -> None:
    wide = dataclasses.replace(latent, instruction_embedding=np.zeros((4, 99), np.float16))
    with pytest.raises(DataError, match='99'):
        generator.generate(observation, wide, NOW)
    with pytest.raises(DataError, match='one checkpoint'):
        generator.generate(observation, dataclasses.replace(latent, fusion=np.zeros((1, 2), np.float16)), NOW)


def test_what_a_latent_says_is_read_anew_when_it_is_another(trained_output: Path, robot: Embodiment,
                                                            observation: Observation, latent: Latent) -> None:
    other = dataclasses.replace(latent, instruction_embedding=-latent.instruction_embedding)
    generator = ActionGenerator.load(trained_output, robot)
    chunks = [generator.generate(observation, said, NOW).positions for said in (latent, latent, other, latent)]
    np.testing.assert_array_equal(chunks[1], chunks[0])
    assert not np.array_equal(chunks[2], chunks[0])
    np.testing.assert_array_equal(chunks[3], chunks[0])


def test_in_float64_nothing_is_coarser(trained_output: Path, robot: Embodiment, observation: Observation,
                                       latent: Latent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, '_compiled', lambda module, _arguments: module)  # a program's steps are not seen
    generator = ActionGenerator.load(trained_output, robot, dtype=torch.float64)
    with Casts() as casts:
        generator.generate(observation, latent, NOW)
    assert casts.found == []


def test_in_float64_it_makes_the_same_chunks_but_for_rounding(trained_output: Path, robot: Embodiment,
                                                              observation: Observation, latent: Latent) -> None:
    single, double = (ActionGenerator.load(trained_output, robot, dtype=dtype).generate(observation, latent, NOW)
                      for dtype in (torch.float32, torch.float64))
    np.testing.assert_allclose(double.positions, single.positions, rtol=0.0, atol=1e-4)
    inside = (double.positions > robot.array('lower')) & (double.positions < robot.array('upper'))
    steps = ((double.positions - observation.position) / STEP)[inside]
    np.testing.assert_allclose(steps, np.round(steps), rtol=0.0, atol=1e-6)
