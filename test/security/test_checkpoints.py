"""Checkpoint folders that were made to do harm: nothing of them runs, nothing is allocated for them, all are named."""
from __future__ import annotations

import json
import os
import pickle
import resource
import shutil
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from vla_async.acting.policy import load_policy
from vla_async.embodiment import Embodiment
from vla_async.errors import CheckpointError, VlaAsyncError
from vla_async.reasoning.reasoner import FOLDER
from vla_async.reasoning.vision_language import VisionLanguage

HUGE = 10**9
ROOM_KB = 200_000  # what loading a tiny policy may take at most


class Bomb:
    """Makes a file when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self._mark = mark

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str, ...]]:
        return os.mkdir, (str(self._mark),)


@pytest.fixture
def copy(folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(folder, tmp_path / 'copy'))


@pytest.fixture
def mark(tmp_path: Path) -> Path:
    """What harmful code would make."""
    return tmp_path / 'mark'


def change(path: Path, where: str, value: object) -> None:
    """Set a dotted key of a JSON file."""
    data = inner = json.loads(path.read_text())
    *outer, last = where.split('.')
    for key in outer:
        inner = inner.setdefault(key, {})
    inner[last] = value
    path.write_text(json.dumps(data))


def peak_kb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def test_the_bomb_is_live(mark: Path) -> None:
    pickle.loads(pickle.dumps(Bomb(mark)))  # noqa: S301
    assert mark.exists()


@pytest.mark.parametrize(('file', 'entry'), [
    ('config.json', {'AutoConfig': 'harm.Harm', 'AutoModelForImageTextToText': 'harm.Harm'}),
    ('tokenizer_config.json', {'AutoTokenizer': ['harm.Harm', 'harm.Harm']}),
    ('preprocessor_config.json', {'AutoImageProcessor': 'harm.Harm', 'AutoProcessor': 'harm.Harm'}),
])
@pytest.mark.parametrize('model_type', ['smolvlm', 'harm'])
def test_code_in_the_folder_is_not_run(copy, mark, file, entry, model_type) -> None:
    inside = copy / FOLDER
    (inside / 'harm.py').write_text(f'import os\nos.mkdir({str(mark)!r})\nclass Harm: pass\n')
    change(inside / file, 'auto_map', entry)
    change(inside / 'config.json', 'model_type', model_type)
    if file == 'tokenizer_config.json':
        change(inside / file, 'tokenizer_class', 'Harm')
    with pytest.raises(CheckpointError, match='model_type') if model_type == 'harm' else nullcontext():
        VisionLanguage.load(inside)
    assert not mark.exists()


def test_pickled_weights_are_not_read(copy, mark) -> None:
    inside = copy / FOLDER
    (inside / 'model.safetensors').unlink()
    (inside / 'pytorch_model.bin').write_bytes(pickle.dumps(Bomb(mark)))
    with pytest.raises(CheckpointError, match='safetensors'):
        VisionLanguage.load(inside)
    assert not mark.exists()


@pytest.mark.parametrize('name', ['adapter_model.bin', '../other.safetensors'])
def test_a_configuration_cannot_name_other_weights(copy, mark, name) -> None:
    inside = copy / FOLDER
    (inside / 'adapter_model.bin').write_bytes(pickle.dumps(Bomb(mark)))
    change(inside / 'config.json', 'transformers_weights', name)
    with pytest.raises(CheckpointError, match='transformers_weights'):
        VisionLanguage.load(inside)
    assert not mark.exists()


@pytest.mark.parametrize('name', ['weights.bin', '../other.safetensors', '/etc/other.safetensors', 7, ''])
def test_an_index_cannot_lead_to_other_files(copy, mark, name) -> None:
    inside = copy / FOLDER
    (inside / 'weights.bin').write_bytes(pickle.dumps(Bomb(mark)))
    shutil.copy(inside / 'model.safetensors', copy / 'other.safetensors')
    names = list(load_file(inside / 'model.safetensors'))
    (inside / 'model.safetensors').rename(inside / 'part.safetensors')
    (inside / 'model.safetensors.index.json').write_text(json.dumps(
        {'metadata': {}, 'weight_map': dict.fromkeys(names, name)}))
    with pytest.raises(CheckpointError, match='is no safetensors file of this folder'):
        VisionLanguage.load(inside)
    assert not mark.exists()


def test_weights_in_parts_are_loaded(copy) -> None:
    inside = copy / FOLDER
    weights = load_file(inside / 'model.safetensors')
    (inside / 'model.safetensors').unlink()
    placed = {name: f'part-{i % 2}.safetensors' for i, name in enumerate(weights)}
    for part in set(placed.values()):
        save_file({k: v for k, v in weights.items() if placed[k] == part}, inside / part, {'format': 'pt'})
    (inside / 'model.safetensors.index.json').write_text(json.dumps({'metadata': {}, 'weight_map': placed}))
    loaded = VisionLanguage.load(inside).model.state_dict()
    assert all(torch.equal(loaded[name], value) for name, value in weights.items())


@pytest.mark.parametrize(('file', 'key', 'value'), [
    ('config.json', 'text_config.hidden_size', 64 * 2**14),
    ('config.json', 'text_config.vocab_size', HUGE),
    ('config.json', 'text_config.num_hidden_layers', HUGE),
    ('config.json', 'text_config.num_hidden_layers', 40),
    ('config.json', 'text_config.num_hidden_layers', '40'),
    ('config.json', 'vision_config.image_size', HUGE),
    ('config.json', 'vision_config.patch_size', 0),
    ('config.json', 'vision_config.intermediate_size', HUGE),
    ('config.json', 'model_type', 'llama'),
    ('config.json', 'text_config', []),
    ('preprocessor_config.json', 'size', {'longest_edge': HUGE}),
    ('preprocessor_config.json', 'size', {'longest_edge': 0}),
    ('preprocessor_config.json', 'max_image_size', {'longest_edge': 1}),
])
def test_a_model_beyond_its_weights_is_refused_before_there_is_memory_for_it(copy, file, key, value) -> None:
    inside, before = copy / FOLDER, peak_kb()
    change(inside / file, key, value)
    with pytest.raises(CheckpointError, match=str(inside)):
        VisionLanguage.load(inside)
    assert peak_kb() - before < ROOM_KB


def test_a_weight_that_is_missing_is_not_made_up(copy) -> None:
    path = copy / FOLDER / 'model.safetensors'
    weights = load_file(path)
    (name, *_) = (name for name in weights if name.endswith('layers.0.mlp.up_proj.weight'))
    weights['something.else'] = weights.pop(name)
    save_file(weights, path, {'format': 'pt'})
    with pytest.raises(CheckpointError, match=r'the weights lack .*up_proj'):
        VisionLanguage.load(copy / FOLDER)


@pytest.mark.parametrize(('key', 'value'), [
    *((f'expert.{key}', value) for key in ('width', 'heads', 'channels', 'blocks', 'slots', 'field_layers', 'tokens',
                                           'context_layers', 'fusion_queries') for value in (HUGE, 0, -1, 1.5, '64')),
    ('expert.width', 65_536), ('expert.field_layers', 256), ('expert.tokens', 65_536), ('expert.heads', 3),
    ('horizon', HUGE), ('horizon', 512), ('horizon', 32.0), ('euler_steps', HUGE), ('euler_steps', True),
    ('step_rate_hz', 1e30), ('step_rate_hz', float('nan')), ('step_rate_hz', 0), ('noise_scale', float('inf')),
    ('noise_scale', -1), ('cameras', {}), ('cameras', {'../../head': [224, 224]}), ('cameras', {'head': [HUGE, HUGE]}),
    ('kind', '../../policy'), ('kind', 'os:system'), ('robot', '../so101'), ('joints', []), ('normalisation', {}),
    ('normalisation.delta_scale', [[1e400]]),
])
def test_a_policy_beyond_its_weights_is_refused_before_there_is_memory_for_it(copy, robot, key, value) -> None:
    change(copy / 'policy.json', key, value)
    before = peak_kb()
    with pytest.raises(VlaAsyncError):
        load_policy(copy, robot)
    assert peak_kb() - before < ROOM_KB


@pytest.mark.parametrize('text', [b'', b'[]', b'"kind"', b'{"kind": ', b'\xff\xfe', b'[' * 100_000,
                                  b'{"kind": "' + b'x' * 17 * 2**20 + b'"}', b'{"kind": 1' + b'0' * 10_000 + b'}'])
def test_whatever_policy_json_holds_it_is_named(copy, robot, text) -> None:
    (copy / 'policy.json').write_bytes(text)
    with pytest.raises(CheckpointError, match=r'policy\.json'):
        load_policy(copy, robot)


def test_a_pipe_in_place_of_a_file_is_not_waited_for(copy: Path, robot: Embodiment) -> None:
    (copy / 'policy.json').unlink()
    os.mkfifo(copy / 'policy.json')
    with pytest.raises(CheckpointError, match='missing'):
        load_policy(copy, robot)


@pytest.mark.parametrize('name', ['expert.safetensors', 'fusion_queries.safetensors', f'{FOLDER}/model.safetensors'])
@pytest.mark.parametrize('header', [
    {'w': {'dtype': 'F32', 'shape': [HUGE, HUGE], 'data_offsets': [0, 4]}},
    {'w': {'dtype': 'F32', 'shape': [2**62, 4], 'data_offsets': [0, 0]}},
    {'w': {'dtype': 'F32', 'shape': [1], 'data_offsets': [0, HUGE]}},
    {'queries': {'dtype': 'F32', 'shape': [1], 'data_offsets': [0, 4]},
     'readout.weight': {'dtype': 'F32', 'shape': [], 'data_offsets': [4, 8]}},
])
def test_weights_whose_header_lies_are_refused(copy, robot, name, header) -> None:
    text = json.dumps(header).encode()
    (copy / name).write_bytes(len(text).to_bytes(8, 'little') + text + b'\0' * 8)
    before = peak_kb()
    with pytest.raises(CheckpointError, match=Path(name).name if FOLDER not in name else str(copy / FOLDER)):
        load_policy(copy, robot)
    assert peak_kb() - before < ROOM_KB
