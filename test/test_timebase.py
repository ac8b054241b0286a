"""Time is exact in integers and becomes a float only at the edges."""
import pytest

from vla_async import timebase


def test_seconds_and_nanoseconds_are_inverse_to_the_nanosecond():
    assert timebase.nanoseconds(timebase.seconds(1_234_567_891)) == 1_234_567_891


def test_thirty_hertz_is_the_nearest_integer_period():
    assert timebase.step_ns(30.0) == 33_333_333


@pytest.mark.parametrize('rate', [0.0, -1.0, float('nan')])
def test_a_rate_that_is_not_positive_is_refused(rate):
    with pytest.raises(ValueError, match='positive'):
        timebase.step_ns(rate)
