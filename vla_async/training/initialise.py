"""An untrained checkpoint folder: networks with random weights, a tokenizer, and all configuration."""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import save_file

from vla_async.acting.expert import ActionExpert
from vla_async.acting.normalisation import Normalisation
from vla_async.acting.policy_spec import ExpertShape, PolicySpec
from vla_async.embodiment import Embodiment
from vla_async.errors import unknown
from vla_async.reasoning.fusion_queries import FusionQueries
from vla_async.reasoning.reasoner import FOLDER, FUSION_FILE
from vla_async.reasoning.untrained import write_reasoner

HORIZON = 32  # steps of a chunk


@dataclass(frozen=True)
class Size:
    """One size of both sides: `text`, `vision` are the widths and depths of the image-text model."""

    text: tuple[int, int]
    vision: tuple[int, int]
    expert: ExpertShape


SIZES = {
    'tiny': Size((64, 2), (64, 2), ExpertShape(
        width=64, heads=4, context_layers=1, field_layers=1, channels=16, blocks=1, slots=2, summary=2, language=64,
        fusion_queries=4, fusion_width=64)),
    'small': Size((256, 4), (192, 4), ExpertShape()),
}


def initialise(folder: str | Path, robot: Embodiment, size: str = 'small', seed: int = 0,
               corpus: Iterable[str] = ()) -> Path:
    """Writes an untrained checkpoint folder for the robot and returns it; everything follows from the seed.

    `size` is 'tiny' (tests) or 'small' (runs on two processor cores); `corpus` are more sentences for the tokenizer.
    """
    if size not in SIZES:
        raise unknown('policy size', size, SIZES)
    root, shape = Path(folder), SIZES[size]
    (root / FOLDER).mkdir(parents=True, exist_ok=True)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        cameras = {c.name: (c.height, c.width) for c in robot.cameras}
        write_reasoner(root / FOLDER, shape.text, shape.vision, max(cameras[next(iter(cameras))]), corpus)
        fusion = FusionQueries(shape.text[0], shape.expert.fusion_queries, shape.expert.fusion_width)
        save_file(fusion.state_dict(), root / FUSION_FILE)
        unit = Normalisation.unit(robot.array('home'), HORIZON)
        spec = PolicySpec(robot.name, robot.joint_names, cameras, sight_joints(robot), unit, shape.expert, HORIZON)
        spec.save(root)
        ActionExpert(spec).save(root)
    (root / 'README.md').write_text(f'# Untrained policy for {robot.name}\n\nRandom weights: {size}, seed {seed}.\n')
    return root


def sight_joints(robot: Embodiment) -> tuple[str, ...]:
    """Joints that move the main camera relative to the base: those of no arm and no gripper."""
    limbs = {name for group, names in robot.groups.items() if group.startswith(('arm', 'gripper')) for name in names}
    return tuple(name for name in robot.joint_names if name not in limbs)
