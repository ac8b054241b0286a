"""A policy as a whole: the slow and the fast side that were trained together, from one checkpoint folder.

    policy.json  reasoner/ (Hugging Face folder)  fusion_queries.safetensors  expert.safetensors  README.md

Third parties add policies under the entry-point group `vla_async.policies`: a callable `(folder, robot, device, dtype)`
that returns a `Policy`; the key `kind` of their policy.json names it.
"""
from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path

import torch

from vla_async.acting.generator import ActionGenerator
from vla_async.acting.policy_spec import FILE
from vla_async.embodiment import Embodiment
from vla_async.errors import CheckpointError, unknown
from vla_async.reasoning.reasoner import Reasoner

GROUP = 'vla_async.policies'
KIND = 'vla_async'  # a policy of this package


@dataclass(frozen=True)
class Policy:
    """Both sides of one checkpoint."""

    reasoner: Reasoner
    generator: ActionGenerator


def load_policy(folder: str | Path, robot: Embodiment, device: str = 'cpu', dtype: torch.dtype | None = None) -> Policy:
    """Policy of the folder's kind; raises CheckpointError when it is missing, incomplete or for another robot."""
    root = Path(folder)
    if not root.is_dir():
        raise CheckpointError(f'{root}: there is no such checkpoint folder')
    kind = _kind(root)
    if kind == KIND:
        return load_own(root, robot, device, dtype)
    known = {entry.name: entry for entry in entry_points(group=GROUP)}
    if kind not in known:
        raise unknown('policy kind', kind, known)
    policy: Policy = known[kind].load()(root, robot, device, dtype)
    return policy


def load_own(folder: Path, robot: Embodiment, device: str = 'cpu', dtype: torch.dtype | None = None) -> Policy:
    """A policy of this package."""
    generator = ActionGenerator.load(folder, robot, device, dtype)
    reasoner = Reasoner.load(folder, device, dtype)
    return Policy(reasoner, generator)


def _kind(folder: Path) -> str:
    path = folder / FILE
    if not path.is_file():
        raise CheckpointError(f'{folder}: {FILE} is missing; is this a policy folder?')
    try:
        data = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise CheckpointError(f'{path}: not readable as JSON: {error}') from error
    if not isinstance(data, dict) or not isinstance(data.get('kind'), str):
        raise CheckpointError(f'{path}: has no `kind`; a policy of this package says {KIND!r}')
    return str(data['kind'])
