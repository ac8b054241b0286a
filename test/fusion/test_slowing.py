"""A chunk that asks for more than the limits is followed slower, on its own path; the report says who was too fast."""
import numpy as np
import pytest
from motions import START, STEP, S, chunk, limits, sampled

from vla_async.fusion import ChunkFuser, FuserConfig, JointLimits
from vla_async.types import ActionChunk, FloatArray

DIRECTION = np.array([1.0, -0.5, 0.25])
STEPS_S = np.arange(50)[:, None] / 30


def still(fuser_limits: JointLimits | None = None) -> ChunkFuser:
    fuser = ChunkFuser(FuserConfig(('a', 'b', 'c'), fuser_limits or limits()))
    fuser.reset(START, np.zeros(3))
    return fuser


def off_the_line(positions: FloatArray) -> float:
    """Largest distance from the line through zero along DIRECTION [rad]."""
    along = positions @ DIRECTION / (DIRECTION @ DIRECTION)
    return float(np.abs(positions - along[:, None] * DIRECTION).max())


@pytest.mark.parametrize('takes_s', [1.6, 1.2, 0.8])
def test_joints_keep_their_proportions_on_a_line_that_is_too_fast_for_one_of_them(takes_s: float) -> None:
    fuser = still()
    swing = 1.25 * (1.0 - np.cos(np.pi * np.minimum(STEPS_S / takes_s, 1.0)))  # to 2.5 rad, at 2.45 to 4.9 rad/s
    report = fuser.add(chunk(0.0, swing * DIRECTION, sequence=1), START + S // 10)
    states = sampled(fuser, 0.1, (fuser.rest_ns - START) / S + 0.1)
    assert off_the_line(states[:, 0]) < 0.02
    assert states[-1, 0, 0] == pytest.approx(2.5, abs=0.1)
    assert np.abs(states[:, 1]).max() > 1.8  # it does not creep
    assert max(report.limited, key=lambda joint: joint.slowdown).name == 'a'


def test_a_far_target_is_gone_to_in_a_straight_line() -> None:
    fuser = still()
    fuser.add(chunk(0.0, np.tile(2.0 * DIRECTION, (50, 1)), sequence=1), START)
    states = sampled(fuser, 0.0, (fuser.rest_ns - START) / S)
    np.testing.assert_allclose(states[-1, 0], 2.0 * DIRECTION, atol=1e-9)
    assert off_the_line(states[:, 0]) < 1e-9


@pytest.mark.parametrize(('times', 'worst'), [(1.5, 0.01), (3.0, 0.03)])
def test_a_policy_that_is_too_fast_still_gets_its_circle(times: float, worst: float) -> None:
    """Each chunk begins where the robot was seen. Joints that are limited one by one cut it by 20 to 40 %."""
    radius, allowed = 0.4, 0.4
    fuser = ChunkFuser(FuserConfig(('a', 'b'), JointLimits(*(k * np.ones(2) for k in (-3, 3, allowed, 2, 30)))))
    fuser.reset(START, [radius, 0.0])
    under_way, places = [], []
    for k in range(8 * 240):
        now_ns = START + k * S // 240
        places.append(fuser.command(now_ns).position)
        if k % 80 == 0:
            phase = np.arctan2(places[-1][1], places[-1][0]) + times * allowed / radius * STEPS_S[:, 0]
            circle = radius * np.stack([np.cos(phase), np.sin(phase)], axis=1)
            under_way.append(ActionChunk(now_ns, STEP, circle, sequence=k + 1))
        if k % 80 == 48:  # 0.2 s later
            report = fuser.add(under_way.pop(0), now_ns)
    assert np.abs(np.hypot(*np.array(places[2 * 240:]).T) / radius - 1.0).max() < worst
    assert {joint.name for joint in report.limited} == {'a', 'b'}
    assert max(joint.slowdown for joint in report.limited) == pytest.approx(times, rel=0.05)


def test_a_slow_joint_far_away_is_reached_although_the_plan_never_reaches_it() -> None:
    slow = JointLimits(*(k * np.ones(3) for k in (-9, 9)), np.array([2.0, 2.0, 0.1]), 8 * np.ones(3), 120 * np.ones(3))
    fuser, target = still(slow), np.array([0.5, 0.5, 2.0])
    for k in range(1, 800):
        fuser.add(ActionChunk(START + k * STEP, STEP, np.tile(target, (50, 1)), sequence=k), START + k * STEP)
    np.testing.assert_allclose(fuser.command(START + 800 * STEP).position, target, atol=0.05)


def test_what_lies_outside_the_position_limits_is_reported_by_how_far() -> None:
    report = still().add(chunk(0.0, np.tile([0.0, 3.5, 0.0], (50, 1)), sequence=1), START)
    beyond = {joint.name: joint.beyond for joint in report.limited}
    assert beyond == {'b': pytest.approx(0.5)}
