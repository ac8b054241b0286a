"""The motion is continuous in position, velocity and acceleration at any chunk rate: analytically and as sampled."""
import numpy as np
import pytest
from motions import START, STEP, S, chunk, fuser, sine_chunk, state

NS = 1e-9


def _switches(period_s: float, delay_s: float, bias: float = 0.05):
    """Adds biased chunks at a rate; yields the fuser right before and right after each switch and its time."""
    rng = np.random.default_rng(1)
    fused = fuser()
    for k in range(1, int(4.0 / period_s)):
        now_s = k * period_s
        new = sine_chunk(now_s - delay_s, k, bias=bias * rng.standard_normal(3))
        yield fused, now_s, (lambda new=new, now_s=now_s: fused.add(new, START + round(now_s * S)))


@pytest.mark.parametrize('period_s', [1.0, 0.25, 1 / 30, 1 / 60, 1 / 100])
@pytest.mark.parametrize('delay_s', [0.0, 0.2, 0.6])
def test_a_new_chunk_does_not_touch_the_present(period_s: float, delay_s: float) -> None:
    for fused, now_s, add in _switches(period_s, delay_s):
        before = state(fused, now_s)
        report = add()
        assert report.accepted, report.reason
        np.testing.assert_allclose(state(fused, now_s), before, rtol=0, atol=1e-12)
        assert report.seam_position < 1e-12
        assert report.seam_velocity < 1e-11
        assert report.seam_acceleration < 1e-9


@pytest.mark.parametrize('period_s', [1.0, 1 / 30])
def test_limits_from_both_sides_agree_at_every_knot(period_s: float) -> None:
    for fused, now_s, add in _switches(period_s, 0.1):
        add()
        knot_ns = fused._motion.knot_ns
        for knot in range(int((START + now_s * S) // knot_ns) + 1, fused.rest_ns // knot_ns):
            left, right = (state_ns(fused, knot * knot_ns + d) for d in (-1, 0))
            # one nanosecond of the largest velocity, acceleration and jerk lies between the two
            assert (np.abs(right - left).max(axis=1) <= np.array([2, 8, 120]) * NS * 1.01 + 1e-9).all()


def state_ns(fused, t_ns: int):
    command = fused.command(t_ns)
    return np.stack([command.position, command.velocity, command.acceleration])


def test_velocity_and_acceleration_are_the_derivatives_of_position() -> None:
    fused = fuser()
    fused.add(sine_chunk(0.0, 1, bias=0.3), START + S // 10)
    h = 1e-4
    for t in np.arange(0.11, 2.0, 0.037):
        before, here, after = (state(fused, t + d) for d in (-h, 0.0, h))
        np.testing.assert_allclose((after[0] - before[0]) / (2 * h), here[1], atol=2e-6)
        np.testing.assert_allclose((after[1] - before[1]) / (2 * h), here[2], atol=2e-3)


def test_a_served_motion_has_no_jump_that_its_jerk_limit_does_not_explain() -> None:
    fused, states = fuser(), []
    rng = np.random.default_rng(3)
    for tick in range(1000):  # 250 Hz for 4 s
        if tick % 8 == 0:
            now_s = tick / 250
            new = sine_chunk(now_s - 0.15, tick + 1, hz=0.5, bias=0.1 * rng.standard_normal(3))
            fused.add(new, START + round(now_s * S))
        states.append(state(fused, tick / 250))
    third = np.diff([s[2] for s in states], axis=0)
    assert np.abs(third).max() <= 120 / 250


def test_the_same_chunks_give_the_same_motion() -> None:
    runs = []
    for _ in range(2):
        fused = fuser()
        for k in range(1, 40):
            fused.add(sine_chunk(k / 30 - 0.1, k), START + k * STEP)
        runs.append(fused.window(START + 40 * STEP, S // 50, 40).position)
    np.testing.assert_array_equal(*runs)


def test_late_and_lost_chunks_leave_the_motion_continuous() -> None:
    fused = fuser()
    assert fused.add(sine_chunk(0.0, 1), START + S // 20).accepted
    resting = state(fused, 2.5)
    assert fused.add(sine_chunk(2.0, 2), START + round(2.5 * S)).accepted
    np.testing.assert_allclose(state(fused, 2.5), resting, atol=1e-12)
    assert fused.add(chunk(2.6, np.zeros((32, 3)), sequence=3), START + round(2.6 * S)).accepted
