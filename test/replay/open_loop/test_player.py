"""A recording is lived again: the same motion without a change, another one with a delay or another fuser."""
import json
from dataclasses import replace

import numpy as np
import pytest
import sine_bag
from hypothesis import given, settings
from hypothesis import strategies as st
from sine_bag import BEGIN, INSTRUCTION, JOINT, MS, ROBOT, S

from vla_async.joint_order import JointReading
from vla_async.replay.open_loop.configuration import Configuration
from vla_async.replay.open_loop.phases import phases
from vla_async.replay.open_loop.player import UNSAID, Player
from vla_async.replay.open_loop.stretch import STRETCH_S
from vla_async.replay.open_loop.tally import Tally
from vla_async.replay.parity import motion_parity
from vla_async.replay.recordings.bag_recording import BagRecording
from vla_async.replay.recordings.events import ChunkJudged, Doing, Event
from vla_async.types import ActionChunk, Task


class Told:
    """A recording that is made up on the spot."""

    name = 'told'

    def __init__(self, *events):
        self._events, self.faults = events, []
        self.tells = frozenset(type(event.value) for event in events)

    def events(self, pictures):
        return iter(self._events)


@pytest.fixture(scope='module')
def bag(tmp_path_factory):
    return sine_bag.write(tmp_path_factory.mktemp('bags') / 'wave', seconds=4.0)


def play(recording, **changes):
    return list(Player(ROBOT, Configuration(**changes)).play(recording))


def report(stretches):
    tally = Tally(ROBOT)
    for stretch in stretches:
        tally.add(stretch)
    return tally.report()


def motion(stretches):
    """Stamps (N,) and positions (N, D) of all set-points."""
    points = [stretch.trace.set_points for stretch in stretches]
    return np.concatenate([p.stamp_ns for p in points]), np.concatenate([p.position for p in points])


def test_every_recorded_window_is_made_again_bit_by_bit(bag):
    parity = motion_parity(bag, ROBOT)
    assert (parity.compared, parity.missing, parity.largest) == (119, 0, 0.0)


def test_without_a_change_the_robot_is_sent_where_it_was(bag):
    stretches = play(BagRecording(bag, ROBOT))
    assert {stretch.instruction for stretch in stretches} == {INSTRUCTION}
    figures = report(stretches)
    assert figures['chunks'] == 119 and figures['refused'] == {}
    assert figures['error']['motion']['mae'] < 1e-4  # joint states are 10 ms apart, between them lines
    assert figures['seam']['velocity_max'] < 1e-9
    assert figures['limits']['acceleration_ratio_max'] <= 1.001
    assert figures['latent_age_ms']['p50'] == pytest.approx(240, rel=0.01)
    assert figures['idle_s'] == pytest.approx(0.04, abs=0.01)  # until the first chunk


def test_a_delay_makes_chunks_and_latents_older_by_it(bag):
    now, later = (report(play(BagRecording(bag, ROBOT), delay_s=delay_s)) for delay_s in (0.0, 0.15))
    for name in ('latent_age_ms', 'chunk_age_ms'):
        assert later[name]['p50'] - now[name]['p50'] == pytest.approx(150, rel=0.05)
    assert later['idle_longest_s'] - now['idle_longest_s'] == pytest.approx(0.15, abs=0.02)
    assert later['limits']['acceleration_ratio_max'] <= 1.001


def test_a_splice_jerks_where_the_fuser_does_not(bag):
    ours, splice = (report(play(BagRecording(bag, ROBOT), fuser=name)) for name in ('vla_async', 'hard_switch'))
    assert splice['jerk_rms']['motion'] > 100 * ours['jerk_rms']['motion']
    assert splice['limits']['samples_beyond'] > 0.01 and ours['limits']['samples_beyond'] == 0
    assert splice['error']['chunk'] == ours['error']['chunk']  # the same chunks


def test_after_the_task_the_motion_ends_at_rest_in_its_last_window(bag):
    player = Player(ROBOT, Configuration())
    last = list(player.play(BagRecording(bag, ROBOT)))[-1].trace.set_points
    assert last.stamp_ns[-1] <= BEGIN + 4 * S
    assert abs(last.velocity[-1]).max() > 0
    rest = player._held.sample(BEGIN + 6 * S)
    assert not rest[1:].any()


