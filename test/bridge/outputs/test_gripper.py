import numpy as np
import small_robot
from hypothesis import given, settings
from hypothesis import strategies as st
from small_robot import NOW_NS, TICK_NS, tick

from vla_async.bridge.outputs import OutputSettings, make_output
from vla_async.bridge.outputs.gripper import REPEAT_NS

ROBOT = small_robot.robot()
HAND = next(o for o in ROBOT.outputs if o.name == 'hand')
OPEN, CLOSED = 0.0, 0.8
HOLD_TICKS = round(HAND.hold_s * 1e9 / TICK_NS)


def sent_for(fingers, set_back_after=10**9):
    """(tick, target) of every message for these positions of the finger, one a tick; a clock may be set meanwhile."""
    output, sent = make_output(HAND, ROBOT, OutputSettings()), []
    for i, finger in enumerate(fingers):
        now_ns = NOW_NS + i * TICK_NS - (i > set_back_after) * 10**10
        target = output.take(tick([0, 0, 0, 0, 0, finger], now_ns=now_ns, steady_ns=i * TICK_NS))
        if target is not None:
            sent.append((i, *target))
    return sent


def edges(fingers):
    """(tick, target) where the target is another than before."""
    sent = sent_for(fingers)
    return [one for one, before in zip(sent, [(0, None), *sent], strict=False) if one[1] != before[1]]


def test_a_closing_and_an_opening_are_one_message_each_at_the_far_side_of_the_band():
    ramp = np.linspace(OPEN, CLOSED, 101)
    fingers = [*ramp, *[CLOSED] * HOLD_TICKS, *ramp[::-1]]
    (closing, closed), (opening, opened) = edges(fingers)
    assert (closed, opened) == (CLOSED, OPEN)
    assert fingers[closing - 1] <= 0.6 * CLOSED + 1e-9 < fingers[closing] + 1e-9  # 0.5 + 0.2 / 2 of the way
    assert fingers[opening - 1] >= 0.4 * CLOSED - 1e-9 > fingers[opening] - 1e-9


def test_a_wavering_inside_the_band_changes_nothing():
    wavering = 0.4 + 0.07 * np.sin(np.arange(2000) / 5)
    assert edges([*np.linspace(OPEN, CLOSED, 50), *[CLOSED] * HOLD_TICKS, *wavering])[-1][1] == CLOSED


def test_a_change_waits_until_the_last_one_is_old_enough():
    fluttering = [CLOSED if i // 10 % 2 else OPEN for i in range(1000)]
    changes = [i for i, _ in edges(fluttering)]
    assert len(changes) > 3
    assert min(np.diff(changes)) >= HOLD_TICKS


def test_nothing_is_sent_before_the_motion_moves_the_gripper():
    assert sent_for([0.6] * 500) == []  # it may hold something that is as thick as that
    assert edges([0.6] * 10 + [0.8] * 10) == [(10, CLOSED)]


def test_the_target_is_repeated_for_readers_that_lost_it():
    sent = sent_for([OPEN] + [CLOSED] * 1000)
    assert {target for _, target in sent} == {CLOSED}
    np.testing.assert_array_equal(np.diff([i for i, _ in sent]), REPEAT_NS // TICK_NS)


def test_a_clock_that_is_set_back_changes_nothing():
    fingers = [OPEN] + [CLOSED] * 500 + [OPEN] * 500
    assert sent_for(fingers, set_back_after=300) == sent_for(fingers)


@settings(deadline=None)
@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=60))
def test_whatever_comes_targets_are_finite_and_inside_the_limits(fingers):
    with np.errstate(all='ignore'):
        sent = sent_for(fingers)
    assert all(OPEN <= target <= CLOSED for _, target in sent)
