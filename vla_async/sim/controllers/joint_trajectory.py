"""joint_trajectory_controller as a stream of windows meets it: its topic `~/joint_trajectory`, in virtual time.

Source: https://github.com/ros-controls/ros2_controllers, file joint_trajectory_controller.cpp at the commits that
`trajectory_sampling` names. No code of it is used; what it does, and where:

- `validate_trajectory_msg`: what is refused. Not among it: values that are not finite.
- `topic_callback`, `update`: the newest message replaces the one that nobody has sampled yet, and takes effect with the
  next update. Humble samples it at the update's time; Jazzy, Kilted and master command what holds one update period
  later (`traj_time_ + update_period_`), and let the trajectory's time run with the speed scaling.
- Humble, Jazzy, Kilted: a new message makes the old one forgotten. Points count from its stamp, 0: from the next
  update. Where the first point lies ahead, the way to it begins at the measured state or at the last command, with
  interpolate_from_desired_state (Humble: open_loop_control). Humble takes that for the state of now, the others for
  that of the update before, though they sampled it for now: so they make two steps in one.
- `blend_with_active_trajectory` (master since #2419 of 2026-08-15, allow_trajectory_replacement, default true): when
  the present trajectory has two points or more and is not a hold, a message stamped in the future is spliced: points of
  the old one between the last update and the stamp stay, then come a point of the old one at the stamp, unless the new
  ones begin there or before, and the new ones. The splice is counted from the last update but played from this one, so
  each splice makes the old points one update late. A message stamped in the past or 0 is played from this update on,
  whole and late: its past points are not left out, whatever the parameter's description says.
- `publish_state`: with each update `~/controller_state` says where the trajectory is at the update's time, though the
  hardware may be told of one update later, and how far the joints are from there. Humble says it 50 times a second
  (`state_publish_rate`), stamped with the time at which it does.
- `set_hold_position`: beyond `constraints.<joint>.trajectory` the measured position is held, until the next message.

Not modelled: the action, goal tolerances and `cmd_timeout`, partial goals (refused, as by default), integration of
goals without positions, `positions_upsampling`, effort, PID gains.
"""
from __future__ import annotations

import numpy as np

from vla_async.bridge.outputs import Payload
from vla_async.errors import DataError
from vla_async.sim.controllers.trajectory_message import ControllerParameters, TrajectoryMessage, refusal
from vla_async.sim.controllers.trajectory_sampling import Points, Trajectory
from vla_async.timebase import step_ns
from vla_async.types import FloatArray, JointWindow


