"""Episodes in virtual time: a simulated robot, rendered cameras and the whole pipeline in one process.

As fast as the machine allows, and the same for the same seed: no clock is read here.
"""
from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from vla_async.acting.policy import Policy
from vla_async.embodiment import Embodiment
from vla_async.replay.pipeline import Pipeline
from vla_async.replay.thinking import Timing
from vla_async.replay.trace import EpisodeFacts, RecordedEpisode
from vla_async.sim.cameras import Renderer
from vla_async.sim.tasks import in_words
from vla_async.sim.world import World
from vla_async.timebase import NS_PER_S, nanoseconds
from vla_async.types import Task

BEGIN_NS = NS_PER_S  # stamps start here, since a stamp of 0 means unknown


@dataclass(frozen=True, slots=True)
class EvaluateOptions:
    """How episodes are run."""

    instruction: str | None = None  # None: the one that the seed draws; see `sim.tasks.in_words`
    time_limit_s: float = 15.0  # from the instruction on
    busy_s: float = 0.0  # for so long the robot has worked at something else when the instruction comes [s]
    timing: Timing = field(default_factory=Timing)


class _Every:
    """True once per period [ns], first at once; the phase never drifts, however coarse the steps of time are."""

    def __init__(self, rate_hz: float, begin_ns: int) -> None:
        self._rate_hz, self._begin_ns, self._done = rate_hz, begin_ns, 0

    def due(self, now_ns: int) -> bool:
        if now_ns < self._begin_ns + nanoseconds(self._done / self._rate_hz):
            return False
        self._done += 1
        return True


class _Episode:
    """World and pipeline side by side; each gets what is due, and the set-point holds until the next one."""

    def __init__(self, world: World, renderer: Renderer, pipeline: Pipeline) -> None:
        robot = world.robot
        self._world, self._renderer, self._pipeline = world, renderer, pipeline
        self._joints = _Every(robot.rates.joint_state_hz, BEGIN_NS)
        self._commands = _Every(robot.rates.command_hz, BEGIN_NS)
        self._cameras = _Every(max(camera.rate_hz for camera in robot.cameras), BEGIN_NS)
        self._target, self._steps = world.position(), 0

    @property
    def now_ns(self) -> int:
        """Virtual time."""
        return BEGIN_NS + nanoseconds(self._steps * self._world.timestep)

    def live(self, seconds: float, *, to_success: bool) -> None:
        """Go on for so long, or to success, which counts as the time at which its last step begins."""
        world, pipeline, end = self._world, self._pipeline, self._steps + round(seconds / self._world.timestep)
        while self._steps < end:
            now_ns = self.now_ns
            if self._joints.due(now_ns):
                pipeline.observe_joints(now_ns, world.position(), world.velocity())
            if self._cameras.due(now_ns):
                pipeline.observe_images(now_ns, self._renderer.images())
            if self._commands.due(now_ns):
                self._target = pipeline.step(now_ns).position
            world.step(self._target)
            if to_success and world.judge().success:
                return
            self._steps += 1


class EpisodeRunner:
    """World and cameras of one task, made once and used for many episodes."""

    def __init__(self, robot: Embodiment, task: str, policy: Policy, options: EvaluateOptions | None = None) -> None:
        self._robot, self._task, self._policy = robot, task, policy
        self._options = options or EvaluateOptions()
        self._world = World(robot, task)
        self._renderer = Renderer(self._world)

    def run(self, seed: int) -> RecordedEpisode:
        """One episode; it ends with success or at the time limit."""
        world, options = self._world, self._options
        scene = world.reset(seed, in_words(options.instruction, self._task, seed, self._robot.name))
        pipeline = Pipeline(self._robot, self._policy.reasoner, self._policy.generator, seed, options.timing)
        pipeline.start(BEGIN_NS, world.position())
        episode = _Episode(world, self._renderer, pipeline)
        if options.busy_s:
            other = world.otherwise(np.random.default_rng(seed))
            pipeline.set_task(Task(id=1, stamp_ns=BEGIN_NS, instruction=other))
            episode.live(options.busy_s, to_success=False)
            world.ask(scene.instruction)
        begin_ns = episode.now_ns
        pipeline.set_task(Task(id=2, stamp_ns=begin_ns, instruction=scene.instruction))
        episode.live(options.time_limit_s, to_success=True)
        outcome, trace = world.judge(), pipeline.recorder.finish(begin_ns, episode.now_ns)
        return RecordedEpisode(EpisodeFacts(
            task=self._task, seed=seed, instruction=scene.instruction, success=outcome.success,
            correct_target=outcome.correct_target, ended='success' if outcome.success else 'time limit'), trace)

    def close(self) -> None:
        """Give the renderer's context back."""
        self._renderer.close()


def evaluate_episode(robot: Embodiment, task: str, seed: int, policy: Policy,
                     options: EvaluateOptions | None = None) -> RecordedEpisode:
    """A single episode; use EpisodeRunner for many."""
    runner = EpisodeRunner(robot, task, policy, options)
    try:
        return runner.run(seed)
    finally:
        runner.close()
