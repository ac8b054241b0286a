"""With a policy the chunks are made anew from the recorded pictures, at the times that its models would take."""
from types import SimpleNamespace

import numpy as np
import pytest
from fakes import Mover, Thinker, pictures
from sine_bag import BEGIN, MS, ROBOT, S

from vla_async.joint_order import JointReading
from vla_async.replay.open_loop.configuration import Configuration
from vla_async.replay.open_loop.player import Player
from vla_async.replay.open_loop.tally import Tally
from vla_async.replay.recordings.events import ChunkJudged, Event, Picture
from vla_async.types import ActionChunk, Task

PICTURES = pictures(ROBOT)
FRAME = S // 30


class Told:
    """Two seconds of a robot that rests, its cameras, and chunks of another policy."""

    name = 'told'
    tells = frozenset({JointReading, Picture, Task, ActionChunk, ChunkJudged})

    def __init__(self, late_ns=0, blind=()):
        self.faults = []
        events = [Event(BEGIN, Task(1, BEGIN, 'swing'))]
        for stamp in range(BEGIN, BEGIN + 2 * S, 10 * MS):
            events.append(Event(stamp, JointReading(stamp, ROBOT.array('home'), np.zeros(ROBOT.dof))))
        for number, camera in enumerate(PICTURES):
            for stamp in range(BEGIN, BEGIN + 2 * S, FRAME) if camera not in blind else ():
                events.append(Event(stamp + number * late_ns, Picture(camera, stamp, lambda c=camera: PICTURES[c])))
        other = ActionChunk(BEGIN, FRAME, np.tile(ROBOT.array('upper'), (32, 1)), sequence=1)
        events += [Event(BEGIN + S, other), Event(BEGIN + S, ChunkJudged(1, BEGIN + S, True, '', 0, np.empty(0)))]
        self._events = sorted(events, key=lambda event: event.at_ns)

    def events(self, pictures):
        assert pictures
        return iter(self._events)


def play(recording, seed=0, **changes):
    policy = SimpleNamespace(reasoner=Thinker(), generator=Mover())
    return list(Player(ROBOT, Configuration(checkpoint='mover', **changes), policy, seed).play(recording))


def report(stretches):
    tally = Tally(ROBOT)
    for stretch in stretches:
        tally.add(stretch)
    return tally.report()


def test_its_chunks_move_the_robot_and_the_recorded_ones_do_not():
    stretches = play(Told())
    figures = report(stretches)
    assert figures['chunk_rate_hz'] == pytest.approx(30, rel=0.1) and figures['refused'] == {}
    last = stretches[-1].trace.set_points.position[-1]
    moved = np.abs(last - ROBOT.array('home')) > 1e-3
    assert list(np.flatnonzero(moved)) == [ROBOT.dof - 1]  # the joint that this policy leads
    assert figures['limits']['acceleration_ratio_max'] <= 1.001


def test_latents_are_as_old_as_reasoning_takes_and_a_delay_adds_to_that():
    now, later = (report(play(Told(), delay_s=delay_s)) for delay_s in (0.0, 0.1))
    assert 200 < now['latent_age_ms']['p50'] < 800
    assert later['chunk_age_ms']['p50'] - now['chunk_age_ms']['p50'] == pytest.approx(100, rel=0.1)


def test_the_same_seed_gives_the_same_figures_and_another_one_others():
    first, again, other = (report(play(Told(), seed=seed)) for seed in (1, 1, 2))
    assert first == again != other


def test_a_camera_that_is_a_little_late_is_waited_for():
    assert report(play(Told(late_ns=5 * MS)))['chunks'] == pytest.approx(report(play(Told()))['chunks'], abs=2)


def test_without_one_of_the_cameras_nothing_is_made():
    blind = next(iter(PICTURES))
    assert report(play(Told(blind=(blind,))))['chunks'] == 0
