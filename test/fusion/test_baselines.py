"""The published ways to join chunks do what their formulas say."""
import numpy as np
import pytest
from motions import START, STEP, chunk, limits

from vla_async.fusion import FuserConfig
from vla_async.fusion.baselines import BASELINES
from vla_async.fusion.baselines.vla_rail import Polynomial, quintic

TICK = START // STEP + 1
BEGIN = TICK * STEP  # a whole tick: the queues count in those


def started(name):
    """That fuser for two joints, at rest at 0."""
    fuser = BASELINES[name](FuserConfig(('a', 'b'), limits(2)))
    fuser.reset(BEGIN, np.zeros(2))
    return fuser


def flat(value, tick=0, steps=32, sequence=1):
    """A chunk that stays at `value`, its row 0 `tick` ticks after the beginning."""
    return chunk((BEGIN - START) / 1e9 + tick * STEP / 1e9, np.full((steps, 2), float(value)), sequence=sequence)


def fused(name, *arrivals):
    """Positions of joint 0 at ticks 1 to 40, for chunks (value, tick of row 0, tick of arrival)."""
    fuser = started(name)
    waiting = list(arrivals)
    positions = []
    for tick in range(1, 41):
        while waiting and waiting[0][2] < tick:
            value, row_0, arrival = waiting.pop(0)
            assert fuser.add(flat(value, row_0), BEGIN + arrival * STEP).accepted
        positions.append(fuser.command(BEGIN + tick * STEP).position[0])
    return positions


@pytest.mark.parametrize(('name', 'joined'), [
    ('hard_switch', [1, 2, 2, 2]), ('lerobot_latest_only', [1, 2, 2, 2]), ('lerobot_average', [1, 1.5, 1.5, 1.5]),
    ('lerobot_weighted_average', [1, 1.7, 1.7, 1.7]), ('lerobot_conservative', [1, 1.3, 1.3, 1.3]),
    ('physicalai_lerp', [1, 1, 1.2, 1.4]), ('bid_selection', [1, 2, 2, 2]),
])
def test_queues_join_equal_ticks_by_their_formula(name, joined):
    positions = fused(name, (1, 0, 0), (2, 10, 10))
    assert positions[9:13] == pytest.approx(joined)
    assert positions[33:] == pytest.approx([2.0] * 7)  # beyond the first chunk's end only the second one counts


def test_an_ensemble_weighs_the_older_chunk_a_little_more():
    old, new = 1.0, np.exp(-0.01)
    assert fused('act_ensemble', (1, 0, 0), (2, 10, 10))[11] == pytest.approx((1 * old + 2 * new) / (old + new))


def test_a_broker_plays_from_the_first_row_and_then_stands():
    fuser = started('openpi_broker')
    assert fuser.used_up(BEGIN)
    ramp = chunk((BEGIN - START) / 1e9, np.linspace(0, 1, 32)[:, None].repeat(2, axis=1))
    assert fuser.add(ramp, BEGIN + 5 * STEP).accepted  # late by five steps, which it plays all the same
    assert fuser.command(BEGIN + 6 * STEP).position[0] == 0.0
    assert not fuser.used_up(BEGIN + 29 * STEP)
    assert 'not asked for' in fuser.add(flat(1, 10, sequence=2), BEGIN + 10 * STEP).reason
    assert fuser.used_up(BEGIN + 30 * STEP)
    assert fuser.command(BEGIN + 100 * STEP).position[0] == pytest.approx(24 / 31)


def test_selection_takes_the_candidate_that_continues_the_old_chunk():
    fuser = started('bid_selection')
    fuser.add(flat(1), BEGIN)
    candidates = [flat(value, 5) for value in (3.0, 1.2, 0.0)]
    assert fuser.choose(candidates, BEGIN + 5 * STEP) is candidates[1]


@pytest.mark.parametrize('name', ['vla_rail_paper', 'vla_rail_code'])
def test_a_polynomial_fuser_ends_on_the_chunk_without_a_jump_in_between(name):
    fuser = started(name)
    assert fuser.add(flat(0.2), BEGIN).accepted
    positions = [fuser.command(BEGIN + k * 3_750_000).position[0] for k in range(280)]
    assert positions[0] == pytest.approx(0.0, abs=1e-6)
    assert np.abs(np.diff(positions)).max() < 0.01
    assert positions[-1] == pytest.approx(0.2, abs=1e-6)


def test_a_quintic_meets_both_states():
    begin, end = np.array([[0.1], [0.5], [-2.0]]), np.array([[0.4], [-0.3], [1.0]])
    curve = quintic(START, 0.4, begin, end)
    np.testing.assert_allclose(curve.state(START), begin, atol=1e-9)
    np.testing.assert_allclose(curve.state(curve.end_ns), end, atol=1e-9)
    still = Polynomial(START, 1.0, np.array([[0.0], [1.0]])).state(START + 2_000_000_000)
    np.testing.assert_array_equal(still, [[1.0], [0.0], [0.0]])


@pytest.mark.parametrize('name', sorted(BASELINES))
def test_a_chunk_of_the_past_is_refused(name):
    fuser = started(name)
    report = fuser.add(flat(1, steps=5), BEGIN + 20 * STEP)
    assert (report.accepted, report.reason) == (False, 'entirely in the past')
