import numpy as np
import pytest

from vla_async import embodiment
from vla_async.types import ActionChunk, JointWindow
from vla_async.viz.forward_kinematics import ForwardKinematics
from vla_async.viz.paths import FADE_NS, MOST_POINTS, MotionPaths, segments

ROBOT = embodiment.load('astribot_s1')
KINEMATICS = ForwardKinematics(ROBOT)
NOW_NS, STEP_NS = 10**18, 20_000_000
ALONG_X = np.eye(ROBOT.dof)[0]  # base_x moves everything along x


def at_home(rows, stamp_ns=NOW_NS, shift=0.0):
    return ActionChunk(stamp_ns, STEP_NS, np.tile(ROBOT.array('home'), (rows, 1)) + shift * ALONG_X)


def driving(points):
    """A window in which the base drives 1 m along x."""
    position = np.tile(ROBOT.array('home'), (points, 1)) + np.linspace(0.0, 1.0, points)[:, None] * ALONG_X
    return JointWindow(NOW_NS, STEP_NS, position, 0 * position, 0 * position)


def drawn(paths, kind, name='left', now_ns=NOW_NS):
    return [line for line in paths.lines(now_ns) if (line.kind, line.name) == (kind, name)]


def test_the_last_chunks_are_drawn_and_fade_with_age():
    paths = MotionPaths(KINEMATICS, chunks=2)
    for age, shift in ((0.9, 0.0), (0.5, 0.1), (0.0, 0.2)):
        paths.add_chunk(at_home(4, NOW_NS - round(age * FADE_NS), shift))
    older, newer = drawn(paths, 'chunk')
    assert older.colours[:, 3] == pytest.approx(0.5)
    assert newer.colours[:, 3] == pytest.approx(1.0)
    assert newer.points[0, 0] - older.points[0, 0] == pytest.approx(0.1)


@pytest.mark.parametrize('later_s', [-20.0, 20.0])
def test_chunks_vanish_when_they_are_old_or_the_clock_was_set(later_s):
    paths = MotionPaths(KINEMATICS, chunks=2)
    paths.add_chunk(at_home(4))
    assert not drawn(paths, 'chunk', now_ns=NOW_NS + round(later_s * 1e9))


def test_long_motion_is_thinned_but_keeps_its_ends():
    paths = MotionPaths(KINEMATICS, chunks=1)
    paths.set_window(driving(500))
    (fused,) = drawn(paths, 'fused')
    assert len(fused.points) == MOST_POINTS
    assert fused.points[-1, 0] - fused.points[0, 0] == pytest.approx(1.0)


def test_fused_motion_is_drawn_from_now_on_and_its_colour_tells_the_time():
    paths = MotionPaths(KINEMATICS, chunks=1)
    paths.set_window(driving(11))
    (whole,), (half,) = drawn(paths, 'fused'), drawn(paths, 'fused', now_ns=NOW_NS + 5 * STEP_NS)
    np.testing.assert_allclose(half.points, whole.points[5:])
    assert len(np.unique(whole.colours, axis=0)) == 11
    np.testing.assert_array_equal(half.colours[[0, -1]], whole.colours[[0, -1]])
    assert not drawn(paths, 'fused', now_ns=NOW_NS + 20 * STEP_NS)


def test_the_base_has_a_path_where_the_robot_drives_and_none_where_it_stands():
    paths = MotionPaths(KINEMATICS, chunks=1)
    paths.set_window(driving(11))
    (base,) = drawn(paths, 'base', 'base_link')
    assert np.ptp(base.points, axis=0) == pytest.approx([1.0, 0.0, 0.0])
    assert KINEMATICS.has_base
    assert not ForwardKinematics(embodiment.load('so101')).has_base


def test_the_ghost_is_where_the_motion_ends_until_that_time_is_past():
    paths = MotionPaths(KINEMATICS, chunks=1)
    assert paths.horizon_end(NOW_NS) is None
    paths.set_window(driving(11))
    for now_ns in (NOW_NS - STEP_NS, NOW_NS, NOW_NS + 10 * STEP_NS):
        np.testing.assert_array_equal(paths.horizon_end(now_ns), driving(11).position[-1])
    assert paths.horizon_end(NOW_NS + 10 * STEP_NS + 1) is None


def test_lines_are_cut_into_pieces_and_never_joined():
    paths = MotionPaths(KINEMATICS, chunks=2)
    for shift in (0.0, 0.5):
        paths.add_chunk(at_home(4, shift=shift))
    ends, colours = segments(drawn(paths, 'chunk'))
    assert (ends.shape, colours.shape) == ((6, 2, 3), (6, 2, 4))
    assert np.abs(ends[:, 1] - ends[:, 0]).max() < 1e-9  # from one chunk to the other it would be 0.5


def test_no_lines_are_no_pieces():
    assert [part.shape for part in segments([])] == [(0, 2, 3), (0, 2, 4)]
