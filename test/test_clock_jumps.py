"""A clock that was set is told from one that goes on, however rarely one looks and whatever the time."""
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vla_async.clock_jumps import JUMP_S, ClockJumps

S = 1_000_000_000
STEADY = 5_000 * S
NOW = 1_700_000_000 * S


@pytest.fixture
def jumps():
    made = ClockJumps()
    assert made.look(NOW, STEADY) == 0.0
    return made


@pytest.mark.parametrize('by_s', [10.0, -10.0, 0.51, -0.51])
def test_a_clock_that_was_set_is_reported_once_with_how_far(jumps, by_s):
    assert jumps.look(NOW + S + round(by_s * S), STEADY + S) == pytest.approx(by_s)
    assert jumps.look(NOW + 2 * S + round(by_s * S), STEADY + 2 * S) == 0.0


@given(st.lists(st.tuples(st.integers(1, 100 * S), st.floats(-JUMP_S, JUMP_S)), max_size=30))
def test_small_corrections_and_late_looks_are_no_jumps(looks):
    watch, now_ns, steady_ns = ClockJumps(), NOW, STEADY
    watch.look(now_ns, steady_ns)
    for passed_ns, corrected_s in looks:
        steady_ns += passed_ns
        now_ns += passed_ns + int(corrected_s * S)
        assert watch.look(now_ns, steady_ns) == 0.0
