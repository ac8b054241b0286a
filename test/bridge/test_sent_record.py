"""What was sent is known for every time of the last second in which something was sent, and for no other."""
import numpy as np
import pytest

from vla_async.bridge.sent_record import SentRecord

MS = 1_000_000
T0 = 10**18


def record(*times_ms):
    """A joint that is sent to the position t [s] at the time t."""
    made = SentRecord()
    for ms in times_ms:
        made.add(T0 + ms * MS, np.array([ms / 1000]))
    return made


def at(made, ms):
    found = made.at(T0 + round(ms * MS))
    return None if found is None else found[0]


def test_between_two_set_points_it_is_on_the_straight_line():
    made = record(*range(0, 100, 4))
    for ms in (0.5, 4.0, 41.7, 95.9):
        assert at(made, ms) == pytest.approx(ms / 1000, abs=1e-12)


def test_nothing_is_known_before_the_first_and_after_the_last():
    made = record(*range(0, 100, 4))
    assert at(made, -1) is None
    assert at(made, 97) is None
    assert at(SentRecord(), 0) is None


def test_nothing_is_known_of_a_time_in_which_nothing_was_sent():
    made = record(0, 4, 8, 108, 112)
    assert at(made, 50) is None
    assert at(made, 6) == pytest.approx(0.006)
    assert at(made, 110) == pytest.approx(0.110)


def test_it_forgets_after_a_second():
    made = record(*range(0, 3000, 4))
    assert at(made, 1990) is None
    assert at(made, 2010) == pytest.approx(2.010)


def test_what_a_clock_that_was_set_back_sent_later_is_forgotten():
    made = record(*range(0, 100, 4), 50, 54)
    assert at(made, 52) == pytest.approx(0.052)
    assert at(made, 60) is None
