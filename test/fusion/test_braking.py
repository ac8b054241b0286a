"""The closed form of the quickest stop: it stops, keeps acceleration and jerk, and agrees with Ruckig."""
import numpy as np
from ruckig import ControlInterface, InputParameter, Ruckig, Trajectory

from vla_async.fusion.braking import stop, stoppable_velocity

LIMIT, JERK = np.array([8.0]), np.array([120.0])


def _states(count: int = 300) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.uniform(-2, 2, (count, 1)), rng.uniform(-8, 8, (count, 1))


def test_a_stop_ends_at_rest_and_keeps_acceleration_and_jerk() -> None:
    velocity, acceleration = _states()
    halt = stop(velocity, acceleration, LIMIT, JERK)
    _, v, a = halt.at(halt.duration_s - 1e-12)
    np.testing.assert_allclose(v, 0.0, atol=1e-9)
    np.testing.assert_allclose(a, 0.0, atol=1e-9)
    times = np.linspace(0.0, 1.0, 1001)[:, None, None]
    _, _, course = halt.at(times)
    assert np.abs(course).max() <= 8.0 + 1e-9
    assert np.abs(np.diff(course, axis=0)).max() <= 120.0 * 0.001 + 1e-9


def test_it_is_the_stop_that_ruckig_finds() -> None:
    velocity, acceleration = _states(50)
    ours = stop(velocity, acceleration, LIMIT, JERK)
    for row in range(50):
        wish = InputParameter(1)
        wish.control_interface = ControlInterface.Velocity
        wish.current_position = [0.0]
        wish.current_velocity, wish.current_acceleration = velocity[row].tolist(), acceleration[row].tolist()
        wish.target_velocity, wish.target_acceleration = [0.0], [0.0]
        wish.max_acceleration, wish.max_jerk = LIMIT.tolist(), JERK.tolist()
        found = Trajectory(1)
        Ruckig(1).calculate(wish, found)
        np.testing.assert_allclose(ours.duration_s[row, 0], found.duration, atol=1e-9)
        np.testing.assert_allclose(ours.at(np.array([10.0]))[0][row], found.at_time(found.duration)[0], atol=1e-9)


def test_from_the_stoppable_velocity_the_stop_stays_within_the_room() -> None:
    room = np.geomspace(1e-4, 10.0, 50)
    speed = stoppable_velocity(room, 0.05, np.full(50, 8.0), np.full(50, 120.0))
    way, _, _ = stop(speed, np.zeros(50), np.full(50, 8.0), np.full(50, 120.0)).at(np.full(50, 99.0))
    assert (way + 0.05 * speed <= room + 1e-12).all()
