"""A policy as a whole: the slow and the fast side that were trained together, from one checkpoint folder.

    policy.json  reasoner/ (Hugging Face folder)  fusion_queries.safetensors  expert.safetensors  README.md

Third parties add policies under the entry-point group `vla_async.policies`: a callable `(folder, robot, device, dtype)`
that returns a `Policy`; the key `kind` of their policy.json names it. `dtype` is None where it may choose, and float64
in a replay, which shall not depend on the processor. The columns of its generator's chunks are the robot's
`chunk_columns`: all joints, or hand poses where the robot file says `action: {representation: poses, ...}`.
"""
from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import TYPE_CHECKING

from vla_async.acting.policy_spec import FILE, PolicySpec
from vla_async.checkpoints import read_json
from vla_async.embodiment import Embodiment
from vla_async.errors import CheckpointError, unknown

if TYPE_CHECKING:  # the libraries of each side take seconds to import, and a node needs one side only
    import torch

    from vla_async.acting.generator import ActionGenerator
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
    kind = _kind(root)
    if kind == KIND:
        return load_own(root, robot, device, dtype)
    policy: Policy = _loader(kind).load()(root, robot, device, dtype)
    return policy


def check_policy(folder: str | Path, robot: Embodiment) -> None:
    """Without its weights, and for other kinds without the robot: raises as `load_policy` would."""
    root = Path(folder)
    kind = _kind(root)
    if kind == KIND:
        PolicySpec.load(root).check_robot(root, robot)
    else:
        _loader(kind)


def load_reproducible(folder: str | Path, robot: Embodiment) -> Policy:
    """Policy that makes the same chunks on every processor: in float64, whose last digits are rounded away in the end.

    The weights are those of `load_policy`, the results a little different and a little slower.
    """
    import torch
    torch.set_num_threads(1)  # how a sum is shared out depends on their number
    return load_policy(folder, robot, dtype=torch.float64)


def load_generator(folder: str | Path, robot: Embodiment, device: str = 'cpu') -> ActionGenerator:
    """The fast side alone; of a policy of this package the slow one is not loaded."""
    root = Path(folder)
    if _kind(root) != KIND:
        return load_policy(root, robot, device).generator
    from vla_async.acting.generator import ActionGenerator
    return ActionGenerator.load(root, robot, device)


def load_reasoner(folder: str | Path, robot: Embodiment, device: str = 'cpu') -> Reasoner:
    """The slow side alone, likewise."""
    root = Path(folder)
    if _kind(root) != KIND:
        return load_policy(root, robot, device).reasoner
    spec = PolicySpec.load(root)
    spec.check_robot(root, robot)
    from vla_async.reasoning.reasoner import Reasoner
    return Reasoner.load(root, device, camera=spec.main_camera)


def load_own(folder: Path, robot: Embodiment, device: str = 'cpu', dtype: torch.dtype | None = None) -> Policy:
    """A policy of this package."""
    from vla_async.acting.generator import ActionGenerator
    from vla_async.reasoning.reasoner import Reasoner
    generator = ActionGenerator.load(folder, robot, device, dtype)
    reasoner = Reasoner.load(folder, device, dtype, PolicySpec.load(folder).main_camera)
    return Policy(reasoner, generator)


def _loader(kind: str) -> EntryPoint:
    """What loads policies of a kind of others."""
    known = {entry.name: entry for entry in entry_points(group=GROUP)}
    if kind not in known:
        raise unknown('policy kind', kind, known)
    return known[kind]


def _kind(folder: Path) -> str:
    if not folder.is_dir():
        raise CheckpointError(f'{folder}: there is no such checkpoint folder')
    kind = read_json(folder / FILE).get('kind')
    if not isinstance(kind, str):
        raise CheckpointError(f'{folder / FILE}: has no `kind`; a policy of this package says {KIND!r}')
    return kind
