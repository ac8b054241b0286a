"""Measures against cases whose answer is known."""
import numpy as np
import pytest

from vla_async.replay.open_loop.histogram import Histogram
from vla_async.replay.open_loop.measures import (
    chunk_disagreement,
    jerk,
    runs,
    spectral_arc_length,
    warped_distance,
)

RNG = np.random.default_rng(0)
WAVE = np.sin(np.linspace(0, 6, 33))[:, None]


def test_warping_forgives_what_comes_a_little_later_but_not_the_ends():
    late = np.vstack([WAVE[:1], WAVE[:-1]])
    assert warped_distance(late[None, :], WAVE[None, :]).max() < 0.2 * np.abs(late - WAVE).mean()


def test_warped_distance_is_never_more_than_the_mean_error():
    made, done = RNG.normal(size=(2, 20, 32, 3))
    assert (warped_distance(made, done) <= np.abs(made - done).mean(axis=1) + 1e-12).all()


def test_warped_distance_is_that_of_the_textbook_where_the_band_is_wide_enough():
    made, done = RNG.normal(size=(2, 6))
    cost = np.full((7, 7), np.inf)
    cost[0, 0] = 0
    for i in range(6):
        for j in range(6):
            cheapest = min(cost[i, j], cost[i, j + 1], cost[i + 1, j])
            cost[i + 1, j + 1] = abs(made[i] - done[j]) + cheapest
    assert warped_distance(made[None, :, None], done[None, :, None])[0, 0] == pytest.approx(cost[6, 6] / 6)


@pytest.mark.parametrize('shift', [0.0, 0.5, 1.0, 2.25])
def test_chunks_of_one_line_agree_wherever_the_second_begins(shift):
    line = np.arange(32.0)[:, None] * [1.0, -2.0]
    difference = chunk_disagreement(line, line + shift * np.array([1.0, -2.0]), shift)
    assert len(difference) == 32 - int(np.ceil(shift))
    np.testing.assert_allclose(difference, 0, atol=1e-12)


def test_chunks_that_do_not_overlap_have_no_difference():
    assert len(chunk_disagreement(np.zeros((4, 2)), np.zeros((4, 2)), 9.0)) == 0


def test_a_single_bell_is_smoother_than_two_and_than_a_shaken_one():
    times = np.linspace(0, 2, 500)
    bell = 1 - np.cos(np.pi * times)
    two = 1 - np.cos(2 * np.pi * times)
    shaken = np.abs(bell + 0.3 * np.sin(2 * np.pi * 7 * times))
    one, *others = [spectral_arc_length(speed, 250.0) for speed in (bell, two, shaken)]
    assert one > max(others) + 0.3
    assert -1.8 < one < -1.3  # Balasubramanian et al. 2015: a point-to-point movement is near -1.4 to -1.6


def test_arc_length_does_not_depend_on_how_fast_or_how_often():
    times = np.linspace(0, 2, 501)
    bell = 1 - np.cos(np.pi * times)
    assert spectral_arc_length(7 * bell, 250.0) == pytest.approx(spectral_arc_length(bell, 250.0))
    assert spectral_arc_length(bell[::5], 50.0) == pytest.approx(spectral_arc_length(bell, 250.0), rel=0.02)


@pytest.mark.parametrize('speed', [np.zeros(100), np.ones(4)])
def test_rest_and_a_few_samples_have_no_arc_length(speed):
    assert spectral_arc_length(speed, 100.0) is None


def test_jerk_of_a_cubic_is_constant():
    times = np.arange(50)[:, None] * 0.004
    np.testing.assert_allclose(jerk(2.0 * times**3, 0.004), 12.0, rtol=1e-6)


def test_runs_are_the_stretches_of_true():
    np.testing.assert_array_equal(runs(np.array([1, 1, 0, 1, 0, 0, 1], bool)), [[0, 2], [3, 4], [6, 7]])
    assert len(runs(np.zeros(3, bool))) == 0


def test_quantiles_are_those_of_the_sample_within_a_per_cent():
    values = RNG.lognormal(4, 1, 20000)
    one, other = Histogram(), Histogram()
    one.add(values[:5000])
    other.add(values[5000:])
    one.merge(other)
    spread = one.spread()
    assert spread['p50'] == pytest.approx(np.quantile(values, 0.5), rel=0.011)
    assert spread['p99'] == pytest.approx(np.quantile(values, 0.99), rel=0.011)
    assert spread['max'] == values.max()


def test_of_nothing_no_quantile_is_known():
    empty = Histogram()
    empty.add(np.empty(0))
    assert empty.spread() == {'p50': None, 'p99': None, 'max': None}
