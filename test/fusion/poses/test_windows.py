"""A window follows the motion of the hands, and ends at rest or says how long it would have to be."""
import numpy as np
import pytest
from hands import fuser, pose_chunk, turning
from motions import START, STEP, S

from vla_async.errors import DataError


def test_a_window_is_the_motion_until_it_brakes_and_ends_at_rest() -> None:
    fused = fuser()
    for k in range(30):
        fused.add(pose_chunk(k / 30, turning(k / 30, 2.0), k + 1), START + k * STEP)
        window = fused.window(START + k * STEP, S // 50, 40)
        assert not window.angular_velocity[-1].any()
        for i in range(3):
            command = fused.command(START + k * STEP + i * S // 50)
            np.testing.assert_allclose(window.rotation[i], command.rotation, atol=1e-12)
            np.testing.assert_allclose(window.position[i], command.position, atol=1e-12)


def test_a_resting_motion_needs_no_length() -> None:
    assert fuser().window(START, S // 50, 1).rotation.shape == (1, 2, 3, 3)


def test_a_window_too_short_to_stop_turning_in_names_the_time_needed() -> None:
    fused = fuser()
    fused.add(pose_chunk(0.0, turning(0.0, 2.0)), START)
    with pytest.raises(DataError, match=r'too short for the hands to stop turning; now \d'):
        fused.window(START + S, S // 50, 3)
    fused.window(START + S, S // 50, int(fused.config.stop_s * 50) + 2)