def test_the_same_recording_gives_the_same_figures_twice(bag):
    assert report(play(BagRecording(bag, ROBOT))) == report(play(BagRecording(bag, ROBOT)))


def readings(until_ns, since_ns=BEGIN):
    home, still = ROBOT.array('home'), np.zeros(ROBOT.dof)
    return [Event(stamp, JointReading(stamp, home, still)) for stamp in range(since_ns, until_ns, 10 * MS)]


def test_without_words_of_a_fuser_chunks_begin_where_the_robot_is():
    chunk = replace(sine_bag.chunk(1, BEGIN + S), sequence=1)
    stretches = play(Told(*readings(BEGIN + S), Event(BEGIN + S, chunk), *readings(BEGIN + 2 * S, BEGIN + S)))
    assert {stretch.instruction for stretch in stretches} == {UNSAID}
    stamps, positions = motion(stretches)
    assert (positions[stamps < BEGIN + S] == ROBOT.array('home')).all()
    farthest = ROBOT.array('velocity') / ROBOT.rates.command_hz
    assert (np.abs(np.diff(positions, axis=0)) <= 1.001 * farthest).all()
    assert positions[-1, JOINT] != positions[0, JOINT]


def test_what_the_recorded_fuser_refused_is_told_with_its_reason():
    chunk = sine_bag.chunk(7, BEGIN)
    judged = ChunkJudged(7, BEGIN + 50 * MS, False, 'ends 0.31 s ago', 0, np.empty(0))
    recording = Told(Event(BEGIN, Task(1, BEGIN, 'go')), *readings(BEGIN + 40 * MS), Event(BEGIN + 45 * MS, chunk),
                     Event(BEGIN + 50 * MS, judged))
    figures = report(play(recording))
    assert (figures['chunks'], figures['refused']) == (0, {'ends # s ago': 1})


def test_a_word_that_comes_before_its_chunk_is_kept_for_it():
    chunk, judged = sine_bag.chunk(7, BEGIN), ChunkJudged(7, BEGIN + 50 * MS, True, '', 0, ROBOT.array('home'))
    recording = Told(Event(BEGIN, Task(1, BEGIN, 'go')), *readings(BEGIN + 40 * MS), Event(BEGIN + 50 * MS, judged),
                     Event(BEGIN + 51 * MS, chunk), *readings(BEGIN + S, BEGIN + 60 * MS))
    assert report(play(recording))['chunks'] == 1


def test_words_that_come_late_count_from_when_the_fuser_judged(bag):
    """Regression: set-points were sampled before a chunk that had been judged already, and jumped onto it after."""
    on_time = list(BagRecording(bag, ROBOT).events(pictures=False))
    late = sorted((replace(event, at_ns=event.at_ns + 30 * MS) if isinstance(event.value, ChunkJudged) else event
                   for event in on_time), key=lambda event: event.at_ns)
    one, other = (motion(play(Told(*events)))[1] for events in (on_time, late))
    np.testing.assert_array_equal(one, other)


def test_chunks_that_no_longer_come_leave_the_robot_starved():
    recording = Told(Event(BEGIN, Task(1, BEGIN, 'go')), *readings(BEGIN + S),
                     Event(BEGIN + S, sine_bag.chunk(1, BEGIN + S)), *readings(BEGIN + 5 * S, BEGIN + S))
    stretches = play(recording)
    starved = sum(flags.sum() for stretch in stretches for name, (_, flags) in phases(stretch, ROBOT).items()
                  if name == 'starved') / ROBOT.rates.command_hz
    assert starved == pytest.approx(5.0 - sine_bag.ROWS / 30, abs=0.05)  # all but the chunk's own time
    assert report(stretches)['idle_s'] == pytest.approx(starved, rel=0.01)


def test_phases_share_every_set_point(bag):
    for stretch in play(BagRecording(bag, ROBOT)):
        flags = [flags for _, flags in phases(stretch, ROBOT).values()]
        np.testing.assert_array_equal(np.sum(flags, axis=0), 1)


