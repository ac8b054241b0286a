"""A policy that speaks poses in virtual time: the fuser that the node has, and a trace that names the columns."""
import numpy as np
from fakes import STEP_NS, Thinker, pictures
from led import Circle, led_robot, misses

from vla_async.replay import figures, metrics
from vla_async.replay.pipeline import Pipeline
from vla_async.replay.thinking import Timing
from vla_async.types import ActionChunk, Task

S, MS = 10**9, 10**6
ROBOT = led_robot('astribot_s1', 'left', 'right')
PICTURES = pictures(ROBOT)
CIRCLE = Circle(ROBOT, 0.08, 4.0, 0.2)


class Leader:
    """Chunks that lead both hands along a circle which begins at S."""

    def reset(self):
        self._sequence = 0

    def generate(self, observation, latent, now_ns, noise_seed=0):
        self._sequence += 1
        times_s = (observation.stamp_ns - S + STEP_NS * np.arange(32)) / S
        return ActionChunk(observation.stamp_ns, STEP_NS, CIRCLE.rows(times_s), sequence=self._sequence,
                           observation_ns=observation.stamp_ns, latent_ns=latent.stamp_ns, task_id=latent.task_id)


def episode(seconds):
    """Trace of a robot that is where it was told to be, with pictures ten times a second."""
    pipeline = Pipeline(ROBOT, Thinker(), Leader(), 0, Timing(jitter=0.0))
    position, velocity = ROBOT.array('home'), np.zeros(ROBOT.dof)
    pipeline.start(S, position)
    pipeline.set_task(Task(1, S, 'go'))
    for now_ns in range(S, S + seconds * S, 4 * MS):
        pipeline.observe_joints(now_ns, position, velocity)
        if now_ns % (100 * MS) == 0:
            pipeline.observe_images(now_ns, PICTURES)
        command = pipeline.step(now_ns)
        position, velocity = command.position, command.velocity
    return pipeline.recorder.finish(S, S + seconds * S)


def test_hands_go_where_the_policy_wants_them_and_the_trace_names_the_columns() -> None:
    trace = episode(4)
    assert trace.fusions.accepted.all()
    late = np.flatnonzero(trace.set_points.stamp_ns > 4 * S)[::10]
    wanted = CIRCLE.poses((trace.set_points.stamp_ns[late] - S) / S)
    ways, angles = misses(ROBOT, trace.set_points.position[late], wanted)
    assert ways.max() < 1e-3 and angles.max() < 2e-3
    assert trace.chunk_columns == ROBOT.chunk_columns
    assert trace.chunks.positions.shape[1:] == (32, 18)
    assert metrics.command_ratios(trace, ROBOT)['acceleration_ratio_max'] <= 1.0
    assert figures.motion(trace)  # without lines of chunks: they hold no joints
