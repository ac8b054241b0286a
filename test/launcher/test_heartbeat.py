"""A node is silent when it neither answers nor speaks, and it is judged only by who was there to hear it."""
import pytest

from vla_async.launcher.heartbeat import STARVED, Heartbeats

LIMIT_S = 1.5


class Watched:
    """Heartbeats that are looked at ten times a second."""

    def __init__(self):
        self.starved, self.now_s = set(), 100.0
        self.beats = Heartbeats(LIMIT_S, self.starved.__contains__)

    def look_for(self, seconds, answering=()):
        """What was found silent meanwhile, with the time at which it was."""
        found = {}
        for _ in range(round(seconds * 10)):
            self.now_s += 0.1
            for name in answering:
                self.beats.answered(name, self.now_s)
            for name, why in self.beats.silent(self.now_s).items():
                found.setdefault(name, (round(self.now_s - 100.0, 1), why))
        return found


@pytest.fixture
def watched():
    made = Watched()
    for name in ('fuser', 'bridge'):
        made.beats.said(name, made.now_s, f'process of {name}')
    made.beats.silent(made.now_s)
    return made


def test_a_node_that_answers_nothing_is_found_after_the_limit(watched):
    found = watched.look_for(3.0, answering=('bridge',))
    assert found == {'fuser': (1.6, 'silent for 1.60 s')}
    assert watched.beats.forget('fuser') == 'process of fuser'


def test_a_node_that_was_forgotten_is_not_judged_until_it_speaks_again(watched):
    watched.beats.forget('fuser')
    assert watched.look_for(5.0, answering=('fuser', 'bridge')) == {}
    watched.beats.said('fuser', watched.now_s, 'its next process')
    assert list(watched.look_for(2.0, answering=('bridge',))) == ['fuser']


def test_a_node_that_stops_while_others_answer_is_found_even_with_another(watched):
    watched.beats.said('buffer', watched.now_s, 'process of buffer')
    assert set(watched.look_for(2.0, answering=('buffer',))) == {'fuser', 'bridge'}


def test_a_busy_node_may_be_silent_until_it_speaks_again(watched):
    watched.beats.said('bridge', watched.now_s, 'process of bridge', busy=True)
    assert watched.look_for(30.0, answering=('fuser',)) == {}
    watched.beats.said('bridge', watched.now_s, 'process of bridge')
    assert list(watched.look_for(2.0, answering=('fuser',))) == ['bridge']


def test_a_node_whose_work_stands_still_is_found_at_once_though_it_answers(watched):
    watched.beats.said('fuser', watched.now_s, 'process of fuser', standstill='fusing has stood still for 5.10 s')
    assert watched.look_for(0.1, answering=('fuser', 'bridge')) == {'fuser': (0.1, 'fusing has stood still for 5.10 s')}


def test_who_was_away_itself_accuses_nobody(watched):
    watched.now_s += 60.0  # as after a SIGSTOP of the one that watches, or a machine that was suspended
    assert watched.look_for(1.4, answering=('bridge',)) == {}
    assert set(watched.look_for(0.5, answering=('bridge',))) == {'fuser'}


def test_on_a_machine_that_is_too_busy_nobody_is_accused(watched):
    for _ in range(20):
        watched.now_s += 0.4
        assert watched.beats.silent(watched.now_s) == {}
    assert set(watched.look_for(1.7, answering=('bridge',))) == {'fuser'}


def test_when_nobody_is_heard_it_is_nobodys_fault(watched):
    assert watched.look_for(60.0) == {}
    assert set(watched.look_for(0.2, answering=('bridge',))) == {'fuser'}  # now it is known that one can be heard


def test_a_process_that_does_not_get_to_run_is_given_more_time(watched):
    watched.starved.add('process of fuser')
    assert watched.look_for(STARVED * LIMIT_S - 0.1, answering=('bridge',)) == {}
    assert set(watched.look_for(0.3, answering=('bridge',))) == {'fuser'}


def test_an_unknown_node_is_not_judged(watched):
    watched.beats.answered('nobody', watched.now_s)
    assert 'nobody' not in watched.look_for(5.0, answering=('fuser', 'bridge'))