def test_a_long_recording_is_cut_into_stretches_that_are_given_away_as_they_are_whole():
    events = [Event(BEGIN, Task(1, BEGIN, 'wait')), *readings(BEGIN + 90 * S)]
    player, latest = Player(ROBOT, Configuration()), [BEGIN]

    def told():
        for event in events:
            latest[0] = event.at_ns
            yield event
    recording = Told(*events)
    recording.events = lambda pictures: told()
    behind = [latest[0] - stretch.trace.end_ns for stretch in player.play(recording)]
    assert len(behind) == 90 // STRETCH_S + 1
    assert max(behind) <= 4 * S


@pytest.mark.parametrize('hours', [1, 10**6])
def test_a_time_in_which_nothing_was_recorded_does_not_count_and_takes_no_time(hours):
    later = BEGIN + hours * 3600 * S
    events = [Event(BEGIN, Task(1, BEGIN, 'wait')), *readings(BEGIN + 2 * S), *readings(later + 2 * S, later)]
    stretches = play(Told(*events))
    ticks = sum(len(stretch.trace.set_points) for stretch in stretches)
    assert ticks / ROBOT.rates.command_hz == pytest.approx(4, abs=0.1)
    assert report(stretches)['duration_s'] == pytest.approx(4, abs=0.1)


STRANGE = st.sampled_from([0, 1, BEGIN - 3600 * S, BEGIN + 300 * MS, BEGIN + S, BEGIN + 3600 * S, 2**62])


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(STRANGE, STRANGE, st.sampled_from([1.0, np.nan, 1e300, -7.0])), min_size=1, max_size=6))
def test_strange_stamps_and_numbers_end_in_figures_that_are_finite(strange):
    events = readings(BEGIN + 2 * S)
    for number, (stamp, judged, scale) in enumerate(strange):
        at_ns = BEGIN + (200 + 100 * number) * MS
        chunk = replace(sine_bag.chunk(number + 1, BEGIN), stamp_ns=stamp, observation_ns=judged)
        events += [Event(at_ns, replace(chunk, positions=scale * chunk.positions)),
                   Event(at_ns, ChunkJudged(number + 1, judged, True, '', 0, np.empty(0)))]
    recording = Told(Event(BEGIN, Task(1, BEGIN, 'go')), *sorted(events, key=lambda event: event.at_ns))
    stretches = play(recording)
    _, positions = motion(stretches)
    assert np.isfinite(positions).all()
    json.dumps(report(stretches), allow_nan=False)


def test_stops_of_the_recorded_robot_are_told_once_with_their_reason():
    doing = [Doing(BEGIN + i * 100 * MS, state, text) for i, (state, text) in enumerate(
        [('following', 'moving'), ('stopping', 'button'), ('stopped', 'button'), ('stopped', 'button')])]
    player = Player(ROBOT, Configuration())
    list(player.play(Told(*(Event(d.stamp_ns, d) for d in doing))))
    assert [(stop.state, stop.text) for stop in player.stops] == [('stopping', 'button'), ('stopped', 'button')]


def test_parts_add_up_to_the_whole(bag):
    stretches = play(BagRecording(bag, ROBOT))
    whole, parts = Tally(ROBOT), Tally(ROBOT)
    for stretch in stretches:
        whole.add(stretch)
        part = Tally(ROBOT)
        part.add(stretch)
        parts.merge(part)
    assert parts.report() == whole.report()


def test_chunks_of_another_length_begin_another_stretch():
    short = sine_bag.chunk(2, BEGIN + S)
    short = replace(short, positions=short.positions[:16])
    recording = Told(*readings(BEGIN + S), Event(BEGIN + S, sine_bag.chunk(1, BEGIN + S)),
                     Event(BEGIN + S + 50 * MS, short), *readings(BEGIN + 2 * S, BEGIN + S + 60 * MS))
    stretches = play(recording)
    assert [stretch.trace.chunks.positions.shape[:2] for stretch in stretches if len(stretch.trace.chunks)] == [
        (1, 32), (1, 16)]
    assert isinstance(stretches[0].trace.chunks.positions, np.ndarray) and ActionChunk in recording.tells
