"""Makes demonstrations of a task as a LeRobot dataset: in parallel, resumable, every episode from its seed."""
from __future__ import annotations

import importlib.metadata
import json
import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

from vla_async import embodiment
from vla_async.datasets import lerobot_format as fmt
from vla_async.errors import ConfigError
from vla_async.sim.expert import RATE
from vla_async.training.lerobot_writer import DatasetWriter, publish, write_json, written
from vla_async.training.rollout import PRIVILEGED, Simulation, demonstrate

FIRST_TRAINING_SEED = 100_000  # seeds below belong to tests and evaluation
EPISODES_PER_SHARD = 25

Progress = Callable[[int, int], None]  # episodes finished, episodes in all


@dataclass(frozen=True)
class Recipe:
    """What a dataset is made of: seeds first_seed .. first_seed + episodes - 1 of a task on a robot."""

    robot: str
    task: str
    episodes: int
    first_seed: int

    def __post_init__(self) -> None:
        if self.first_seed < FIRST_TRAINING_SEED:
            raise ConfigError(f'training seeds begin at {FIRST_TRAINING_SEED}, got {self.first_seed}; '
                              'those below are for tests and evaluation')
        if self.episodes < 1:
            raise ConfigError(f'episodes must be 1 or more, got {self.episodes}')

    def shards(self) -> Iterator[tuple[int, range]]:
        """Number and seeds of every shard."""
        end = self.first_seed + self.episodes
        for number, first in enumerate(range(self.first_seed, end, EPISODES_PER_SHARD)):
            yield number, range(first, min(first + EPISODES_PER_SHARD, end))


def record(root: Path, robot: str, task: str, episodes: int, first_seed: int = FIRST_TRAINING_SEED, jobs: int = 1,
           progress: Progress = lambda done, total: None) -> int:
    """Record what is still missing of a dataset; the number of episodes that it then has.

    Seeds for which the expert fails are left out, so this can be a little less than `episodes`. Stopped and called
    again it goes on where it was, at most a shard per job behind.

    Raises:
        ConfigError: seeds that are kept for evaluation, an unknown robot or task, or a folder of another recipe.
    """
    recipe = Recipe(robot, task, episodes, first_seed)
    _check_provenance(root, recipe)
    done = written(root)
    pending = [(number, seeds) for number, seeds in recipe.shards() if number not in done]
    finished = episodes - sum(len(seeds) for _, seeds in pending)
    progress(finished, episodes)
    context = multiprocessing.get_context('spawn')  # a forked process must not inherit an OpenGL context
    with ProcessPoolExecutor(max_workers=jobs, mp_context=context) as pool:
        running = {pool.submit(record_shard, root, recipe, number, seeds): len(seeds) for number, seeds in pending}
        for future in as_completed(running):
            future.result()
            publish(root)
            finished += running[future]
            progress(finished, episodes)
    return publish(root)


def record_shard(root: Path, recipe: Recipe, number: int, seeds: range) -> None:
    """Record one shard; only successful episodes are kept."""
    simulation = _simulation(recipe.robot, recipe.task)
    features = fmt.make_features(simulation.world.robot, RATE, PRIVILEGED)
    with DatasetWriter(root, features, RATE, recipe.robot, number) as writer:
        for seed in seeds:
            shown = demonstrate(simulation, seed)
            if shown.success:
                writer.add_episode(shown.instruction, shown.vectors, shown.images, shown.notes)


@cache
def _simulation(robot: str, task: str) -> Simulation:
    """One per process."""
    return Simulation.make(embodiment.load(robot), task)


def _check_provenance(root: Path, recipe: Recipe) -> None:
    """Write down what the dataset is made of; a larger number of episodes extends it, anything else does not fit."""
    path = root / fmt.PROVENANCE
    made = {**asdict(recipe), 'vla_async': importlib.metadata.version('vla_async')}
    if path.is_file():
        before = json.loads(path.read_text())
        for key in ('robot', 'task', 'first_seed'):
            if before[key] != made[key]:
                raise ConfigError(f'{root} holds demonstrations with {key} {before[key]!r}, not {made[key]!r}; '
                                  'choose another folder')
    write_json(path, made)
