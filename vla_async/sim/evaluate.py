"""Episodes in virtual time: a simulated robot, rendered cameras and the whole pipeline in one process.

As fast as the machine allows, and the same for the same seed: no clock is read here.
"""
from __future__ import annotations

from dataclasses import dataclass, field

from vla_async.acting.policy import Policy
from vla_async.embodiment import Embodiment
from vla_async.replay.pipeline import Pipeline
from vla_async.replay.thinking import Timing
from vla_async.replay.trace import EpisodeFacts, RecordedEpisode
from vla_async.sim.cameras import Renderer
from vla_async.sim.scene import Outcome
from vla_async.sim.tasks import in_words
from vla_async.sim.world import World
from vla_async.timebase import NS_PER_S, nanoseconds
from vla_async.types import Task

BEGIN_NS = NS_PER_S  # stamps start here, since a stamp of 0 means unknown


@dataclass(frozen=True, slots=True)
class EvaluateOptions:
    """How episodes are run."""

    instruction: str | None = None  # None: the one that the seed draws; see `sim.tasks.in_words`
    time_limit_s: float = 15.0
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


class EpisodeRunner:
    """World and cameras of one task, made once and used for many episodes."""

    def __init__(self, robot: Embodiment, task: str, policy: Policy, options: EvaluateOptions | None = None) -> None:
        self._robot, self._task, self._policy = robot, task, policy
        self._options = options or EvaluateOptions()
        self._world = World(robot, task)
        self._renderer = Renderer(self._world)

    def run(self, seed: int) -> RecordedEpisode:
        """One episode; it ends with success or at the time limit."""
        asked = in_words(self._options.instruction, self._task, seed, self._robot.name)
        scene = self._world.reset(seed, asked)
        pipeline = Pipeline(self._robot, self._policy.reasoner, self._policy.generator, seed, self._options.timing)
        pipeline.start(BEGIN_NS, self._world.position())
        pipeline.set_task(Task(id=1, stamp_ns=BEGIN_NS, instruction=scene.instruction))
        end_ns, outcome = self._live(pipeline)
        trace = pipeline.recorder.finish(BEGIN_NS, end_ns)
        return RecordedEpisode(EpisodeFacts(
            task=self._task, seed=seed, instruction=scene.instruction, success=outcome.success,
            correct_target=outcome.correct_target, ended='success' if outcome.success else 'time limit'), trace)

    def _live(self, pipeline: Pipeline) -> tuple[int, Outcome]:
        """Time of the end [ns] and the judge's last word."""
        rates, world = self._robot.rates, self._world
        joints, commands = _Every(rates.joint_state_hz, BEGIN_NS), _Every(rates.command_hz, BEGIN_NS)
        cameras = _Every(max(camera.rate_hz for camera in self._robot.cameras), BEGIN_NS)
        target, now_ns = world.position(), BEGIN_NS
        for step in range(round(self._options.time_limit_s / world.timestep)):
            now_ns = BEGIN_NS + nanoseconds(step * world.timestep)
            if joints.due(now_ns):
                pipeline.observe_joints(now_ns, world.position(), world.velocity())
            if cameras.due(now_ns):
                pipeline.observe_images(now_ns, self._renderer.images())
            if commands.due(now_ns):
                target = pipeline.step(now_ns).position
            world.step(target)
            if world.judge().success:
                break
        return now_ns, world.judge()

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
