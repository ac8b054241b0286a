"""What a Hugging Face folder asks for, judged before the library does it: it may come from anywhere.

`use_safetensors` alone is not enough: `transformers_weights` in config.json and the names in a weights' index lead the
library to other files, also to pickled ones and outside of the folder. And what config.json describes is allocated
whether there are weights for it or not.
"""
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from transformers import AutoConfig, AutoModelForImageTextToText

from vla_async.checkpoints import read_json
from vla_async.errors import CheckpointError

FAMILY = ('smolvlm', 'idefics3')  # of model_type
MAX_LAYERS = 512
MAX_SIDE = 4096  # of the picture that the model sees [px]
MAX_SPLIT = 16  # parts along a side of a picture that is split


def judge(folder: Path) -> None:
    """Raises CheckpointError, naming file and key, unless the folder is safe to load, with its own weights alone."""
    config = read_json(folder / 'config.json')
    if config.get('model_type') not in FAMILY:
        raise CheckpointError(f'{folder}/config.json: model_type {config.get("model_type")!r}; valid: '
                              f'{", ".join(FAMILY)}')
    if 'transformers_weights' in config or (folder / 'adapter_config.json').exists():
        raise CheckpointError(f'{folder}: its weights must be the ordinary ones, model.safetensors or a whole set of '
                              'parts; merge adapters, and remove transformers_weights from config.json')
    _judge_index(folder)
    _judge_pictures(folder)
    _judge_size(folder, config)


def _judge_index(folder: Path) -> None:
    """Parts of the weights lie in the folder and are safetensors."""
    for path in folder.glob('*.index.json'):
        parts = read_json(path).get('weight_map')
        for name in set(parts.values()) if isinstance(parts, dict) else {None}:
            if not isinstance(name, str) or Path(name).name != name or not name.endswith('.safetensors'):
                raise CheckpointError(f'{path}: {name!r} is no safetensors file of this folder')


def _judge_pictures(folder: Path) -> None:
    path = folder / 'preprocessor_config.json'
    told = read_json(path)
    sides = [list(_numbers(told.get(key))) for key in ('size', 'max_image_size')]
    whole, parts = (side or [MAX_SIDE] for side in sides)
    if not all(1 <= side <= MAX_SIDE for side in (*whole, *parts)) or max(whole) > MAX_SPLIT * min(parts):
        raise CheckpointError(f'{path}: size and max_image_size must be between 1 and {MAX_SIDE} pixels, and a picture '
                              f'be split into at most {MAX_SPLIT} parts a side')


def _judge_size(folder: Path, config: dict[str, Any]) -> None:
    """The model that config.json describes is no bigger than the weights that are there."""
    for part in ('text_config', 'vision_config'):
        told = config.get(part)
        layers = told.get('num_hidden_layers', 0) if isinstance(told, dict) else 0
        if not isinstance(layers, int) or layers > MAX_LAYERS:
            raise CheckpointError(f'{folder}/config.json: {part}.num_hidden_layers must be at most {MAX_LAYERS}')
    described = _described(folder)
    held = sum(_held(path) for path in folder.glob('*.safetensors'))
    if described > held:
        raise CheckpointError(f'{folder}: config.json describes {described:,} weights, its safetensors hold {held:,}')


def _described(folder: Path) -> int:
    """Weights of the model, without any memory for them."""
    try:
        described = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        with torch.device('meta'):
            model = AutoModelForImageTextToText.from_config(described, trust_remote_code=False)
    except Exception as error:  # the libraries raise errors of their own, of any kind
        raise CheckpointError(f'{folder}/config.json: describes no image-text model: {error}') from error
    return sum(parameter.numel() for parameter in model.parameters())


def _held(path: Path) -> int:
    """Numbers in a file, from its header alone."""
    try:
        with safe_open(path, framework='pt') as file:
            return sum(torch.Size(file.get_slice(name).get_shape()).numel() for name in file.keys())  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f'{path}: cannot be read: {error}') from error


def _numbers(entry: Any) -> Iterator[float]:
    """All numbers in an entry of a JSON file."""
    if isinstance(entry, dict):
        for inner in entry.values():
            yield from _numbers(inner)
    elif isinstance(entry, (int, float)):
        yield entry
