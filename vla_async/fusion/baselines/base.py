"""What the fusers of the field have in common: actions on a grid of ticks, sent as they are, held in between.

They are here to be compared with and chosen. They keep no limits and know positions only, as published; what the bridge
needs beyond that, windows that end at rest, is made here of those positions.
"""
from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vla_async.errors import DataError
from vla_async.fusion.admission import Admission, Columns, cleaned
from vla_async.fusion.config import FuserConfig
from vla_async.timebase import NS_PER_S, seconds
from vla_async.types import ActionChunk, FloatArray, FusionReport, JointCommand, JointWindow

# Points in front of a window that its first velocities and accelerations are differences to.
LEAD = 2
# Share of a window that shows the motion as it is; in the rest it comes to rest.
TRUE = 0.2


class Baseline(ABC):
    """Chunks in, set-points out. `synchronous`: the next chunk is asked for when the present one is used up."""

    synchronous = False

    def __init__(self, config: FuserConfig) -> None:
        self.config = config
        self._admission = Admission(Columns.of_joints(config), config.future_s)
        self._running, self._rest_ns = False, 0

    def reset(self, stamp_ns: int, position: ArrayLike) -> None:
        """Start anew: hold `position` (D,) [rad or m] until the first chunk."""
        self._clear(stamp_ns, self.config.joint_values('position', position).copy())
        self._admission.last = None
        self._running, self._rest_ns = True, stamp_ns

    @property
    def rest_ns(self) -> int:
        """Time from which the motion is at rest unless another chunk comes."""
        self._need_start()
        return self._rest_ns

    def following(self, now_ns: int) -> bool:
        """Whether the motion at `now_ns` still lies within a chunk."""
        return self._admission.last is not None and now_ns <= self._rest_ns

    def chunk_age_s(self, now_ns: int) -> float | None:
        """Time since the stamp of the chunk that came last [s], None before the first one."""
        last = self._admission.last
        return None if last is None else seconds(now_ns - last.stamp_ns)

    def add(self, chunk: ActionChunk, now_ns: int) -> FusionReport:
        """Go over to a chunk that arrived at `now_ns`. Never raises for what is in it: the report names the reason.

        The jumps in the report are those that one step of the chunk shows, as differences of positions.
        """
        if not self._running:
            return FusionReport(chunk.sequence, False, 'no start state yet: reset the fuser with the joints')
        reason = self._admission.refusal(chunk, now_ns)
        if reason:
            return FusionReport(chunk.sequence, False, reason)
        chunk = cleaned(chunk)
        then_ns = now_ns + chunk.step_ns
        before = self._position(then_ns)
        reason = self._take(chunk, now_ns)
        if reason:
            return FusionReport(chunk.sequence, False, reason)
        self._admission.last = chunk
        # from then on no chunk says anything, also when it is played late
        self._rest_ns = max(self._rest_ns, max(chunk.stamp_ns, now_ns) + (len(chunk.positions) + 1) * chunk.step_ns)
        row = min(max(then_ns // chunk.step_ns - first_tick(chunk), 0), len(chunk.positions) - 1)
        spliced, fused = chunk.positions[row], self._position(then_ns)
        return FusionReport(chunk.sequence, True, '', seconds(now_ns - chunk.stamp_ns), 0.0,
                            *_jump(spliced - before, chunk), *_jump(fused - before, chunk))

    def command(self, t_ns: int) -> JointCommand:
        """Set-point of time `t_ns`; velocity and acceleration are not sent and NaN."""
        self._need_start()
        position = self._position(t_ns)
        unknown = np.full_like(position, np.nan)
        return JointCommand(t_ns, position, unknown, unknown)

    def window(self, start_ns: int, step_ns: int, count: int) -> JointWindow:
        """The motion at `start_ns + i * step_ns`, i < count; velocity and acceleration are its differences.

        After its first part it plays ever slower and ends at rest. No limits are kept: a receiver may have to refuse
        it. Raises DataError when it is not finite.
        """
        self._need_start()
        with np.errstate(over='ignore', invalid='ignore'):  # told below
            rows = self._between(start_ns + _slowing(step_ns, count), step_ns)
            velocity = np.gradient(rows, step_ns / NS_PER_S, axis=0)
            acceleration = np.gradient(velocity, step_ns / NS_PER_S, axis=0)
        velocity[-1] = acceleration[-1] = 0.0
        window = JointWindow(start_ns, step_ns, rows[LEAD:], velocity[LEAD:], acceleration[LEAD:])
        if not np.isfinite(acceleration).all():
            raise DataError('the fused motion is not finite: chunks wilder than this way of joining them can bear')
        return window

    def _between(self, times_ns: NDArray[np.int64], step_ns: int) -> FloatArray:
        """Positions (N, D) at ascending times (N,), straight from tick to tick."""
        tick_ns = self._tick_ns(step_ns)
        first, last = int(times_ns[0]) // tick_ns, int(times_ns[-1]) // tick_ns + 1
        sent = np.array([self._position(tick * tick_ns) for tick in range(first, last + 1)])
        since = (times_ns - first * tick_ns) / tick_ns
        row = since.astype(np.intp)
        between: FloatArray = sent[row] + (since - row)[:, None] * (sent[row + 1] - sent[row])
        return between

    def _tick_ns(self, step_ns: int) -> int:
        """Spacing of what is sent [ns]; that of the reader, `step_ns`, for a curve that is known at every instant."""
        return step_ns

    def _need_start(self) -> None:
        if not self._running:
            raise DataError('the fuser has no motion yet: call reset with the state of the joints first')

    @abstractmethod
    def _clear(self, stamp_ns: int, position: FloatArray) -> None:
        """Forget everything and hold `position`."""

    @abstractmethod
    def _take(self, chunk: ActionChunk, now_ns: int) -> str:
        """Work the chunk in; returns why that cannot be, or nothing."""

    @abstractmethod
    def _position(self, t_ns: int) -> FloatArray:
        """Position (D,) that is sent at a time."""


def first_tick(chunk: ActionChunk) -> int:
    """Tick of the chunk's row 0: the nearest one to its stamp."""
    return round(chunk.stamp_ns / chunk.step_ns)


def _slowing(step_ns: int, count: int) -> NDArray[np.int64]:
    """Times (LEAD + count,) [ns] since a window's start at which the motion is read; towards the end it stands still.

    Its pace falls evenly from 1 to 0, so no joint brakes harder than it must for the time that is left.
    """
    since = step_ns * np.arange(-LEAD, count)
    braking = (1.0 - TRUE) * step_ns * count
    late = np.maximum(since - TRUE * step_ns * count, 0.0)
    return since - (late ** 2 / (2.0 * braking)).astype(np.int64)


def _jump(difference: FloatArray, chunk: ActionChunk) -> tuple[float, float, float]:
    """A difference of positions (D,) over one step as the largest jump in position, velocity and acceleration."""
    most, step_s = float(np.abs(difference).max()), chunk.step_ns / NS_PER_S
    return most, most / step_s, most / step_s ** 2