class JointTrajectoryController:
    """One controller of J joints. `home` first, then `receive` and `update` with times that never go back."""

    def __init__(self, parameters: ControllerParameters) -> None:
        self._parameters = parameters
        self._period_ns = step_ns(parameters.update_rate_hz)
        self._continuous = np.isin(parameters.joints, parameters.continuous)
        self.speed_scaling = 1.0  # what ~/speed_scaling_input says
        self.home(np.zeros(len(parameters.joints)))

    def home(self, position: FloatArray) -> None:
        """Hold `position` (J,) [rad or m], at rest; forget every command."""
        self._command = np.zeros((3, len(self._parameters.joints)))
        self._command[0] = position
        self.desired = self._command.copy()  # (3, J), what ~/controller_state calls reference
        self._measured: FloatArray | None = None
        self._commanded_ns: int | None = None
        self._time_ns = self.updated_ns = 0
        self._next: tuple[Points, int] | None = None
        self._hold(self._command[0])

    def observe(self, position: FloatArray, velocity: FloatArray) -> None:
        """Where the joints are (J,), measured. A robot that is never observed is where its commands are."""
        self._measured = np.stack([position, velocity, np.zeros_like(position)])

    def receive(self, payload: Payload, stamp_ns: int, now_ns: int) -> None:
        """A window that arrived at `now_ns`; its message is stamped `stamp_ns`. Raises DataError: why it is refused."""
        if not isinstance(payload, JointWindow):
            raise DataError('a joint_trajectory_controller takes trajectories')
        reason = self.accept(TrajectoryMessage.of_window(payload, self._parameters.joints, stamp_ns), now_ns)
        if reason:
            raise DataError(reason)

    def accept(self, message: TrajectoryMessage, now_ns: int) -> str:
        """Take a message that arrived at `now_ns`; returns why it is refused, or nothing."""
        reason = refusal(message, self._parameters, now_ns)
        if not reason:
            self._next = (self._sorted(message), message.stamp_ns)
        return reason

    def reference(self, now_ns: int) -> FloatArray:
        """Where the servos shall have the joints at `now_ns`, (J,) [rad or m]."""
        return self.update(now_ns)[0]

    def update(self, now_ns: int) -> FloatArray:
        """What the hardware is told at `now_ns`: position, velocity, acceleration, (3, J)."""
        elapsed_ns, self.updated_ns = now_ns - self.updated_ns, now_ns
        if self._next is not None:
            self._replace(*self._next, now_ns)
            self._next, self._holding = None, False
        if not self._looks_ahead or not self._trajectory.sampled:
            self._time_ns = now_ns
        else:
            self._time_ns += round(elapsed_ns * self.speed_scaling)
        if not self._trajectory.sampled:
            self._begin(now_ns)
        desired = self._trajectory.sample(self._time_ns, advance=True)
        self.desired = self.desired if desired is None else desired
        if desired is not None and self._strayed():
            self._hold(self._state()[0])
            return self._command
        return self._commanded(desired, now_ns)

    @property
    def error(self) -> FloatArray:
        """How far the joints are from there, (J,) [rad or m]; the nearer turn of those without end."""
        apart: FloatArray = self.desired[0] - self._state()[0]
        apart -= np.where(self._continuous, 2.0 * np.pi * np.round(apart / (2.0 * np.pi)), 0.0)
        return apart

    @property
    def _looks_ahead(self) -> bool:
        return self._parameters.looks_ahead

    def _commanded(self, desired: FloatArray | None, now_ns: int) -> FloatArray:
        """Where there is nothing to command, the hardware keeps what it has."""
        command = desired
        if self._looks_ahead:
            command = self._trajectory.sample(self._time_ns + self._period_ns, advance=False)
        if command is not None:
            self._command, self._commanded_ns = command, now_ns
        return self._command

    def _state(self) -> FloatArray:
        return self._command if self._measured is None else self._measured

    def _begin(self, now_ns: int) -> None:
        if not self._parameters.interpolate_from_desired_state:
            self._trajectory.begin_from(now_ns, self._state(), self._continuous)
            return
        since_ns = now_ns if self._commanded_ns is None or not self._looks_ahead else self._commanded_ns
        self._trajectory.begin_from(since_ns, self._command, self._continuous)

    def _strayed(self) -> bool:
        """Whether a moving joint is out of tolerance; not looked at while holding."""
        tolerance = self._parameters.path_tolerance
        if tolerance <= 0.0 or self._holding or self._trajectory.played_out(self._time_ns):
            return False
        return bool((np.abs(self.error) > tolerance).any())

    def _hold(self, position: FloatArray) -> None:
        state = np.zeros((1, 3, position.size))
        state[0, 0] = position
        no = np.zeros(1, dtype=bool)
        self._trajectory, self._holding = Trajectory(Points(np.zeros(1, dtype=np.int64), state, no, no), 0), True

    def _sorted(self, message: TrajectoryMessage) -> Points:
        """The message's points in the controller's order of joints."""
        order = [message.joint_names.index(name) for name in self._parameters.joints]
        count, rows = len(message.times_ns), (message.position, message.velocity, message.acceleration)
        states = np.stack([np.zeros_like(message.position) if row is None else row for row in rows], axis=1)
        has = [np.full(count, row is not None) for row in rows[1:]]
        return Points(message.times_ns.astype(np.int64), states[:, :, order], *has)

    def _replace(self, points: Points, stamp_ns: int, now_ns: int) -> None:
        old = self._trajectory
        if self._parameters.allow_trajectory_replacement and len(old.points.times_ns) > 1 and not self._holding:
            points, stamp_ns = self._spliced(old, points, stamp_ns, now_ns), 0
        self._trajectory = Trajectory(points, stamp_ns)

    def _spliced(self, old: Trajectory, points: Points, stamp_ns: int, now_ns: int) -> Points:
        """The new points with what stays of the old ones, counted from the last update's time."""
        cursor_ns, ahead_ns = self._time_ns, round(max(stamp_ns - now_ns, 0) * self.speed_scaling)
        present = old.points.shifted(old.start_ns - cursor_ns)
        parts = [present.chosen((present.times_ns > 0) & (present.times_ns < ahead_ns))]
        anchor, new = old.sample(cursor_ns + ahead_ns, advance=False), points.shifted(ahead_ns)
        if anchor is not None and ahead_ns < new.times_ns[0]:
            parts.append(Points.one(ahead_ns, anchor))
        return Points.joined(*parts, new)
