"""What the user asked for, checked before any process starts."""
from __future__ import annotations

import argparse
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vla_async import checkpoints, embodiment
from vla_async.acting.policy import check_policy
from vla_async.embodiment import Embodiment
from vla_async.errors import ConfigError
from vla_async.sim.tasks import make


@dataclass(frozen=True)
class DemoOptions:
    """A run of the demo."""

    robot_name: str  # name or path, as given
    robot: Embodiment
    task: str
    instruction: str | None  # None: the one that each seed draws
    seed: int  # of the first episode; the next ones count up
    episodes: int
    checkpoint: Path
    report: Path
    slow_delay_ms: int
    time_limit_s: float
    to_the_end: bool
    show: bool  # the report, in a browser

    @classmethod
    def check(cls, args: argparse.Namespace) -> DemoOptions:
        """Options of the parsed arguments; raises VlaAsyncError that names what is wrong and what would be right."""
        robot = embodiment.load(args.robot)
        make(args.task)
        if args.instruction is not None and not args.instruction.strip():
            raise ConfigError('--instruction is empty; leave it out to let the seed draw one')
        if args.episodes < 1 or args.seed < 0 or args.slow_delay_ms < 0 or args.time_limit <= 0:
            raise ConfigError('--episodes and --time-limit must be positive, --seed and --slow-delay-ms not negative')
        checkpoint = checkpoints.find(args.checkpoint or checkpoints.default(robot.name, args.task))
        check_policy(checkpoint, robot)
        return cls(args.robot, robot, args.task, args.instruction, args.seed, args.episodes, checkpoint,
                   _report_folder(args.report), args.slow_delay_ms, args.time_limit, args.to_the_end,
                   not args.headless and has_display(os.environ))

    def as_provenance(self) -> dict[str, Any]:
        """What the report says about how it came about."""
        return {'checkpoint': self.checkpoint.name, 'options': {
            'task': self.task, 'instruction': self.instruction, 'seed': self.seed, 'episodes': self.episodes,
            'slow_delay_ms': self.slow_delay_ms, 'time_limit_s': self.time_limit_s,
            'to_the_end': self.to_the_end, 'time': 'real'}}


def has_display(environment: Mapping[str, str]) -> bool:
    """Whether a window could be opened, by the variables of the environment."""
    return bool(environment.get('DISPLAY') or environment.get('WAYLAND_DISPLAY'))


def _report_folder(given: Path | None) -> Path:
    folder = (given or Path('runs') / time.strftime('%Y-%m-%d_%H-%M-%S')).resolve()
    if (folder / 'bag').exists():
        raise ConfigError(f'{folder} holds a run already; remove it or give another folder to --report')
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f'--report {folder}: {error.strerror}') from error
    return folder
