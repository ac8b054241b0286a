"""Every way to join chunks by its name: the one of this suite, and the published ones to compare with."""
from __future__ import annotations

from typing import Protocol

from numpy.typing import ArrayLike

from vla_async.embodiment import Embodiment
from vla_async.errors import ConfigError, unknown
from vla_async.fusion.baselines import BASELINES
from vla_async.fusion.config import FuserConfig, FuserSettings
from vla_async.fusion.fuser import ChunkFuser
from vla_async.types import ActionChunk, FusionReport, JointCommand, JointWindow

OURS = 'vla_async'
FUSERS = (OURS, *BASELINES)


class Fuser(Protocol):
    """What a node needs of a fuser; `ChunkFuser` says what each of it means."""

    config: FuserConfig

    def reset(self, stamp_ns: int, position: ArrayLike) -> None: ...

    def add(self, chunk: ActionChunk, now_ns: int) -> FusionReport: ...

    def command(self, t_ns: int) -> JointCommand: ...

    def window(self, start_ns: int, step_ns: int, count: int) -> JointWindow: ...

    def following(self, now_ns: int) -> bool: ...

    def chunk_age_s(self, now_ns: int) -> float | None: ...

    @property
    def rest_ns(self) -> int: ...


def make_fuser(name: str, config: FuserConfig) -> Fuser:
    """The fuser of that name; raises ConfigError, which lists the names, when there is none."""
    if name == OURS:
        return ChunkFuser(config)
    if name not in BASELINES:
        raise unknown('fuser', name, FUSERS)
    return BASELINES[name](config)


def fuser_for(robot: Embodiment, settings: FuserSettings | None = None, name: str = OURS) -> Fuser:
    """The fuser of that name for what the robot's policies speak; raises ConfigError when there is none."""
    if robot.action.representation == 'joints':
        return make_fuser(name, FuserConfig.from_embodiment(robot, settings))
    if name != OURS:
        raise ConfigError(f'fuser {name!r} joins joints only, and policies of {robot.name} speak '
                          f'{robot.action.representation}: use {OURS!r}')
    from vla_async.fusion.poses.hand_fuser import HandFuser  # MuJoCo is loaded only where it is needed

    return HandFuser(robot, settings)
