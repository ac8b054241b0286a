"""What lies on the table and how an episode stands: plain values shared by world, tasks, expert and judge."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

COLOURS: dict[str, tuple[float, float, float]] = {  # RGB in 0..1: far apart in hue, so that a small camera tells them
    'red': (0.90, 0.06, 0.06),
    'green': (0.05, 0.65, 0.12),
    'blue': (0.06, 0.20, 0.92),
    'yellow': (1.00, 0.85, 0.02),
    'purple': (0.52, 0.10, 0.70),
    'orange': (1.00, 0.45, 0.02),
}
SHAPES = ('cube', 'ball', 'cylinder', 'cone')


@dataclass(frozen=True, slots=True)
class Table:
    """The table before (or below) a robot; the origin is below the robot at its start, x ahead, y left."""

    height: float  # of its top [m]
    x: tuple[float, float]  # front and back edge [m]
    y: tuple[float, float]  # right and left edge [m]


TABLES = {
    'astribot_s1': Table(0.72, x=(0.40, 1.00), y=(-0.60, 0.60)),
    'so101': Table(0.0, x=(-0.14, 0.42), y=(-0.35, 0.35)),
}


@dataclass(frozen=True, slots=True)
class SceneObject:
    """A thing on the table; `size` is half of its extent in every direction."""

    name: str  # unique in the scene, e.g. 'red cube'
    colour: str  # key of COLOURS
    shape: str  # one of SHAPES
    size: float  # [m]
    position: tuple[float, float, float]  # centre, world frame [m]
    yaw: float  # about the world's z [rad]


@dataclass(frozen=True, slots=True)
class Scene:
    """One episode's start; everything follows from task, seed and instruction."""

    seed: int
    instruction: str
    hand: str  # name of the hand that shall act, a key of the robot's `hands`
    target: str  # name of the object that is meant
    objects: tuple[SceneObject, ...]

    def object(self, name: str) -> SceneObject:
        """The object of that name; raises KeyError."""
        for thing in self.objects:
            if thing.name == name:
                return thing
        raise KeyError(name)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the episode stands, as the task judges it; the judged fields of `SimulationStatus`."""

    hand: str = ''  # the hand that the instruction names
    target: str = ''  # the object that it names
    nearest: str = ''  # the object nearest to that hand
    distance: float = float('nan')  # from that hand to the target's surface [m]
    held: float = 0.0  # how long that hand has been within reach of the target [s]
    success: bool = False
    correct_target: bool = False  # the hand went to the target and to no other object
    touched: tuple[str, ...] = ()  # other objects that the robot touched


class WorldView(Protocol):
    """What a judge may look at."""

    @property
    def time_s(self) -> float: ...

    @property
    def scene(self) -> Scene: ...

    def hand_distance(self, hand: str, name: str) -> float: ...

    def touched(self) -> set[str]: ...

    def object_position(self, name: str) -> np.ndarray: ...


class Judge(Protocol):
    """Watches one episode; the world calls `update` every few physics steps."""

    def update(self, world: WorldView) -> Outcome: ...


class Task(Protocol):
    """A family of episodes, see vla_async/sim/tasks/."""

    def draw(self, rng: np.random.Generator, seed: int, instruction: str | None, robot_name: str) -> Scene:
        """A scene; the instruction, when given, names what the episode is judged by."""

    def ask_otherwise(self, scene: Scene, rng: np.random.Generator, robot_name: str) -> str:
        """An instruction for something else in the same scene."""

    def judge(self, scene: Scene) -> Judge:
        """A fresh judge for one episode."""
