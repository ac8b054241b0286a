"""A stopped training on disk, without pickle: tensors as safetensors, everything else as JSON."""
from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from vla_async.errors import CheckpointError
from vla_async.training.trainer import Progress, Trainer

TENSORS, NUMBERS = 'training_state.safetensors', 'training_state.json'
_STATE = ('step', 'exp_avg', 'exp_avg_sq')  # of AdamW


def save(trainer: Trainer, folder: Path) -> None:
    """Writes the state so that `load` goes on bit for bit; a stop while writing leaves the previous state intact."""
    tensors = {'step': torch.tensor(trainer.progress.step)}
    for name, parameter, average in zip(trainer.shard.names, trainer.parameters, trainer.average, strict=True):
        tensors[f'model/{name}'] = parameter.detach().clone()
        tensors[f'average/{name}'] = average
        for stage, optimiser in trainer.optimisers.items():
            for key, value in optimiser.state.get(parameter, {}).items():
                tensors[f'{stage}/{key}/{name}'] = value
    random = [trainer.shard.state(), *(helper.state() for helper in trainer.helpers)]
    numbers = {'progress': asdict(trainer.progress), 'random': random}
    save_file({k: v.contiguous().cpu() for k, v in tensors.items()}, folder / f'{TENSORS}.new')
    (folder / f'{NUMBERS}.new').write_text(json.dumps(numbers))
    for name in (TENSORS, NUMBERS):
        (folder / f'{name}.new').replace(folder / name)


def load(trainer: Trainer, folder: Path) -> None:
    """Puts a saved state into a fresh trainer of the same shape; raises CheckpointError when it does not fit."""
    if not (folder / TENSORS).is_file() or not (folder / NUMBERS).is_file():
        raise CheckpointError(f'{folder}: there is no training to resume; start without --resume')
    tensors, numbers = load_file(folder / TENSORS), json.loads((folder / NUMBERS).read_text())
    if int(tensors['step']) != numbers['progress']['step'] or len(numbers['random']) != 1 + len(trainer.helpers):
        raise CheckpointError(f'{folder}: the saved training is torn or of another number of workers; start it anew')
    try:
        _restore(trainer, tensors, numbers)
    except (KeyError, RuntimeError) as error:
        raise CheckpointError(f'{folder}: the saved training does not fit these networks: {error}') from error


@torch.no_grad()
def _restore(trainer: Trainer, tensors: dict[str, torch.Tensor], numbers: dict[str, Any]) -> None:
    for name, parameter, average in zip(trainer.shard.names, trainer.parameters, trainer.average, strict=True):
        parameter.copy_(tensors[f'model/{name}'])
        average.copy_(tensors[f'average/{name}'])
        for stage, optimiser in trainer.optimisers.items():
            state = {key: tensors[f'{stage}/{key}/{name}'] for key in _STATE if f'{stage}/{key}/{name}' in tensors}
            if state:
                optimiser.state[parameter] = {k: v.to(parameter.device) for k, v in state.items()}
    trainer.shard.restore(numbers['random'][0])
    for helper, state in zip(trainer.helpers, numbers['random'][1:], strict=True):
        helper.restore(state)
    trainer.progress = Progress(**numbers['progress'])
