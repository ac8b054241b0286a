"""A window follows the motion, ends at rest inside the limits, and says when it is too short for that."""
import numpy as np
import pytest
from motions import START, STEP, S, assert_within, fuser, limits, sine_chunk, state

from vla_async.errors import DataError


def test_a_window_is_the_motion_until_it_brakes_and_ends_at_rest() -> None:
    fused = fuser()
    for k in range(60):
        fused.add(sine_chunk(k / 30, k + 1), START + k * STEP)
        window = fused.window(START + k * STEP, S // 50, 26)
        states = np.stack([window.position, window.velocity, window.acceleration], axis=1)
        assert_within(limits(), states, 0.02)
        assert not states[-1, 1:].any()
        for i in range(5):
            np.testing.assert_allclose(states[i], state(fused, (k * STEP + i * S // 50) / S), atol=1e-9)


def test_a_resting_motion_needs_no_length() -> None:
    window = fuser().window(START, S // 50, 1)
    assert window.position.shape == (1, 3)
    assert not window.velocity.any()


def test_a_window_too_short_to_stop_in_is_an_error_that_names_the_length() -> None:
    fused = fuser()
    fused.reset(START, np.zeros(3), np.full(3, 1.5))
    with pytest.raises(DataError, match=r'too few to come to rest; now \d+ are needed'):
        fused.window(START, S // 50, 5)
    fused.window(START, S // 50, int(fused.config.stop_s * 50) + 2)


def test_a_window_without_points_is_an_error() -> None:
    with pytest.raises(DataError, match='count >= 1'):
        fuser().window(START, S // 50, 0)
