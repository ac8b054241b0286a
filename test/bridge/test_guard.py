"""The last look at a set-point: what is a little beyond what is allowed is refused, what is a little inside is not."""
from dataclasses import replace

import numpy as np
import pytest

from vla_async import embodiment
from vla_async.bridge import FollowerConfig
from vla_async.bridge.guard import Guard

ROBOT = embodiment.load('so101')
CONFIG = FollowerConfig.from_embodiment(ROBOT)
REST = ROBOT.array('home')
JOINT, NAME = 1, ROBOT.joint_names[1]
TICK_S = 0.004
MS = 1_000_000


def ns(seconds: float) -> int:
    return 10**15 + round(seconds * 1e9)


def moved(by: float) -> np.ndarray:
    """One joint that far from home."""
    position = REST.copy()
    position[JOINT] += by
    return position


def going(speed: float, config: FollowerConfig = CONFIG) -> Guard:
    """A guard that has seen two set-points of that speed [rad/s], the last one at home at time 0."""
    guard = Guard(config)
    guard.restart(moved(-2 * speed * TICK_S))
    for k in (-2, -1, 0):
        guard.sent(moved(speed * k * TICK_S), ns(k * TICK_S))
    return guard


@pytest.mark.parametrize('bad', [np.nan, np.inf, -np.inf])
def test_what_is_no_number_is_refused_by_name(bad: float) -> None:
    assert going(0.0).fault(moved(bad), ns(TICK_S)) == f'guard: the set-point of {NAME} is not finite'


@pytest.mark.parametrize(('beyond', 'refused'), [(1e-5, True), (5e-7, False)])
def test_a_set_point_beyond_the_range_is_refused(beyond: float, refused: bool) -> None:
    for end, sign in ((CONFIG.upper, 1.0), (CONFIG.lower, -1.0)):
        guard, position = Guard(CONFIG), REST.copy()
        position[JOINT] = end[JOINT] + sign * beyond
        guard.restart(position)
        assert guard.fault(position, ns(TICK_S)).startswith(f'guard: position of {NAME}') == refused


@pytest.mark.parametrize(('share', 'refused'), [(1.09, False), (1.11, True)])
def test_a_tenth_more_than_the_speed_limit_is_the_most(share: float, refused: bool) -> None:
    speed = share * CONFIG.velocity[JOINT]
    fault = going(speed).fault(moved(speed * TICK_S), ns(TICK_S))
    assert fault.startswith(f'guard: velocity of {NAME} would be 1.01') if refused else fault == ''


@pytest.mark.parametrize(('share', 'refused'), [(1.24, False), (1.26, True)])
def test_a_quarter_more_than_the_acceleration_limit_is_the_most(share: float, refused: bool) -> None:
    change = share * CONFIG.acceleration[JOINT] * TICK_S  # of the speed, from one tick to the next
    fault = going(0.1).fault(moved((0.1 + change) * TICK_S), ns(TICK_S))
    assert fault.startswith(f'guard: acceleration of {NAME} would be 1.01') if refused else fault == ''


def test_a_jump_right_after_a_late_set_point_is_refused_and_small_steps_are_not() -> None:
    soon = ns(0.0003)
    assert going(0.1).fault(moved(0.1 * 0.0003), soon) == ''
    assert f'velocity of {NAME}' in going(0.1).fault(moved(0.02), soon)


@pytest.mark.parametrize('position', [0.0, 100.0, -1e4])
def test_a_joint_without_ends_is_judged_by_speed_and_acceleration_alone(position: float) -> None:
    endless = np.arange(ROBOT.dof) == JOINT
    config = replace(CONFIG, lower=np.where(endless, -np.inf, CONFIG.lower),
                     upper=np.where(endless, np.inf, CONFIG.upper))
    guard = Guard(config)
    guard.restart(moved(position))
    guard.sent(moved(position), ns(0.0))
    assert guard.fault(moved(position), ns(TICK_S)) == ''
    assert f'velocity of {NAME}' in guard.fault(moved(position + 1.0), ns(TICK_S))
    assert guard.fault(moved(np.nan), ns(TICK_S)) == f'guard: the set-point of {NAME} is not finite'
