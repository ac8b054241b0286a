"""The figures of a replay, added up stretch by stretch: memory does not grow with the length of the bag."""
from __future__ import annotations

import re
from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vla_async.embodiment import Embodiment
from vla_async.replay import metrics
from vla_async.replay.open_loop.errors import JointErrors, MeanSquare, WeightedMean
from vla_async.replay.open_loop.histogram import Histogram
from vla_async.replay.open_loop.measures import chunk_disagreement, jerk, runs, spectral_arc_length
from vla_async.replay.open_loop.stretch import Measured, Stretch
from vla_async.replay.trace import EpisodeTrace, SetPointColumns
from vla_async.types import FloatArray, StampArray

PIECE_NS = 1_000_000_000  # the motion is compared with the robot's in pieces of a second
PIECE_ROWS = 30
ORDERS = ('position_max', 'velocity_max', 'acceleration_max')
BEYOND = 1.001  # times a limit; difference quotients of rounded stamps are off by a little
NUMBERS = re.compile(r'\d[\d.e+-]*')


class Tally:
    """Figures of any number of stretches, all of one robot; phases have all but the spectral arc length."""

    def __init__(self, robot: Embodiment) -> None:
        self._robot = robot
        dof = robot.dof
        self._seconds = self._idle_s = self._idle_longest_s = 0.0
        self._chunks, self._refused = 0, Counter[str]()
        self._chunk_error, self._motion_error = JointErrors(dof), JointErrors(dof)
        self._consistency = MeanSquare(len(robot.chunk_columns))
        self._jerk, self._robot_jerk = MeanSquare(dof), MeanSquare(dof)
        self._arc, self._robot_arc = WeightedMean(), WeightedMean()
        self._latent_age, self._chunk_age = Histogram(), Histogram()
        self._seam, self._disagreement = np.zeros((2, 3))
        self._ratios = np.zeros(2)  # largest velocity and acceleration to their limits
        self._points = self._beyond = 0

    def add(self, stretch: Stretch, phase: tuple[StampArray, NDArray[np.bool_]] | None = None) -> None:
        """A stretch, or the part of it in which `phase`, times (N,) and flags (N,), is true."""
        trace = stretch.trace
        points = trace.set_points
        inside = np.ones(len(points), dtype=bool) if phase is None else flags_at(phase, points.sent_ns)
        self._add_time(trace, inside)
        self._add_motion(stretch, inside)
        judged = trace.fusions.judged_ns
        self._add_chunks(stretch, np.ones(len(judged), dtype=bool) if phase is None else flags_at(phase, judged))
        if phase is None:
            self._add_ages(trace)
            self._add_arcs(stretch)
            for refusal in stretch.refusals:
                self._refused[NUMBERS.sub('#', refusal.reason)] += 1

    def merge(self, other: Tally) -> None:
        """Add what `other` has added."""
        self._seconds += other._seconds
        self._idle_s += other._idle_s
        self._idle_longest_s = max(self._idle_longest_s, other._idle_longest_s)
        self._chunks += other._chunks
        self._refused += other._refused
        for name in ('_chunk_error', '_motion_error', '_consistency', '_jerk', '_robot_jerk', '_arc', '_robot_arc',
                     '_latent_age', '_chunk_age'):
            getattr(self, name).merge(getattr(other, name))
        for name in ('_seam', '_disagreement', '_ratios'):
            np.maximum(getattr(self, name), getattr(other, name), out=getattr(self, name))
        self._points += other._points
        self._beyond += other._beyond

    def report(self) -> dict[str, Any]:
        """Every figure under its published key; None: unknown."""
        seconds = self._seconds
        return {
            'duration_s': seconds, 'idle_s': self._idle_s, 'idle_longest_s': self._idle_longest_s,
            'chunks': self._chunks, 'chunk_rate_hz': self._chunks / seconds if seconds else None,
            'refused': dict(sorted(self._refused.items())),
            'latent_age_ms': self._latent_age.spread(), 'chunk_age_ms': self._chunk_age.spread(),
            'seam': self._maxima(self._seam), 'disagreement': self._maxima(self._disagreement),
            'consistency_rms': self._consistency.rms(),
            'error': {'chunk': self._chunk_error.report(), 'motion': self._motion_error.report()},
            'jerk_rms': {'motion': self._jerk.rms(), 'robot': self._robot_jerk.rms()},
            'spectral_arc_length': {'motion': self._arc.mean(), 'robot': self._robot_arc.mean()},
            'limits': {'velocity_ratio_max': float(self._ratios[0]) if self._points else None,
                       'acceleration_ratio_max': float(self._ratios[1]) if self._points else None,
                       'samples_beyond': self._beyond / self._points if self._points else None}}

    def joints(self) -> dict[str, dict[str, dict[str, float]]]:
        """The errors of chunks and of the motion, joint by joint."""
        names = self._robot.joint_names
        return {'chunk': self._chunk_error.by_joint(names), 'motion': self._motion_error.by_joint(names)}

    def _maxima(self, values: FloatArray) -> dict[str, float | None]:
        return {key: float(value) if self._chunks else None for key, value in zip(ORDERS, values, strict=True)}

    def _add_time(self, trace: EpisodeTrace, inside: NDArray[np.bool_]) -> None:
        points = trace.set_points
        if len(points) == 0:
            return
        period_s = trace.duration_s / len(points)
        idle = runs(~points.following & inside)
        self._seconds += period_s * int(inside.sum())
        self._idle_s += period_s * int((~points.following & inside).sum())
        self._idle_longest_s = max([self._idle_longest_s, *(period_s * (idle[:, 1] - idle[:, 0]))])

    def _add_motion(self, stretch: Stretch, inside: NDArray[np.bool_]) -> None:
        points = stretch.trace.set_points
        if len(points) > 3:
            step_s = float(np.median(np.diff(points.stamp_ns))) / 1e9
            self._jerk.add(jerk(points.position, step_s)[inside[3:]])
            self._add_limits(points, inside)
            self._add_motion_error(stretch, inside)
        measured = stretch.measured
        if len(measured.stamp_ns) > 2:
            steps_s = np.diff(measured.stamp_ns)[:, None] / 1e9
            self._robot_jerk.add(np.diff(np.diff(measured.velocity, axis=0) / steps_s, axis=0) / steps_s[1:])

    def _add_limits(self, points: SetPointColumns, inside: NDArray[np.bool_]) -> None:
        velocity, acceleration = metrics.difference_quotients(points.stamp_ns, points.position)
        shares = (np.abs(velocity[1:]) / self._robot.array('velocity'),
                  np.abs(acceleration) / self._robot.array('acceleration'))
        worst = np.stack([share[inside[2:]].max(axis=1) for share in shares], axis=1)  # (N-2, 2)
        self._ratios = np.maximum(self._ratios, worst.max(axis=0, initial=0.0))
        self._points += len(worst)
        self._beyond += int(np.count_nonzero((worst > BEYOND).any(axis=1)))

    def _add_motion_error(self, stretch: Stretch, inside: NDArray[np.bool_]) -> None:
        points = stretch.trace.set_points
        starts = np.arange(points.stamp_ns[0], points.stamp_ns[-1] - PIECE_NS, PIECE_NS)
        times = starts[:, None] + np.arange(PIECE_ROWS) * (PIECE_NS // PIECE_ROWS)  # (C, H)
        rows = np.searchsorted(points.stamp_ns, times)
        compared = (inside & points.following)[rows].all(axis=1)
        rows = rows[compared]
        self._motion_error.add(*_known(points.position[rows], points.stamp_ns[rows], stretch.measured))

    def _add_chunks(self, stretch: Stretch, inside: NDArray[np.bool_]) -> None:
        trace = stretch.trace
        taken = np.flatnonzero(trace.fusions.accepted & inside)
        fusions, chunks = trace.fusions.where(taken), trace.chunks.where(taken)
        self._chunks += len(taken)
        seams = np.stack([fusions.seam_position, fusions.seam_velocity, fusions.seam_acceleration], axis=1)
        self._seam = np.maximum(self._seam, seams.max(axis=0, initial=0.0))
        self._disagreement = np.maximum(self._disagreement, stretch.disagreement[taken].max(axis=0, initial=0.0))
        for i in range(len(taken) - 1):
            shift = (chunks.stamp_ns[i + 1] - chunks.stamp_ns[i]) / chunks.step_ns[i]
            self._consistency.add(chunk_disagreement(chunks.positions[i], chunks.positions[i + 1], shift))
        if trace.chunk_columns == trace.joint_names:  # a robot tells its joints, not the poses of its hands
            times = chunks.stamp_ns[:, None] + chunks.step_ns[:, None] * np.arange(chunks.positions.shape[1])
            self._chunk_error.add(*_known(chunks.positions, times, stretch.measured))

    def _add_ages(self, trace: EpisodeTrace) -> None:
        self._latent_age.add(metrics.latent_age_ms(trace))
        self._chunk_age.add(metrics.chunk_age_ms(trace))

    def _add_arcs(self, stretch: Stretch) -> None:
        trace, measured = stretch.trace, stretch.measured
        for mean, stamps, position in ((self._arc, trace.set_points.stamp_ns, trace.set_points.position),
                                       (self._robot_arc, measured.stamp_ns, measured.position)):
            if len(stamps) > 2:  # of the positions: some fusers tell no velocity
                velocity, _ = metrics.difference_quotients(stamps, position)
                speed = np.linalg.norm(velocity / self._robot.array('velocity'), axis=1)
                mean.add(spectral_arc_length(speed, 1e9 / float(np.median(np.diff(stamps)))), trace.duration_s)


def _known(made: FloatArray, times_ns: StampArray, measured: Measured) -> tuple[FloatArray, FloatArray]:
    """Those of the pieces `made` (C, H, D) at `times_ns` (C, H) for which it is known what the robot did, and that."""
    done, known = measured.at(times_ns.ravel())
    whole = known.reshape(times_ns.shape).all(axis=1)
    return made[whole], done.reshape(made.shape)[whole]


def flags_at(phase: tuple[StampArray, NDArray[np.bool_]], times_ns: StampArray) -> NDArray[np.bool_]:
    """Whether a phase is on at `times_ns` (N,): the flag of the sample before."""
    stamps, flags = phase
    if len(stamps) == 0:
        return np.zeros(len(times_ns), dtype=bool)
    result: NDArray[np.bool_] = flags[np.searchsorted(stamps, times_ns, 'right').clip(1) - 1]
    return result
