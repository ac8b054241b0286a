"""A published way to join chunks does for node and bridge what the suite's own does, as far as its method goes."""
from dataclasses import replace

import numpy as np
import pytest
from motions import START, STEP, S, chunk, limits

from vla_async.bridge.config import FollowerConfig
from vla_async.bridge.window_check import window_fault
from vla_async.embodiment import load
from vla_async.errors import ConfigError, DataError
from vla_async.fusion import FuserConfig, JointLimits, WindowStream, make_fuser
from vla_async.fusion.baselines import BASELINES
from vla_async.types import ActionChunk

ROBOT = load('so101')
HOME = ROBOT.array('home')
PERIOD = S // 50
WAY = 0.05 * (ROBOT.array('upper') - HOME)


def started(name, robot=ROBOT):
    fuser = make_fuser(name, FuserConfig.from_embodiment(robot))
    fuser.reset(START, robot.array('home'))
    return fuser


def swing(stamp_ns, sequence, steps=32):
    """A chunk of one slow swing that all chunks agree about."""
    phase = (stamp_ns - START + STEP * np.arange(steps)) / S
    return ActionChunk(stamp_ns, STEP, HOME + (1 - np.cos(phase))[:, None] * WAY, sequence=sequence)


@pytest.fixture(params=sorted(BASELINES))
def fuser(request):
    return started(request.param)


def test_chunks_that_agree_become_windows_that_the_bridge_follows(fuser):
    bridge = FollowerConfig.from_embodiment(ROBOT)
    stream = WindowStream(fuser, 50.0, 0.5)
    for tick in range(1, 40):
        now_ns = START + tick * PERIOD
        if tick % 2 == 1:  # now and then, unlike the ticks of the chunks
            fuser.add(swing(now_ns // STEP * STEP, tick), now_ns)
        window = stream.take(now_ns)
        assert window_fault(window, bridge, now_ns) == ''
        assert not window.velocity[-1].any()
    assert fuser.command(now_ns).position[0] != HOME[0]


def test_successive_windows_repeat_the_motion(fuser):
    stream = WindowStream(fuser, 50.0, 0.5)
    windows = []
    for tick in range(40):
        now_ns = START + tick * PERIOD
        if tick % 20 == 0:
            fuser.add(swing(now_ns // STEP * STEP, tick + 1), now_ns)
        windows.append(stream.take(now_ns))
    first, second = windows[-2:]
    shift = round((second.stamp_ns - first.stamp_ns) / first.step_ns)
    for name in ('position', 'velocity', 'acceleration'):
        before, after = getattr(first, name), getattr(second, name)
        np.testing.assert_allclose(before[shift:shift + 3], after[:3], atol=1e-5)


def test_what_was_sent_stays_in_the_window_when_a_chunk_comes(fuser):
    fuser.add(swing(START, 1), START)
    before = fuser.window(START + 10 * STEP, STEP // 2, 40)
    fuser.add(swing(START + 12 * STEP, 2), START + 12 * STEP)
    np.testing.assert_allclose(fuser.window(START + 10 * STEP, STEP // 2, 40).position[:3], before.position[:3],
                               atol=1e-3)


def test_after_the_last_chunk_the_motion_rests(fuser):
    fuser.add(swing(START, 1), START + STEP)
    assert fuser.following(START + S)
    assert START + S < fuser.rest_ns < START + 2 * S
    assert not fuser.following(fuser.rest_ns + 1)
    assert fuser.chunk_age_s(START + S) == 1.0
    resting = fuser.window(fuser.rest_ns, PERIOD, 30)
    assert not np.ptp(resting.position, axis=0).any()
    np.testing.assert_allclose(resting.velocity[1:], 0.0, atol=1e-9)


@pytest.mark.parametrize(('spoilt', 'reason'), [
    ({'positions': np.full((32, 6), np.nan)}, 'not finite'),
    ({'positions': np.zeros((32, 7))}, 'wrong shape'),
    ({'positions': np.zeros((0, 6))}, 'empty'),
    ({'step_ns': 0}, 'step_ns is not positive'),
    ({'stamp_ns': START + 9 * S}, 'in the future'),
    ({'stamp_ns': START - STEP}, 'out of order'),
    ({'sequence': 1}, 'duplicate'),
], ids=lambda value: value if isinstance(value, str) else '')
def test_what_cannot_be_used_is_named_and_changes_nothing(fuser, spoilt, reason):
    assert fuser.add(swing(START, 1), START + STEP).accepted
    before = fuser.window(START + STEP, PERIOD, 30)
    report = fuser.add(replace(swing(START, 2), **spoilt), START + 2 * STEP)
    assert not report.accepted
    assert reason in report.reason
    np.testing.assert_array_equal(fuser.window(START + STEP, PERIOD, 30).position, before.position)


@pytest.mark.parametrize('steps', [1, 2, 3])
@pytest.mark.parametrize('ahead_ns', [0, 1, STEP // 3, S // 3])
def test_a_chunk_that_is_odd_but_sound_raises_nothing(fuser, steps, ahead_ns):
    report = fuser.add(replace(swing(START, 1, steps), stamp_ns=START + ahead_ns, observation_ns=START + S), START)
    assert report.accepted or report.reason
    for name in ('position', 'velocity', 'acceleration'):
        assert np.isfinite(getattr(fuser.window(START - PERIOD, PERIOD, 40), name)).all()


def test_a_motion_that_is_not_finite_never_leaves():
    endless = JointLimits([-np.inf], [np.inf], [2.0], [8.0])  # any angle is one of a joint that turns for ever
    fuser = make_fuser('hard_switch', FuserConfig(('wheel',), endless, ('continuous',)))
    fuser.reset(START, np.zeros(1))
    wild = np.full((32, 1), 1.7e308)
    wild[::2] *= -1
    fuser.add(ActionChunk(START, STEP, wild, sequence=1), START)
    with pytest.raises(DataError, match='not finite'):
        fuser.window(START, PERIOD, 30)


def test_the_report_says_what_a_splice_would_do_and_what_is_left_of_it():
    far = np.full((32, 2), 0.3)
    jumps = {}
    for name in ('hard_switch', 'lerobot_average', 'vla_rail_paper'):
        fuser = make_fuser(name, FuserConfig(('a', 'b'), limits(2)))
        fuser.reset(START, np.zeros(2))
        fuser.add(chunk(0.0, np.zeros((32, 2)), sequence=1), START)
        report = fuser.add(chunk(0.1, far, sequence=2), START + S // 10)
        assert report.disagreement_position == pytest.approx(0.3)
        assert report.disagreement_velocity == pytest.approx(0.3 * 30, rel=1e-6)
        jumps[name] = report.seam_position
    assert jumps['hard_switch'] == pytest.approx(0.3)
    assert jumps['lerobot_average'] == pytest.approx(0.15)
    assert jumps['vla_rail_paper'] < 0.01


def test_without_a_start_there_is_no_motion():
    fuser = make_fuser('act_ensemble', FuserConfig.from_embodiment(ROBOT))
    assert 'reset' in fuser.add(swing(START, 1), START).reason
    with pytest.raises(DataError, match='reset'):
        fuser.window(START, PERIOD, 30)
    with pytest.raises(DataError, match='finite'):
        fuser.reset(START, np.full(6, np.nan))


def test_an_unknown_fuser_lists_the_valid_ones():
    with pytest.raises(ConfigError, match=r"unknown fuser 'glue'; valid: act_ensemble, .*vla_async"):
        make_fuser('glue', FuserConfig.from_embodiment(ROBOT))
