"""Chunks whose stamps jitter are placed where they continue the one before; right stamps are believed."""
from dataclasses import replace

import numpy as np
import pytest
from motions import START, S, chunk, limits, sampled, sine_chunk

from vla_async.fusion import ChunkFuser, FuserConfig
from vla_async.fusion.phase import PhaseSearch, lateness_s
from vla_async.types import ActionChunk

VELOCITY = np.full(3, 2.0)


def late(made: ActionChunk, seconds: float) -> ActionChunk:
    """The same rows, stamped later than they are."""
    return replace(made, stamp_ns=made.stamp_ns + round(seconds * S))


@pytest.mark.parametrize('seconds', [-0.06, -0.01, 0.02, 0.08])
def test_a_wrong_stamp_is_found_from_the_motion_that_both_chunks_describe(seconds: float) -> None:
    found = lateness_s(late(sine_chunk(0.3, 2), seconds), sine_chunk(0.0, 1), VELOCITY)
    assert found == pytest.approx(seconds, rel=0.05)


def test_a_constant_offset_of_every_joint_is_no_delay() -> None:
    assert lateness_s(sine_chunk(0.3, 2, bias=0.2), sine_chunk(0.0, 1), VELOCITY) == pytest.approx(0.0, abs=1e-3)


@pytest.mark.parametrize('seed', range(5))
def test_noise_is_no_delay(seed: int) -> None:
    rng = np.random.default_rng(seed)
    first, second = (replace(made, positions=made.positions + rng.normal(0.0, 0.02, made.positions.shape))
                     for made in (sine_chunk(0.0, 1), sine_chunk(0.3, 2)))
    assert lateness_s(second, first, VELOCITY) == 0.0


@pytest.mark.parametrize('rows', [np.zeros((50, 3)), np.full((50, 3), 1e300), np.eye(50)[:, :3] * 1e308,
                                  np.zeros((2, 3))])
def test_what_says_nothing_about_time_moves_nothing(rows: np.ndarray) -> None:
    assert lateness_s(chunk(0.3, rows), sine_chunk(0.0, 1), VELOCITY) == 0.0
    assert lateness_s(sine_chunk(0.3, 1), chunk(0.0, rows), VELOCITY) == 0.0


def test_a_chunk_is_moved_by_no_more_than_allowed() -> None:
    search = PhaseSearch(VELOCITY, 0.03)
    search.placed(sine_chunk(0.0, 1))
    assert search.placed(late(sine_chunk(0.3, 2), 0.1)).stamp_ns == START + round(0.4 * S) - round(0.03 * S)


def run(most_s: float, jitter_s: float) -> np.ndarray:
    """Positions (N, 3) of a motion of 10 s, 30 a second, whose chunks carry stamps that jitter."""
    rng, states = np.random.default_rng(1), []
    fuser = ChunkFuser(FuserConfig(('a', 'b', 'c'), limits(), phase_search_s=most_s))
    fuser.reset(START, sine_chunk(0.0, 0).positions[0])
    for k in range(20):
        now_s = 0.5 * k + 0.2
        fuser.add(late(sine_chunk(0.5 * k, k + 1, steps=50), rng.normal(0.0, jitter_s)), START + round(now_s * S))
        states.append(sampled(fuser, now_s, now_s + 0.499, 1 / 30)[:, 0])
    return np.concatenate(states)


def test_the_search_takes_away_most_of_the_jerk_that_jittering_stamps_make() -> None:
    runs = (run(most_s, jitter_s)[60:] for most_s, jitter_s in ((0.0, 0.05), (0.1, 0.05), (0.0, 0.0)))
    without, searched, right = (np.sqrt(np.mean(np.diff(positions, 3, axis=0) ** 2)) for positions in runs)
    assert searched - right < 0.3 * (without - right)


def test_right_stamps_make_the_same_motion_with_the_search() -> None:
    np.testing.assert_allclose(run(0.1, 0.0)[60:], run(0.0, 0.0)[60:], atol=1e-4)
