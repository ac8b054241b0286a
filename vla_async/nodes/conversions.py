"""Messages <-> arrow types; the only reader and writer of message fields.

Large arrays go through the buffer protocol: a Python list of 100 000 numbers takes milliseconds, a copy of memory none.
"""
from __future__ import annotations

from array import array

import numpy as np
from builtin_interfaces.msg import Duration, Time
from numpy.typing import NDArray
from sensor_msgs.msg import Image, JointState
from std_msgs.msg import Float64MultiArray
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint
from vla_async_msgs import msg

from vla_async import types
from vla_async.errors import DataError
from vla_async.joint_order import NONE
from vla_async.timebase import NS_PER_S, nanoseconds

MAX_POINTS = 2048  # of a trajectory
TYPE_CODES = {np.dtype('u1'): 'B', np.dtype('f4'): 'f', np.dtype('f8'): 'd'}


def to_time(stamp_ns: int) -> Time:
    """ROS time of a stamp [ns]."""
    return Time(sec=stamp_ns // NS_PER_S, nanosec=stamp_ns % NS_PER_S)


def _set_time(stamp: Time, stamp_ns: int) -> None:
    stamp.sec, stamp.nanosec = divmod(stamp_ns, NS_PER_S)


def to_duration(duration_ns: int) -> Duration:
    """ROS duration of a duration [ns]; 68 years and more, as from a stamp that is wrong, become 68 years."""
    return Duration(sec=min(max(duration_ns // NS_PER_S, -2**31), 2**31 - 1), nanosec=duration_ns % NS_PER_S)


def to_ns(stamp: Time | Duration) -> int:
    """ROS time or duration [ns]."""
    return int(stamp.sec) * NS_PER_S + int(stamp.nanosec)


def to_array(values: NDArray[np.generic]) -> array[int] | array[float]:
    """Flat copy of a uint8, float32 or float64 array as the type that message fields hold."""
    result = array(TYPE_CODES[values.dtype])
    result.frombytes(np.ascontiguousarray(values).data.cast('B') if values.size else b'')
    return result


def task_message(task: types.Task) -> msg.Task:
    """Task as a message."""
    message = msg.Task(id=task.id, instruction=task.instruction)
    message.header.stamp = to_time(task.stamp_ns)
    return message


def task_value(message: msg.Task) -> types.Task:
    """Task of a message; an instruction of blanks only counts as empty. Raises DataError for one that is too long."""
    if len(message.instruction) > types.MAX_INSTRUCTION:
        raise DataError(f'task {message.id}: its instruction has {len(message.instruction)} characters, at most '
                        f'{types.MAX_INSTRUCTION} are read')
    return types.Task(id=message.id, stamp_ns=to_ns(message.header.stamp), instruction=message.instruction.strip())


def image_message(stamp_ns: int, frame_id: str, picture: types.ImageArray) -> Image:
    """Picture (height, width, 3) RGB as an rgb8 message."""
    height, width, _ = picture.shape
    message = Image(height=height, width=width, encoding='rgb8', step=3 * width)
    message.header.stamp, message.header.frame_id = to_time(stamp_ns), frame_id
    message.data = to_array(picture)
    return message


def joint_state_message(stamp_ns: int, names: tuple[str, ...], position: types.FloatArray,
                        velocity: types.FloatArray, effort: types.FloatArray = NONE) -> JointState:
    """Measured joints (D,) [rad or m], (D,) [rad/s or m/s] and, where it is measured, (D,) [N or Nm] as a message."""
    message = JointState(name=list(names))
    message.header.stamp = to_time(stamp_ns)
    message.position, message.velocity, message.effort = to_array(position), to_array(velocity), to_array(effort)
    return message


def joint_state_value(message: JointState) -> tuple[int, tuple[str, ...], types.FloatArray, types.FloatArray,
                                                    types.FloatArray]:
    """Stamp [ns], names, position, velocity, effort (views; the last two may be empty) in the message's own order."""
    return (to_ns(message.header.stamp), tuple(message.name), np.asarray(message.position, dtype=np.float64),
            np.asarray(message.velocity, dtype=np.float64), np.asarray(message.effort, dtype=np.float64))


def chunk_message(chunk: types.ActionChunk, names: tuple[str, ...]) -> msg.ActionChunk:
    """Action chunk as a message; raises DataError unless it has one column for each name."""
    if chunk.positions.ndim != 2 or chunk.positions.shape[1] != len(names):
        raise DataError(f'chunk {chunk.sequence}: positions of shape {chunk.positions.shape}, but the robot file asks '
                        f'for {len(names)} columns: {names[0]} to {names[-1]}')
    message = msg.ActionChunk(
        sequence=chunk.sequence, task_id=chunk.task_id, latent_version=chunk.latent_version,
        observation=to_time(chunk.observation_ns), joints=to_time(chunk.joints_ns), latent=to_time(chunk.latent_ns),
        begun=to_time(chunk.begun_ns), step=to_duration(chunk.step_ns),
        inference=to_duration(chunk.inference_ns), joint_names=list(names))
    message.header.stamp = to_time(chunk.stamp_ns)
    message.positions = to_array(np.asarray(chunk.positions, dtype=np.float64))
    message.pictures = array('q', chunk.pictures_ns)
    if chunk.confidence is not None:
        message.confidence = to_array(np.asarray(chunk.confidence, dtype=np.float32))
    return message


def chunk_value(message: msg.ActionChunk, names: tuple[str, ...]) -> types.ActionChunk:
    """Action chunk of a message; raises DataError unless it is rows of exactly the named columns in that order."""
    if tuple(message.joint_names) != names:
        wrong = sorted(set(message.joint_names) ^ set(names)) or ['their order']
        raise DataError(f'chunk {message.sequence}: columns do not fit the robot; see {", ".join(wrong[:5])}')
    positions = np.asarray(message.positions, dtype=np.float64)
    if positions.size == 0 or positions.size % len(names):
        raise DataError(f'chunk {message.sequence}: {positions.size} numbers are not rows of {len(names)} columns')
    positions = positions.reshape(-1, len(names))
    confidence = np.asarray(message.confidence, dtype=np.float32)
    if confidence.size not in (0, len(positions)):
        raise DataError(f'chunk {message.sequence}: {confidence.size} confidences for {len(positions)} rows')
    if to_ns(message.step) <= 0:
        raise DataError(f'chunk {message.sequence}: its step must be longer than nothing')
    return types.ActionChunk(
        stamp_ns=to_ns(message.header.stamp), step_ns=to_ns(message.step), positions=positions,
        latent_version=message.latent_version, sequence=message.sequence,
        confidence=confidence if confidence.size else None, task_id=message.task_id,
        observation_ns=to_ns(message.observation), pictures_ns=tuple(message.pictures), joints_ns=to_ns(message.joints),
        latent_ns=to_ns(message.latent), begun_ns=to_ns(message.begun), inference_ns=to_ns(message.inference))


def window_message(window: types.JointWindow, names: tuple[str, ...],
                   stamp_ns: int | None = None) -> JointTrajectory:
    """Window as a JointTrajectory that is stamped `stamp_ns`, by default with the time of point 0."""
    message = JointTrajectory(joint_names=list(names))
    stamp_ns = window.stamp_ns if stamp_ns is None else stamp_ns
    message.header.stamp = to_time(stamp_ns)
    message.points = [
        JointTrajectoryPoint(positions=to_array(window.position[i]), velocities=to_array(window.velocity[i]),
                             accelerations=to_array(window.acceleration[i]),
                             time_from_start=to_duration(window.stamp_ns - stamp_ns + i * window.step_ns))
        for i in range(len(window.position))]
    return message


def window_value(message: JointTrajectory, names: tuple[str, ...]) -> types.JointWindow:
    """Window of a JointTrajectory on an even grid; raises DataError that says what does not fit."""
    if tuple(message.joint_names) != names:
        wrong = sorted(set(message.joint_names) ^ set(names)) or ['their order']
        raise DataError(f'trajectory: joints do not fit the robot; see {", ".join(wrong[:5])}')
    if len(message.points) > MAX_POINTS:  # to read them would keep the bridge from its set-points
        raise DataError(f'trajectory: {len(message.points)} points, at most {MAX_POINTS} are read')
    times_ns = np.array([to_ns(point.time_from_start) for point in message.points], dtype=np.int64)
    return on_grid(to_ns(message.header.stamp), times_ns, *(
        _rows(message, name, len(names)) for name in ('positions', 'velocities', 'accelerations')))


def on_grid(stamp_ns: int, times_ns: NDArray[np.int64], position: types.FloatArray, velocity: types.FloatArray,
            acceleration: types.FloatArray) -> types.JointWindow:
    """Window of rows (N, D) that hold `times_ns` (N,) after the stamp; raises DataError unless these are even steps."""
    if times_ns.size < 2 or times_ns[1] <= times_ns[0] or np.ptp(np.diff(times_ns)) != 0:
        raise DataError('trajectory: at least two points on an even grid are needed')
    return types.JointWindow(stamp_ns + int(times_ns[0]), int(times_ns[1] - times_ns[0]), position, velocity,
                             acceleration)


def _rows(message: JointTrajectory, name: str, width: int) -> types.FloatArray:
    rows = [np.asarray(getattr(point, name), dtype=np.float64) for point in message.points]
    for i, row in enumerate(rows):
        if row.size != width:
            raise DataError(f'trajectory: point {i} has {row.size} {name} for {width} joints')
    return np.stack(rows) if rows else np.empty((0, width))


def fusion_status_message(report: types.FusionReport, chunk: types.ActionChunk, now_ns: int, trajectory_ns: int,
                          anchor: types.FloatArray = NONE) -> msg.FusionStatus:
    """What became of a chunk; `trajectory_ns` is the stamp of the first window that it had a part in, `anchor` (D,)
    [rad or m] where the motion began anew with it, empty (0,) where it went on."""
    message = msg.FusionStatus(
        sequence=chunk.sequence, accepted=report.accepted, reason=report.reason,
        observation=to_time(chunk.observation_ns), latent=to_time(chunk.latent_ns), trajectory=to_time(trajectory_ns),
        delay=to_duration(nanoseconds(report.delay_s)), transition=to_duration(nanoseconds(report.transition_s)),
        disagreement_position=report.disagreement_position, disagreement_velocity=report.disagreement_velocity,
        disagreement_acceleration=report.disagreement_acceleration,
        seam_position=report.seam_position, seam_velocity=report.seam_velocity,
        seam_acceleration=report.seam_acceleration, samples_limited=report.samples_limited,
        limited_joints=[joint.name for joint in report.limited],
        limited_slowdown=[joint.slowdown for joint in report.limited],
        limited_beyond=[joint.beyond for joint in report.limited], anchor=to_array(anchor))
    message.header.stamp = to_time(now_ns)
    return message


class SetPointMessage:
    """The message of a set-point, filled anew for each one: a new message costs four times as much."""

    def __init__(self, dof: int) -> None:
        self._message = msg.JointSetPoint()
        self._message.position, self._message.velocity, self._message.acceleration = (
            array('d', bytes(8 * dof)) for _ in range(3))
        self._position, self._velocity, self._acceleration = map(np.frombuffer, (
            self._message.position, self._message.velocity, self._message.acceleration))

    def of(self, command: types.JointCommand, sent_ns: int, trajectory_ns: int, state: str, reason: str, *,
           late: bool = False, latched: bool = False) -> msg.JointSetPoint:
        """One set-point as the bridge sent it; good until the next call."""
        message = self._message
        _set_time(message.header.stamp, command.stamp_ns)
        _set_time(message.sent, sent_ns)
        _set_time(message.trajectory, trajectory_ns)
        message.state, message.reason, message.late, message.latched = state, reason, late, latched
        self._position[:], self._velocity[:] = command.position, command.velocity
        self._acceleration[:] = command.acceleration
        return message


def set_point_value(message: msg.JointSetPoint) -> types.JointCommand:
    """What it asks of the joints; arrays may be of any size."""
    return types.JointCommand(to_ns(message.header.stamp), *map(
        np.asarray, (message.position, message.velocity, message.acceleration)))


def controller_message(position: types.FloatArray) -> Float64MultiArray:
    """Set-point of one controller, in the order of its joints [rad or m]."""
    message = Float64MultiArray()
    message.data = to_array(position)
    return message
