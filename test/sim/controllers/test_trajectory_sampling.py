"""Each segment is interpolated by what both of its ends have, as the controller does it."""
import numpy as np
import pytest

from vla_async.sim.controllers.trajectory_sampling import Points, Trajectory

S = 10**9
START = 10**18
END_S = 0.4
# q = 1 + 2 t - 3 t^2 + 0.5 t^3 + 4 t^4 - 6 t^5 and the same times -2, a quintic that only a quintic goes through
POLYNOMIAL = np.polynomial.Polynomial([1.0, 2.0, -3.0, 0.5, 4.0, -6.0])


def truth(t):
    rows = [POLYNOMIAL(t), POLYNOMIAL.deriv()(t), POLYNOMIAL.deriv(2)(t)]
    return np.outer(rows, [1.0, -2.0])


def points(times_s, velocities=True, accelerations=True):
    states = np.array([truth(t) for t in times_s])
    states[:, 1] *= velocities
    states[:, 2] *= accelerations
    count = len(times_s)
    return Points(np.array([round(t * S) for t in times_s]), states, np.full(count, velocities),
                  np.full(count, accelerations))


def at(trajectory, t, advance=True):
    return trajectory.sample(START + round(t * S), advance=advance)


@pytest.mark.parametrize('t', [0.0, 0.1, 0.23, 0.399])
def test_positions_velocities_accelerations_give_the_quintic(t):
    np.testing.assert_allclose(at(Trajectory(points([0.0, END_S]), START), t), truth(t), atol=1e-9)


def test_velocities_without_accelerations_give_the_cubic_with_these_ends():
    trajectory = Trajectory(points([0.0, END_S], accelerations=False), START)
    for t in (0.0, END_S - 1e-9):
        np.testing.assert_allclose(at(trajectory, t)[:2], truth(t)[:2], atol=1e-6)
    third = np.diff([at(trajectory, t)[0] for t in (0.05, 0.1, 0.15, 0.2, 0.25)], 4, axis=0)
    np.testing.assert_allclose(third, 0.0, atol=1e-12)  # no fourth power in it


def test_positions_alone_give_straight_lines_without_acceleration():
    trajectory = Trajectory(points([0.0, END_S], velocities=False, accelerations=False), START)
    state, slope = at(trajectory, 0.1), (truth(END_S)[0] - truth(0.0)[0]) / END_S
    np.testing.assert_allclose(state, [truth(0.0)[0] + 0.1 * slope, slope, [0.0, 0.0]])


def test_accelerations_without_velocities_give_zeros():
    trajectory = Trajectory(points([0.0, END_S], velocities=False), START)
    assert (at(trajectory, 0.1) == 0.0).all()


def test_a_segment_has_what_both_of_its_ends_have():
    mixed = Points.joined(points([0.0], accelerations=False), points([END_S]))
    cubic = Trajectory(points([0.0, END_S], accelerations=False), START)
    np.testing.assert_array_equal(at(Trajectory(mixed, START), 0.2), at(cubic, 0.2))


def test_the_last_point_stays_with_its_velocity():
    trajectory = Trajectory(points([0.0, END_S]), START)
    np.testing.assert_array_equal(at(trajectory, END_S + 3.0), truth(END_S))
    assert trajectory.played_out(START + round(END_S * S))


def test_before_the_first_point_the_way_leads_from_the_point_before():
    trajectory = Trajectory(points([0.2, 0.4]), START)
    trajectory.begin_from(START, truth(0.0), np.array([False, False]))
    np.testing.assert_allclose(at(trajectory, 0.13), truth(0.13), atol=1e-9)


def test_nothing_is_known_before_the_point_before():
    trajectory = Trajectory(points([0.2, 0.4]), START)
    trajectory.begin_from(START, truth(0.0), np.array([False, False]))
    assert at(trajectory, -0.01) is None


def test_joints_without_end_come_from_the_nearer_turn():
    trajectory = Trajectory(points([0.2, 0.4]), START)
    far = truth(0.0)
    far[0] += 4 * np.pi
    trajectory.begin_from(START, far, np.array([True, False]))
    state = at(trajectory, 0.1)
    assert state[0, 0] == pytest.approx(truth(0.1)[0, 0])
    assert state[0, 1] != pytest.approx(truth(0.1)[0, 1], abs=1.0)


def test_a_trajectory_without_a_start_starts_with_the_first_sample():
    trajectory = Trajectory(points([0.0, END_S]), 0)
    np.testing.assert_allclose(at(trajectory, 7.0), truth(0.0), atol=1e-9)
    np.testing.assert_allclose(at(trajectory, 7.1), truth(0.1), atol=1e-9)


def test_a_time_that_runs_back_by_a_segment_finds_the_last_point():
    trajectory = Trajectory(points([0.0, 0.1, 0.2, 0.3]), START)
    at(trajectory, 0.25)
    np.testing.assert_array_equal(at(trajectory, 0.05), truth(0.3))


def test_looking_ahead_does_not_move_the_search_on():
    trajectory = Trajectory(points([0.0, 0.1, 0.2, 0.3]), START)
    at(trajectory, 0.05)
    at(trajectory, 0.25, advance=False)
    np.testing.assert_allclose(at(trajectory, 0.05), truth(0.05), atol=1e-9)
