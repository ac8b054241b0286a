"""policy.json: what a checkpoint is for and how its networks are shaped."""
from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np

from vla_async.acting.normalisation import Normalisation
from vla_async.checkpoints import read_json
from vla_async.embodiment import Embodiment
from vla_async.errors import CheckpointError

FILE = 'policy.json'
FORMAT = 1
MAX_WIDTH = 65_536  # of anything
MOST = {'horizon': 512, 'euler_steps': 100, 'expert.context_layers': 256, 'expert.field_layers': 256,
        'expert.blocks': 256}


@dataclass(frozen=True)
class ExpertShape:
    """Sizes of the fast networks."""

    width: int = 256
    heads: int = 8
    context_layers: int = 2
    field_layers: int = 3
    channels: int = 64  # of the feature maps
    blocks: int = 2  # residual convolutions
    slots: int = 4  # queries per camera
    summary: int = 4  # instruction tokens after pooling
    group: int = 4  # steps per action token
    language: int = 256  # width of the instruction embedding
    tokens: int = 24  # most instruction tokens
    fusion_queries: int = 8
    fusion_width: int = 256


@dataclass(frozen=True)
class PolicySpec:
    """What a runtime must know before it loads weights; `cameras` maps names to (height, width), main one first."""

    robot: str
    joints: tuple[str, ...]
    cameras: dict[str, tuple[int, int]]
    sight_joints: tuple[str, ...]  # those that move the main camera relative to the base; may be none
    normalisation: Normalisation
    expert: ExpertShape = field(default_factory=ExpertShape)
    horizon: int = 32
    step_rate_hz: float = 30.0
    euler_steps: int = 2  # 3 take 1.4 of 8.5 ms more for a chunk and reach no more
    noise_scale: float = 0.2  # temperature of the start noise; below 1 successive chunks agree better

    @property
    def main_camera(self) -> str:
        """The one whose picture the reasoner reads."""
        return next(iter(self.cameras))

    def save(self, folder: Path) -> None:
        data = {'kind': 'vla_async', 'format': FORMAT, **asdict(self)}
        data['normalisation'] = {k: np.round(v, 7).tolist() for k, v in data['normalisation'].items()}
        (folder / FILE).write_text(json.dumps(data, indent=1) + '\n')

    @classmethod
    def load(cls, folder: Path) -> PolicySpec:
        """Reads and checks policy.json; raises CheckpointError that names the file and the key."""
        path = folder / FILE
        data = read_json(path)
        if data.pop('kind', None) != 'vla_async' or data.pop('format', None) != FORMAT:
            raise CheckpointError(f'{path}: not a policy of format {FORMAT}')
        return _parse(path, data)

    def check_robot(self, folder: Path, robot: Embodiment) -> None:
        """Raises CheckpointError unless the policy was made for this robot: its joints, their order and its cameras."""
        if self.robot != robot.name:
            raise CheckpointError(f'{folder} is a policy for the robot {self.robot}, not for {robot.name}')
        if robot.action.representation != 'joints':
            raise CheckpointError(f'{folder} is a policy that speaks joints, those of {robot.name} speak '
                                  f'{robot.action.representation}; see action in its robot file')
        if self.joints != robot.joint_names:
            pairs = zip(self.joints, robot.joint_names, strict=False)
            first = next((f'joint {i} is {a} there and {b} here' for i, (a, b) in enumerate(pairs) if a != b),
                         f'{len(self.joints)} joints there, {robot.dof} here')
            raise CheckpointError(f'{folder}: its joint order is not that of {robot.name}: {first}')
        here = {c.name: (c.height, c.width) for c in robot.cameras}
        for name, size in self.cameras.items():
            if here.get(name) != size:
                raise CheckpointError(f'{folder}: needs camera {name} of {size[0]}x{size[1]} (height x width); '
                                      f'{robot.name} has {here.get(name, "none of that name")}')


def _parse(path: Path, data: dict[str, Any]) -> PolicySpec:
    known = {f.name for f in fields(PolicySpec)}
    if wrong := sorted(known ^ set(data)):
        raise CheckpointError(f'{path}: key {wrong[0]} is {"unknown" if wrong[0] in data else "missing"}')
    try:
        arrays = {k: np.array(v, dtype=np.float64) for k, v in data['normalisation'].items()}
        spec = PolicySpec(**{**data, 'joints': tuple(data['joints']), 'sight_joints': tuple(data['sight_joints']),
                             'cameras': {k: (int(v[0]), int(v[1])) for k, v in data['cameras'].items()},
                             'normalisation': Normalisation(**arrays), 'expert': ExpertShape(**data['expert'])})
    except (TypeError, ValueError, AttributeError, KeyError, IndexError, OverflowError) as error:
        raise CheckpointError(f'{path}: {error}') from error
    _check_sizes(path, spec)
    _check_numbers(path, spec)
    return spec


def _check_sizes(path: Path, spec: PolicySpec) -> None:
    """Sizes that nothing in the file backs; the weights' own are compared with those of their file."""
    sizes = {**{f'expert.{key}': value for key, value in asdict(spec.expert).items()}, 'horizon': spec.horizon,
             'euler_steps': spec.euler_steps}
    for key, value in sizes.items():
        most = MOST.get(key, MAX_WIDTH)
        if type(value) is not int or not 1 <= value <= most:
            raise CheckpointError(f'{path}: {key} must be a whole number from 1 to {most}, got {value!r}')
    for key, low, high in (('step_rate_hz', 1.0, 1000.0), ('noise_scale', 0.0, 10.0)):
        value = getattr(spec, key)
        if type(value) not in (int, float) or not low <= value <= high:
            raise CheckpointError(f'{path}: {key} must be a number from {low:g} to {high:g}, got {value!r}')


def _check_numbers(path: Path, spec: PolicySpec) -> None:
    size, norm = len(spec.joints), spec.normalisation
    if strange := [name for name in spec.sight_joints if name not in spec.joints]:
        raise CheckpointError(f'{path}: sight_joints names {strange[0]!r}, which is not among joints')
    for name, array, shape in (('position_mean', norm.position_mean, (size,)),
                               ('position_scale', norm.position_scale, (size,)),
                               ('velocity_scale', norm.velocity_scale, (size,)),
                               ('delta_scale', norm.delta_scale, (spec.horizon, size))):
        if array.shape != shape or not np.isfinite(array).all():
            raise CheckpointError(f'{path}: normalisation.{name} must be {shape} finite numbers, got {array.shape}')
    expert = spec.expert
    if not spec.cameras or spec.horizon % expert.group or expert.width % expert.heads or expert.width % 2:
        raise CheckpointError(f'{path}: there must be a camera, the horizon be a multiple of expert.group, and '
                              'expert.width even and a multiple of expert.heads')
