"""What was replayed, cut into stretches: each is judged as soon as it is whole, so memory does not grow with the bag.

A stretch is over after STRETCH_S or when the task changes. What the robot did is kept for LOOK_AHEAD_S longer, for a
chunk is compared with what the robot did while the chunk lasted.
"""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from vla_async.embodiment import Embodiment
from vla_async.joint_order import JointReading
from vla_async.replay.trace import EpisodeTrace, TraceRecorder
from vla_async.timebase import NS_PER_S
from vla_async.types import ActionChunk, FloatArray, FusionReport, StampArray

STRETCH_S = 20
LOOK_AHEAD_S = 3
GAP_NS = NS_PER_S // 4  # nobody knows what the robot did while no joint states came for longer


@dataclass(frozen=True)
class Measured:
    """What the robot did. M joint states, D joints."""

    stamp_ns: StampArray  # (M,) rising
    position: FloatArray  # (M, D) [rad or m]
    velocity: FloatArray  # (M, D) [rad/s or m/s]

    def at(self, times_ns: StampArray) -> tuple[FloatArray, np.ndarray]:
        """Positions (N, D) at `times_ns` (N,), on the line between two joint states, and which are known (N,)."""
        if len(self.stamp_ns) < 2:
            return np.zeros((len(times_ns), self.position.shape[1])), np.zeros(len(times_ns), dtype=bool)
        after = np.clip(np.searchsorted(self.stamp_ns, times_ns), 1, len(self.stamp_ns) - 1)
        before_ns, after_ns = self.stamp_ns[after - 1], self.stamp_ns[after]
        share = ((times_ns - before_ns) / (after_ns - before_ns))[:, None]
        inside = (times_ns >= self.stamp_ns[0]) & (times_ns <= self.stamp_ns[-1])
        known = inside & (after_ns - before_ns < GAP_NS)
        return (1 - share) * self.position[after - 1] + share * self.position[after], known


@dataclass(frozen=True)
class Refusal:
    """A chunk that did not enter the motion."""

    at_ns: int
    reason: str


@dataclass(frozen=True)
class Stretch:
    """A part of a replay with one instruction."""

    instruction: str
    trace: EpisodeTrace
    measured: Measured
    disagreement: FloatArray  # (F, 3) of each judged chunk: jump in position, velocity, acceleration a splice had made
    refusals: tuple[Refusal, ...]


@dataclass
class _Open:
    """A stretch while it is lived."""

    instruction: str
    start_ns: int
    recorder: TraceRecorder
    end_ns: int = 0
    rows: int = 0  # of its chunks; 0: it has none yet
    disagreement: list[tuple[float, float, float]] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    readings: list[JointReading] = field(default_factory=list)

    def add(self, chunk: ActionChunk, report: FusionReport, now_ns: int) -> None:
        """A chunk and what became of it at `now_ns`."""
        self.rows = len(chunk.positions)
        self.recorder.chunk(chunk)
        self.recorder.fusion(report, chunk, now_ns, now_ns)
        self.disagreement.append((report.disagreement_position, report.disagreement_velocity,
                                  report.disagreement_acceleration))
        if not report.accepted:
            self.refusals.append(Refusal(now_ns, report.reason))


class StretchCutter:
    """Takes what happens, in order; `done` gives the stretches that are whole."""

    def __init__(self, robot: Embodiment) -> None:
        self._robot = robot
        self._open: _Open | None = None
        self._ending: list[_Open] = []
        self._newest: list[JointReading] = []  # one, or none yet

    @property
    def now(self) -> _Open | None:
        """The one that is lived, None while nothing is asked of the robot."""
        return self._open

    def begin(self, instruction: str, at_ns: int) -> None:
        """From `at_ns` on the robot is asked for something, or, with an empty instruction, for nothing."""
        self._close(at_ns)
        if instruction:
            recorder = TraceRecorder(self._robot.joint_names, self._robot.chunk_columns)
            self._open = _Open(instruction, at_ns, recorder, readings=self._newest.copy())

    def cut(self, at_ns: int) -> None:
        """Another stretch of the same."""
        if self._open is not None:
            self.begin(self._open.instruction, at_ns)

    def add(self, chunk: ActionChunk, report: FusionReport, now_ns: int) -> None:
        """A chunk and what became of it at `now_ns`."""
        if self._open is not None:
            if self._open.rows not in (0, len(chunk.positions)):
                self.cut(now_ns)  # a table has chunks of one length
            self._open.add(chunk, report, now_ns)

    def measured(self, reading: JointReading) -> None:
        """What the robot does."""
        self._newest = [reading]
        for part in (*self._ending, *([self._open] if self._open else ())):
            if not part.readings or reading.stamp_ns > part.readings[-1].stamp_ns:
                part.readings.append(reading)

    def advance(self, now_ns: int) -> Iterator[Stretch]:
        """The stretches that are whole at `now_ns`; a long one is cut here."""
        if self._open is not None and now_ns - self._open.start_ns >= STRETCH_S * NS_PER_S:
            self.cut(now_ns)
        while self._ending and now_ns - self._ending[0].end_ns >= LOOK_AHEAD_S * NS_PER_S:
            yield self._whole(self._ending.pop(0))

    def finish(self, now_ns: int) -> Iterator[Stretch]:
        """The rest, at the end of the recording."""
        self._close(now_ns)
        while self._ending:
            yield self._whole(self._ending.pop(0))

    def _close(self, at_ns: int) -> None:
        if self._open is not None:
            self._open.end_ns = at_ns
            self._ending.append(self._open)
            self._open = None

    def _whole(self, part: _Open) -> Stretch:
        dof = self._robot.dof
        measured = Measured(
            np.array([reading.stamp_ns for reading in part.readings], dtype=np.int64),
            np.array([reading.position for reading in part.readings]).reshape(-1, dof),
            np.array([reading.velocity for reading in part.readings]).reshape(-1, dof))
        return Stretch(part.instruction, part.recorder.finish(part.start_ns, part.end_ns), measured,
                       np.array(part.disagreement).reshape(-1, 3), tuple(part.refusals))
