"""A bag played into the live pipeline, in a ROS domain of its own; what it says now goes into a new bag."""
from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from vla_async import checkpoints, embodiment
from vla_async.embodiment import Embodiment
from vla_async.errors import ConfigError, DataError
from vla_async.graph import PIPELINE, RECORDING, SUPERVISION
from vla_async.launcher.domain import claim_free_domain
from vla_async.launcher.environment import environment
from vla_async.launcher.node_command import node_command, write_overrides
from vla_async.launcher.starter import Starter
from vla_async.recording.audit_table import print_audit
from vla_async.recording.playing import Playing
from vla_async.replay.audit import FILE
from vla_async.replay.bag import identity, open_bag

NODES = (*RECORDING, *PIPELINE, *(spec for spec in SUPERVISION if spec.name == 'lifecycle_manager'))
STOP_FIRST, STOP_LAST = ('lifecycle_manager',), ('recorder',)
FASTEST = 10.0


@dataclass(frozen=True)
class PlayOptions:
    """What is played into which pipeline."""

    bag: Path
    robot_name: str  # name or path
    robot: Embodiment
    checkpoint: Path
    report: Path
    rate: float

    @classmethod
    def check(cls, bag: Path, report: Path | None, rate: float, robot: str | None, checkpoint: str | None
              ) -> PlayOptions:
        """Robot and checkpoint are by default those that the bag names; raises VlaAsyncError for what is wrong."""
        if not 0 < rate <= FASTEST:
            raise ConfigError(f'--rate must be above 0 and at most {FASTEST:g}, got {rate:g}')
        if not bag.exists():
            raise DataError(f'{bag}: there is no such bag')
        about = identity(bag)
        robot, checkpoint = robot or about.get('robot'), checkpoint or about.get('checkpoint')
        if robot is None or checkpoint is None:
            raise ConfigError(f'{bag} does not say with which robot and checkpoint it was recorded; '
                              'name them with --robot and --checkpoint')
        folder = (report or Path('runs') / time.strftime('%Y-%m-%d_%H-%M-%S')).resolve()
        if (folder / 'bag').exists():
            raise ConfigError(f'{folder} holds a run already; remove it or give another folder to --report')
        return cls(bag, robot, embodiment.load(robot), checkpoints.find(checkpoint), folder, rate)

    def overrides(self) -> dict[str, dict[str, Any]]:
        """Parameters by node that differ from config/vla_async.yaml."""
        checkpoint = {'checkpoint': str(self.checkpoint)}
        special = {'recorder': {**checkpoint, 'folder': str(self.report / 'bag')},
                   'vlm_reasoner': checkpoint, 'action_generator': checkpoint}
        return {spec.name: {'robot': self.robot_name, 'use_sim_time': True, **special.get(spec.name, {})}
                for spec in NODES}


def play(bag: Path, report: Path | None = None, rate: float = 1.0, robot: str | None = None,
         checkpoint: str | None = None) -> int:
    """Play the bag, `rate` seconds of it a second, into the pipeline; record that into `report`/bag, print its audit.

    Returns 0 when the whole bag was played. Raises VlaAsyncError for what is wrong with bag, robot or checkpoint, and
    for a pipeline that does not come up.
    """
    options, console = PlayOptions.check(bag, report, rate, robot, checkpoint), Console()
    options.report.mkdir(parents=True, exist_ok=True)
    claim = claim_free_domain()
    os.environ.update(environment(claim.id, os.environ, pictures=True))  # for the node of this process, too
    parameters = options.report / 'parameters.yaml'
    write_overrides(options.overrides(), parameters)
    console.print(Text(f'starting {len(NODES)} nodes on ROS domain {claim.id}; logs in {options.report / "logs"}'),
                  soft_wrap=True)
    commands = [node_command(spec, parameters, essential=spec in RECORDING) for spec in NODES]
    with (open_bag(bag) as reader,
          Starter(commands, os.environ, options.report / 'logs', STOP_FIRST, STOP_LAST) as starter,
          Playing(reader, options.robot, lambda: starter.poll(time.monotonic()), console) as playing):
        playing.wait_for_bring_up([spec.name for spec in PIPELINE])
        playing.run(options.rate)
    claim.release()
    print_audit(json.loads((options.report / 'bag' / FILE).read_text()), console)
    return 0
