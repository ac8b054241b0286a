"""One bag through all configurations: what a process, here or on another computer, works out and hands back."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vla_async.acting.policy import Policy, load_reproducible
from vla_async.embodiment import Embodiment
from vla_async.errors import DataError
from vla_async.replay.open_loop.configuration import Configuration
from vla_async.replay.open_loop.moments import Moment, WorstMoments
from vla_async.replay.open_loop.phases import PHASES, phases
from vla_async.replay.open_loop.player import Player
from vla_async.replay.open_loop.sketch import Sketch
from vla_async.replay.open_loop.tally import Tally
from vla_async.replay.recordings.events import Doing, Fault, Recording
from vla_async.replay.recordings.opening import open_recording
from vla_async.types import ImageArray


@dataclass(frozen=True)
class Work:
    """A bag and the ways to replay it; it travels to other processes."""

    bag: Path
    name: str  # that tells it from the others
    robot: str | None
    configurations: tuple[Configuration, ...]
    seed: int


@dataclass
class Judged:
    """One bag in one configuration."""

    configuration: Configuration
    total: dict[str, Any]
    joints: dict[str, dict[str, dict[str, float]]]  # errors by kind and joint
    instructions: dict[str, dict[str, Any]]
    phases: dict[str, dict[str, Any]]
    moments: list[Moment]
    sketch: Sketch


@dataclass
class JudgedBag:
    """One bag; without `judged` when nothing of it could be read."""

    bag: Path
    name: str
    robot: str = ''
    judged: list[Judged] = field(default_factory=list)
    stops: list[Doing] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    stills: dict[int, ImageArray | None] = field(default_factory=dict)  # by time, of the first configuration's moments


def judge(work: Work) -> JudgedBag:
    """The figures of one bag; what cannot be read is a fault and no error. Raises ConfigError, CheckpointError."""
    try:
        recording, robot = open_recording(work.bag, work.robot)
        return _judge(work, recording, robot)
    except DataError as error:
        text = str(error).removeprefix(f'{work.bag}: ')
        return JudgedBag(work.bag, work.name, faults=[Fault(str(work.bag), '', None, text)])


def _judge(work: Work, recording: Recording, robot: Embodiment) -> JudgedBag:
    result = JudgedBag(work.bag, work.name, robot.name)
    for configuration in work.configurations:
        policy = load_reproducible(configuration.checkpoint, robot) if configuration.checkpoint else None
        judged, result.stops = judge_recording(recording, robot, configuration, policy, work.seed)
        result.judged.append(judged)
    result.faults = list(recording.faults)
    if result.judged:
        result.stills = recording.stills([moment.at_ns for moment in result.judged[0].moments])
    return result


def judge_recording(recording: Recording, robot: Embodiment, configuration: Configuration, policy: Policy | None,
                    seed: int) -> tuple[Judged, list[Doing]]:
    """A recording in one configuration, and the stops that the recorded bridge made."""
    player = Player(robot, configuration, policy, seed)
    total, moments, sketch = Tally(robot), WorstMoments(robot), Sketch()
    instructions: dict[str, Tally] = {}
    by_phase = {name: Tally(robot) for name in PHASES}
    for stretch in player.play(recording):
        part = Tally(robot)
        part.add(stretch)
        total.merge(part)
        instructions.setdefault(stretch.instruction, Tally(robot)).merge(part)
        for name, when in phases(stretch, robot).items():
            by_phase[name].add(stretch, when)
        moments.add(stretch)
        sketch.add(stretch)
    judged = Judged(
        configuration, total.report(), total.joints(), {text: tally.report() for text, tally in instructions.items()},
        {name: tally.report() for name, tally in by_phase.items()}, moments.worst(), sketch)
    return judged, player.stops


def short_names(paths: Sequence[Path]) -> list[str]:
    """What tells the paths apart: as few of their last parts as are different from each other."""
    whole = [path.resolve() for path in paths]
    for depth in range(1, max((len(path.parts) for path in whole), default=0) + 1):
        names = ['/'.join(path.parts[-depth:]) for path in whole]
        if len(set(names)) == len(names):
            return names
    return [str(path) for path in whole]
