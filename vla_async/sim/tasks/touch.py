"""Task `touch`: one hand touches the object that the instruction names, and nothing else is touched."""
from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from vla_async import embodiment
from vla_async.errors import unknown
from vla_async.sim.scene import COLOURS, SHAPES, TABLES, Outcome, Scene, SceneObject, WorldView
from vla_async.sim.tasks import instruction as words

REACH = 0.03  # [m] a hand this near to the target's surface touches it
HOLD = 0.5  # [s] for this long
NEAR = 0.10  # [m] a hand that ends this near to the target has gone to it


@dataclass(frozen=True, slots=True)
class Workspace:
    """Where on the table objects may lie and how large they are, in the world frame."""

    x: tuple[float, float]  # [m]
    y: tuple[float, float]  # [m]
    size: tuple[float, float]  # half of an object's extent [m]
    gap: float  # between the edges of any two objects, so that a hand fits between them [m]


WORKSPACES = {
    'astribot_s1': Workspace(x=(0.48, 0.93), y=(-0.45, 0.45), size=(0.024, 0.03), gap=0.07),
    'so101': Workspace(x=(0.14, 0.32), y=(-0.20, 0.20), size=(0.012, 0.017), gap=0.04),
}


class TouchTask:
    """Draws scenes and makes their judges; see `vla_async.sim.scene.Task`."""

    def draw(self, rng: np.random.Generator, seed: int, instruction: str | None, robot_name: str) -> Scene:
        """A scene of 3 to 5 objects; the same objects whatever the instruction.

        Raises:
            ConfigError: no table for this robot, or the instruction fits nothing on the table.
        """
        if robot_name not in WORKSPACES:
            raise unknown('robot for the task touch', robot_name, WORKSPACES)
        hands = _hands(robot_name)
        objects = _draw_objects(rng, WORKSPACES[robot_name], TABLES[robot_name].height)
        target = objects[int(rng.integers(len(objects)))]
        hand = _draw_hand(rng, target, hands)
        phrased = words.phrase(rng, target, hand, hands)
        if instruction is None:
            return Scene(seed, phrased, hand, target.name, objects)
        hand, name = words.parse(instruction, objects, hands)
        return Scene(seed, instruction, hand, name, objects)

    def ask_otherwise(self, scene: Scene, rng: np.random.Generator, robot_name: str) -> str:
        """An instruction for another object of the same scene, with the hand that suits it."""
        others = [thing for thing in scene.objects if thing.name != scene.target]
        thing = others[int(rng.integers(len(others)))]
        hands = _hands(robot_name)
        return words.phrase(rng, thing, _draw_hand(rng, thing, hands), hands)

    def judge(self, scene: Scene) -> TouchJudge:
        """A fresh judge for one episode."""
        return TouchJudge(scene)


class TouchJudge:
    """Follows one episode. Success, once reached without touching anything else, stays.

    What the robot is still at from before is passed over until it has left that.
    """

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._since_s: float | None = None  # when the hand came within reach of the target
        self._touched: set[str] = set()
        self._leaving: set[str] | None = None  # objects that the robot was at when it was asked, and still is
        self._strayed = False  # the hand was within reach of another object before
        self._success = False

    def update(self, world: WorldView) -> Outcome:
        """The episode's standing at `world.time_s`; call it at 10 Hz or more."""
        scene = self._scene
        distances = {o.name: world.hand_distance(scene.hand, o.name) for o in scene.objects}
        nearest = min(distances, key=distances.__getitem__)
        near, touched = {name for name, d in distances.items() if d < REACH}, world.touched()
        self._leaving = (near | touched) & (near | touched if self._leaving is None else self._leaving)
        passed_over = self._leaving | {scene.target}
        self._touched |= touched - passed_over
        self._strayed |= bool(near - passed_over)
        held = self._hold(distances[scene.target], world.time_s)
        self._success |= held >= HOLD and not self._touched
        return Outcome(
            hand=scene.hand, target=scene.target, nearest=nearest, distance=distances[scene.target], held=held,
            success=self._success,
            correct_target=nearest == scene.target and distances[scene.target] < NEAR and not self._strayed,
            touched=tuple(sorted(self._touched)),
        )

    def _hold(self, distance: float, time_s: float) -> float:
        if distance >= REACH:
            self._since_s = None
            return 0.0
        self._since_s = time_s if self._since_s is None else self._since_s
        return time_s - self._since_s


@cache
def _hands(robot_name: str) -> tuple[str, ...]:
    return tuple(embodiment.load(robot_name).hands)


def _draw_objects(rng: np.random.Generator, space: Workspace, height: float) -> tuple[SceneObject, ...]:
    """Different colours, any shapes; drawn anew until all of them fit with the gap between."""
    colours = rng.permutation(sorted(COLOURS))[: int(rng.integers(3, 6))]
    while True:
        objects = tuple(_draw_object(rng, str(colour), space, height) for colour in colours)
        if all(_gap(a, b) >= space.gap for i, a in enumerate(objects) for b in objects[:i]):
            return objects


def _draw_object(rng: np.random.Generator, colour: str, space: Workspace, height: float) -> SceneObject:
    shape = SHAPES[int(rng.integers(len(SHAPES)))]
    size = float(rng.uniform(*space.size))
    position = (float(rng.uniform(*space.x)), float(rng.uniform(*space.y)), height + size)
    return SceneObject(f'{colour} {shape}', colour, shape, size, position, float(rng.uniform(-np.pi, np.pi)))


def _gap(a: SceneObject, b: SceneObject) -> float:
    """Horizontal distance between two objects' edges, each taken as round with a cube's half diagonal [m]."""
    centres = np.hypot(a.position[0] - b.position[0], a.position[1] - b.position[1])
    return float(centres - np.sqrt(2.0) * (a.size + b.size))


def _draw_hand(rng: np.random.Generator, thing: SceneObject, hands: tuple[str, ...]) -> str:
    """Left for what lies on the left, either for what lies near the middle: a modest reach across the body."""
    if len(hands) == 1:
        return hands[0]
    left = np.clip(0.5 + thing.position[1] / 0.3, 0.0, 1.0)
    return 'left' if rng.random() < left else 'right'
