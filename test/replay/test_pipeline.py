"""The whole data flow in virtual time, with a policy of a few lines in place of the models."""
from dataclasses import fields

import numpy as np
import pytest
from fakes import Mover, Thinker, pictures

from vla_async import embodiment
from vla_async.replay import metrics
from vla_async.replay.pipeline import Pipeline
from vla_async.replay.thinking import Timing
from vla_async.types import Task

S, MS = 10**9, 10**6
ROBOT = embodiment.load('astribot_s1')
PICTURES = pictures(ROBOT)
STEADY = Timing(jitter=0.0)


class Live:
    """A robot that is exactly where it was told to be, with cameras at 30 Hz."""

    def __init__(self, seed=0, timing=STEADY, mover=None, start=None):
        self.pipeline = Pipeline(ROBOT, Thinker(), mover or Mover(), seed, timing)
        self.position = ROBOT.array('home') if start is None else start
        self.velocity = np.zeros(ROBOT.dof)
        self.now_ns, self.pictures, self.commands = S, 0, []
        self.pipeline.start(S, self.position)

    def give(self, number, instruction):
        self.pipeline.set_task(Task(number, self.now_ns, instruction))
        return self

    def run(self, seconds, cameras=True):
        for now_ns in range(self.now_ns, self.now_ns + round(seconds * S), 2 * MS):
            if now_ns % (10 * MS) == 0:
                self.pipeline.observe_joints(now_ns, self.position, self.velocity)
            if now_ns >= S + self.pictures * S / 30:
                self.pictures += 1
                if cameras:
                    self.pipeline.observe_images(now_ns, PICTURES)
            if now_ns % round(S / ROBOT.rates.command_hz) == 0:
                self.commands.append(self.pipeline.step(now_ns))
                self.position, self.velocity = self.commands[-1].position, self.commands[-1].velocity
        self.now_ns += round(seconds * S)
        return self

    def trace(self):
        return self.pipeline.recorder.finish(S, self.now_ns)


@pytest.fixture(scope='module')
def three_seconds():
    return Live().give(1, 'go').run(3.0).trace()


def test_every_loop_runs_at_its_own_rate(three_seconds):
    assert metrics.slow_rate_hz(three_seconds) == pytest.approx(2.0, rel=0.05)
    assert metrics.chunk_rate_hz(three_seconds) == pytest.approx(30.0, rel=0.02)
    assert metrics.command_rate_hz(three_seconds) == pytest.approx(ROBOT.rates.command_hz, rel=0.01)


def test_the_motion_follows_the_chunks_inside_the_limits(three_seconds):
    joint, points = Mover.joint, three_seconds.set_points
    late = points.stamp_ns > 2 * S
    wanted = 0.5 + Mover.amplitude * np.sin(2.0 * points.stamp_ns[late] / S)
    assert np.abs(points.position[late, joint] - wanted).max() < 0.03
    ratios = metrics.command_ratios(three_seconds, ROBOT)
    assert 0.05 < ratios['velocity_ratio_max'] <= 1.0
    assert ratios['acceleration_ratio_max'] <= 1.0


def test_a_picture_reaches_the_set_points_within_the_models_time_and_two_ticks(three_seconds):
    assert metrics.overhead_ms(three_seconds).max() <= 2 * 1000 / ROBOT.rates.command_hz
    assert len(metrics.overhead_ms(three_seconds)) > 80


def same_rows(one, other):
    """Bit by bit."""
    tables = [(getattr(one, name), getattr(other, name)) for name in ('latents', 'chunks', 'fusions', 'set_points')]
    return all(np.array_equal(getattr(a, column.name), getattr(b, column.name))
               for a, b in tables for column in fields(a))


def test_the_same_seed_gives_the_same_rows_and_another_one_others():
    timing = Timing(jitter=0.3)
    first, again, other = (Live(seed, timing).give(1, 'go').run(1.5).trace() for seed in (4, 4, 5))
    assert same_rows(first, again)
    assert not same_rows(first, other)


def test_a_slow_reasoner_makes_old_latents_and_nothing_else_slower(three_seconds):
    slow = Live(timing=Timing(jitter=0.0, slow_delay_s=0.9)).give(1, 'go').run(3.0).trace()
    assert metrics.slow_rate_hz(slow) < 1.0
    for rate in (metrics.chunk_rate_hz, metrics.command_rate_hz):
        assert rate(slow) == pytest.approx(rate(three_seconds), rel=1e-9)
    assert metrics.latent_age_ms(slow).max() > metrics.latent_age_ms(three_seconds).max() + 700


def test_a_new_instruction_counts_at_once_and_the_old_scene_is_forgotten():
    live = Live(timing=Timing(jitter=0.0, slow_delay_s=1.0)).give(1, 'go').run(2.0)
    changed_ns = live.now_ns
    trace = live.give(2, 'stop').run(0.5).trace()
    after = trace.chunks.where(trace.chunks.observation_ns >= changed_ns)
    assert len(after) > 10
    assert (after.latent_ns >= changed_ns).all()


def test_without_a_task_nothing_is_asked_of_the_models_and_the_robot_rests():
    live = Live().run(0.5)
    assert len(live.trace().chunks) == len(live.trace().latents) == 0
    assert np.ptp([command.position for command in live.commands], axis=0).max() < 1e-12


def test_blind_cameras_bring_the_robot_to_rest():
    live = Live().give(1, 'go').run(1.0).run(4.0, cameras=False)
    assert np.abs(live.commands[-1].velocity).max() == pytest.approx(0.0, abs=1e-9)
    assert np.isfinite([command.position for command in live.commands]).all()


class Broken(Mover):
    """A model gone mad after a while."""

    def generate(self, observation, latent, now_ns, noise_seed=0):
        chunk = super().generate(observation, latent, now_ns, noise_seed)
        if self._sequence > 20:
            chunk.positions[3, 5] = np.nan
        return chunk


def test_a_chunk_that_is_not_finite_is_refused_and_the_robot_comes_to_rest():
    live = Live(mover=Broken()).give(1, 'go').run(5.0)
    fusions = live.trace().fusions
    assert fusions.accepted[:20].all()
    assert not fusions.accepted[20:].any()
    assert np.isfinite([command.position for command in live.commands]).all()
    assert np.abs(live.commands[-1].velocity).max() == pytest.approx(0.0, abs=1e-9)
