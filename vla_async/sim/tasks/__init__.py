"""The tasks that the simulation knows, by the name that `--task` takes."""
from __future__ import annotations

from vla_async.errors import unknown
from vla_async.sim.scene import Task
from vla_async.sim.tasks.touch import TouchTask

TASKS: dict[str, type[Task]] = {'touch': TouchTask}


def available() -> tuple[str, ...]:
    """Names of all tasks."""
    return tuple(sorted(TASKS))


def make(name: str) -> Task:
    """The task of that name; raises ConfigError that lists the valid ones."""
    if name not in TASKS:
        raise unknown('task', name, TASKS)
    return TASKS[name]()
