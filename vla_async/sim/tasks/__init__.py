"""The tasks that the simulation knows, by the name that `--task` takes."""
from __future__ import annotations

import numpy as np

from vla_async.errors import unknown
from vla_async.sim.scene import Task
from vla_async.sim.tasks.touch import TouchTask

TASKS: dict[str, type[Task]] = {'touch': TouchTask}
OTHERWISE = 'otherwise'  # in place of an instruction: ask for something else than the seed draws


def available() -> tuple[str, ...]:
    """Names of all tasks."""
    return tuple(sorted(TASKS))


def make(name: str) -> Task:
    """The task of that name; raises ConfigError that lists the valid ones."""
    if name not in TASKS:
        raise unknown('task', name, TASKS)
    return TASKS[name]()


def in_words(asked: str | None, task: str, seed: int, robot_name: str) -> str | None:
    """What to ask for in the scene of a seed: `asked`, with OTHERWISE put into words; None: what the seed draws."""
    if asked != OTHERWISE:
        return asked
    chosen = make(task)
    scene = chosen.draw(np.random.default_rng(seed), seed, None, robot_name)
    return chosen.ask_otherwise(scene, np.random.default_rng(seed), robot_name)
