"""One demonstration: the expert acts in the simulated world, and what it saw and did is written down at 30 Hz."""
from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np

from vla_async.datasets.lerobot_format import IMAGES
from vla_async.embodiment import Embodiment
from vla_async.kinematics.robot_model import build_spec
from vla_async.sim.cameras import Renderer
from vla_async.sim.expert import RATE, Expert
from vla_async.sim.world import World
from vla_async.training import disturbance
from vla_async.types import FloatArray, ImageArray

TIME_LIMIT = 9.0  # [s]
START_TIME = 1.5  # from home to the disturbed start, not recorded [s]
REST_TIME = 0.3  # between a task before, not recorded either, and this one [s]
PRIVILEGED = {'privileged.target_position': 3, 'privileged.target_pixel': 2}


@dataclass(frozen=True)
class Simulation:
    """What a process keeps from one episode to the next."""

    world: World
    renderer: Renderer
    model: Any  # MuJoCo model of the robot alone

    @classmethod
    def make(cls, robot: Embodiment, task: str) -> Simulation:
        """World, renderer and model of a robot at a task."""
        world = World(robot, task)
        return cls(world, Renderer(world), build_spec(robot).compile())


@dataclass(frozen=True)
class Demonstration:
    """One recorded episode of n frames."""

    instruction: str
    success: bool
    vectors: dict[str, FloatArray]  # (n, k) each
    images: dict[str, ImageArray]  # (n, height, width, 3) each
    notes: dict[str, Any]


def demonstrate(simulation: Simulation, seed: int) -> Demonstration:
    """The episode of that seed; the scene, the disturbance and so every frame follow from it."""
    world, rng = simulation.world, np.random.default_rng([seed, 1])
    scene = world.reset(seed)
    disturbed = disturbance.draw(rng, world.robot, scene.hand)
    _go_to(world, disturbed.start, START_TIME)
    if disturbed.busy_s:
        world.ask(world.otherwise(rng))
        _work(simulation, disturbed.busy_s)
        world.ask(scene.instruction)
    expert = Expert(world, simulation.model)
    vectors: dict[str, list[FloatArray]] = defaultdict(list)
    images: dict[str, list[ImageArray]] = defaultdict(list)
    frame, begin_s, set_point = 0, world.time_s, world.set_point()
    while not expert.done and frame < TIME_LIMIT * RATE:
        action = expert.command(world.position())
        for key, value in _observe(world, action).items():
            vectors[key].append(value)
        for name, image in simulation.renderer.images().items():
            images[IMAGES + name].append(image)
        executed = action + disturbed.velocity(frame / RATE) / RATE
        expert.executed(executed)
        frame += 1
        _drive(world, set_point, executed, begin_s + frame / RATE)
        set_point = executed
    return Demonstration(
        scene.instruction, expert.done and world.judge().success, {k: np.stack(v) for k, v in vectors.items()},
        {k: np.stack(v) for k, v in images.items()},
        {'seed': seed, 'hand': scene.hand, 'target': scene.target, 'pushes': len(disturbed.pushes),
         'busy_s': disturbed.busy_s})


def _go_to(world: World, position: FloatArray, seconds: float) -> None:
    """Bring the robot smoothly from where it is to `position` (D,) and let it come to rest."""
    home, begin_s = world.position(), world.time_s
    while (elapsed := world.time_s - begin_s) < seconds:
        share = min(1.0, elapsed / (0.7 * seconds))
        world.step(home + (position - home) * share**3 * (10.0 - 15.0 * share + 6.0 * share**2))


def _work(simulation: Simulation, seconds: float) -> None:
    """Let the expert do what is asked for so long, or until it is done, and let the robot come to rest."""
    world, expert = simulation.world, Expert(simulation.world, simulation.model)
    frame, begin_s, set_point = 0, world.time_s, world.set_point()
    while not expert.done and frame < seconds * RATE:
        action, frame = expert.command(world.position()), frame + 1
        _drive(world, set_point, action, begin_s + frame / RATE)
        set_point = action
    _drive(world, set_point, set_point, world.time_s + REST_TIME)


def _drive(world: World, start: FloatArray, end: FloatArray, until_s: float) -> None:
    """Step the world to a time [s], its set-point going in a straight line from `start` to `end`, (D,) each."""
    begin_s = world.time_s
    while (left := until_s - world.time_s) > 0.5 * world.timestep:
        world.step(end + (start - end) * max(0.0, left - world.timestep) / (until_s - begin_s))


def _observe(world: World, action: FloatArray) -> dict[str, FloatArray]:
    """One row of every vector feature."""
    target = world.object_position(world.scene.target)
    camera = world.robot.cameras[0]
    column, row, _ = world.project(camera.name, target)
    base_to_world = world.link_pose('base_link')
    return {
        'observation.state': world.position(), 'observation.velocity': world.velocity(), 'action': action,
        'privileged.target_position': base_to_world[:3, :3].T @ (target - base_to_world[:3, 3]),
        'privileged.target_pixel': np.array([column / camera.width, row / camera.height]),
    }
