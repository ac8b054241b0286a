from __future__ import annotations

import dataclasses
import itertools
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from vla_async.errors import CheckpointError, DataError
from vla_async.reasoning.reasoner import FOLDER, FUSION_FILE, Reasoner
from vla_async.reasoning.untrained import write_reasoner
from vla_async.types import Latent, Observation, Task

TASK = Task(3, 0, 'touch the red cube with your left hand')
LARGEST_MESSAGE = 256_000  # bytes


def reason(reasoner: Reasoner, observation: Observation, task: Task = TASK) -> list[Latent]:
    return list(reasoner.reason(observation, task, 7, itertools.count(100).__next__))


def test_the_latent_comes_before_the_text(folder: Path, observation: Observation) -> None:
    first, second = reason(Reasoner.load(folder), observation)
    assert (first.complete, second.complete) == (False, True)
    assert (first.sequence, second.sequence) == (7, 8)
    assert first.ready_ns < second.ready_ns
    assert first.stamp_ns == second.stamp_ns == observation.stamp_ns
    assert first.task_id == TASK.id and first.instruction == TASK.instruction
    np.testing.assert_array_equal(first.fusion, second.fusion)


def test_latents_have_their_shapes_and_fit_a_message(folder: Path, observation: Observation) -> None:
    latent = reason(Reasoner.load(folder), observation)[-1]
    assert latent.fusion is not None and latent.fusion.shape == (4, 64) and latent.fusion.dtype == np.float16
    assert latent.instruction_embedding.shape[1] == 64 and 4 < len(latent.instruction_embedding) <= 24
    assert np.isfinite(latent.fusion).all() and np.isfinite(latent.instruction_embedding).all()
    assert latent.fusion.nbytes + latent.instruction_embedding.nbytes < LARGEST_MESSAGE


def test_the_instruction_alone_needs_no_picture(folder: Path) -> None:
    latent = Reasoner.load(folder).instruction_latent(TASK, 5, 1)
    assert latent.fusion is None and not latent.complete and latent.ready_ns == 5
    assert len(latent.instruction_embedding) > 4


@pytest.mark.parametrize('text', ['', '   ', 'touch \N{PILE OF POO} \x00\ufeff', '<image><image>',
                                  '\u0442\u0440\u043e\u0433\u0430\u0439 \u7ea2\u8272', 'a' * 5000])
def test_any_instruction_is_readable(folder: Path, observation: Observation, text: str) -> None:
    latent = reason(Reasoner.load(folder), observation, Task(1, 0, text))[-1]
    assert latent.instruction_embedding.shape[0] <= 24 and latent.instruction_embedding.shape[1] == 64
    assert latent.fusion is not None and np.isfinite(latent.fusion).all()


def test_the_same_picture_gives_the_same_latent(folder: Path, observation: Observation) -> None:
    once, again = (reason(Reasoner.load(folder), observation)[-1] for _ in range(2))
    np.testing.assert_array_equal(once.fusion, again.fusion)
    assert once.reasoning == again.reasoning


def test_fusion_reads_picture_and_instruction(folder: Path, observation: Observation) -> None:
    reasoner = Reasoner.load(folder, dtype=torch.float32)
    black = dataclasses.replace(observation, images={k: v * 0 for k, v in observation.images.items()})
    seen = [reason(reasoner, *args)[0].fusion for args in
            ((observation, TASK), (black, TASK), (observation, Task(4, 0, 'touch the blue ball')))]
    assert not np.array_equal(seen[0], seen[1]) and not np.array_equal(seen[0], seen[2])


def test_the_queries_do_not_change_the_text(folder: Path, observation: Observation, tmp_path: Path) -> None:
    plain = shutil.copytree(folder / FOLDER, tmp_path / 'plain')
    with_queries, without = (reason(Reasoner.load(f, dtype=torch.float32), observation)[-1] for f in (folder, plain))
    assert with_queries.reasoning == without.reasoning
    assert without.fusion is None


def test_a_larger_checkpoint_with_split_pictures_loads_unchanged(observation: Observation, tmp_path: Path) -> None:
    write_reasoner(tmp_path, text=(192, 3), vision=(160, 3), image_size=112, splitting=True)
    latent = reason(Reasoner.load(tmp_path), observation)[-1]
    assert latent.complete and latent.instruction_embedding.shape[1] == 192


def test_a_missing_camera_is_named(folder: Path, observation: Observation) -> None:
    blind = dataclasses.replace(observation, images={})
    with pytest.raises(DataError, match='head'):
        reason(Reasoner.load(folder), blind)


@pytest.mark.parametrize('name', ['config.json', 'tokenizer.json', 'model.safetensors'])
def test_a_missing_file_is_named(folder: Path, tmp_path: Path, name: str) -> None:
    broken = shutil.copytree(folder, tmp_path / 'broken')
    (broken / FOLDER / name).unlink()
    with pytest.raises(CheckpointError, match='safetensors' if name.startswith('model') else name):
        Reasoner.load(broken)


def test_queries_of_another_model_are_refused(folder: Path, tmp_path: Path) -> None:
    mixed = shutil.copytree(folder, tmp_path / 'mixed')
    write_reasoner(mixed / FOLDER, text=(96, 2), vision=(64, 2), image_size=224)
    with pytest.raises(CheckpointError, match=FUSION_FILE):
        Reasoner.load(mixed)
