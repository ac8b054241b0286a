"""What one episode leaves behind, as columns: the common input of metrics, plots and parity tests.

Filled by the pipeline in virtual time, or read from a bag. It knows neither ROS nor the simulation.
Letters: L latents, C chunks, F judged chunks, S set-points, H steps, D joints.
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from vla_async.types import ActionChunk, FloatArray, FusionReport, JointCommand, Latent, StampArray

Table = TypeVar('Table', bound='Columns')


@dataclass(frozen=True)
class Columns:
    """Base of the tables below: one array per field, all of the same length."""

    @classmethod
    def of(cls: type[Table], rows: Sequence[Sequence[Any]], **shapes: tuple[int, ...]) -> Table:
        """Table of rows in the order of the fields; `shapes` gives the shape of one entry where it is not a scalar."""
        columns = list(zip(*rows, strict=True)) or [() for _ in fields(cls)]
        return cls(**{
            f.name: np.array(column, dtype=DTYPES.get(f.name, np.int64)).reshape(len(rows), *shapes.get(f.name, ()))
            for f, column in zip(fields(cls), columns, strict=True)})

    def __len__(self) -> int:
        return len(getattr(self, fields(self)[0].name))

    def where(self: Table, keep: NDArray[np.bool_] | NDArray[np.intp]) -> Table:
        """The rows for which `keep` is true, or whose numbers it holds."""
        return type(self)(**{f.name: getattr(self, f.name)[keep] for f in fields(self)})


DTYPES: dict[str, Any] = {
    'complete': np.bool_, 'accepted': np.bool_, 'late': np.bool_, 'following': np.bool_,
    **dict.fromkeys(('position', 'velocity', 'acceleration', 'positions'), np.float64),
    **dict.fromkeys(('seam_position', 'seam_velocity', 'seam_acceleration'), np.float64),
}


@dataclass(frozen=True)
class LatentColumns(Columns):
    """Slow results, in the order in which they were latched."""

    stamp_ns: StampArray  # (L,) observation that was read
    ready_ns: StampArray  # (L,)
    sequence: StampArray  # (L,)
    complete: NDArray[np.bool_]  # (L,) False: published after prefill


@dataclass(frozen=True)
class ChunkColumns(Columns):
    """Action chunks as generated."""

    stamp_ns: StampArray  # (C,) time of row 0
    step_ns: StampArray  # (C,)
    sequence: StampArray  # (C,)
    observation_ns: StampArray  # (C,)
    latent_ns: StampArray  # (C,) 0: made without a fused latent
    inference_ns: StampArray  # (C,)
    positions: FloatArray  # (C, H, chunk_columns) [rad or m]


@dataclass(frozen=True)
class FusionColumns(Columns):
    """What became of each chunk."""

    judged_ns: StampArray  # (F,)
    sequence: StampArray  # (F,)
    accepted: NDArray[np.bool_]  # (F,)
    observation_ns: StampArray  # (F,)
    latent_ns: StampArray  # (F,) 0: made without a fused latent
    trajectory_ns: StampArray  # (F,) stamp of the first trajectory that the chunk had a part in
    seam_position: FloatArray  # (F,) [rad or m]
    seam_velocity: FloatArray  # (F,) [rad/s or m/s]
    seam_acceleration: FloatArray  # (F,) [rad/s^2 or m/s^2]


@dataclass(frozen=True)
class SetPointColumns(Columns):
    """Set-points as they left for the controllers."""

    stamp_ns: StampArray  # (S,) instant that it holds for
    sent_ns: StampArray  # (S,)
    trajectory_ns: StampArray  # (S,) stamp of the trajectory that it was sampled from; 0: held
    following: NDArray[np.bool_]  # (S,)
    late: NDArray[np.bool_]  # (S,)
    position: FloatArray  # (S, D) [rad or m]
    velocity: FloatArray  # (S, D)
    acceleration: FloatArray  # (S, D)


@dataclass(frozen=True)
class EpisodeTrace:
    """One episode: from the task being given (`start_ns`) to its end (`end_ns`)."""

    joint_names: tuple[str, ...]
    start_ns: int
    end_ns: int
    latents: LatentColumns
    chunks: ChunkColumns
    fusions: FusionColumns
    set_points: SetPointColumns
    chunk_columns: tuple[str, ...]  # joint names, or hand poses and grippers
    node_restarts: int = 0

    @property
    def duration_s(self) -> float:
        return (self.end_ns - self.start_ns) / 1e9


@dataclass(frozen=True)
class EpisodeFacts:
    """How an episode went, in the judge's words."""

    task: str
    seed: int
    instruction: str
    success: bool
    correct_target: bool
    ended: str  # success | time limit | canceled | ...


@dataclass(frozen=True)
class RecordedEpisode:
    """Facts and trace of one episode."""

    facts: EpisodeFacts
    trace: EpisodeTrace


class TraceRecorder:
    """Collects rows while an episode runs; `finish` makes the columns."""

    def __init__(self, joint_names: tuple[str, ...], chunk_columns: tuple[str, ...] = ()) -> None:
        """`chunk_columns` names those of the chunks, the joints by default."""
        self._joint_names, self._chunk_columns = joint_names, chunk_columns or joint_names
        self._latents: list[Sequence[Any]] = []
        self._chunks: list[Sequence[Any]] = []
        self._fusions: list[Sequence[Any]] = []
        self._set_points: list[Sequence[Any]] = []

    def latent(self, latent: Latent) -> None:
        """A slow result that was latched."""
        self._latents.append((latent.stamp_ns, latent.ready_ns, latent.sequence, latent.complete))

    def chunk(self, chunk: ActionChunk) -> None:
        """A chunk as it left the generator; every chunk of an episode has the same shape."""
        self._chunks.append((chunk.stamp_ns, chunk.step_ns, chunk.sequence, chunk.observation_ns, chunk.latent_ns,
                             chunk.inference_ns, chunk.positions))

    def fusion(self, report: FusionReport, chunk: ActionChunk, judged_ns: int, trajectory_ns: int) -> None:
        """What became of `chunk`, and the stamp of the first trajectory that it had a part in."""
        self._fusions.append((judged_ns, report.sequence, report.accepted, chunk.observation_ns, chunk.latent_ns,
                              trajectory_ns, report.seam_position, report.seam_velocity, report.seam_acceleration))

    def set_point(self, command: JointCommand, sent_ns: int, trajectory_ns: int, state: str, late: bool) -> None:
        """A set-point as it left; `state` is the bridge's."""
        self._set_points.append((command.stamp_ns, sent_ns, trajectory_ns, state == 'following', late,
                                 command.position, command.velocity, command.acceleration))

    def finish(self, start_ns: int, end_ns: int, node_restarts: int = 0) -> EpisodeTrace:
        """The rows so far as an episode from `start_ns` to `end_ns`."""
        dof = len(self._joint_names)
        horizon = len(self._chunks[0][-1]) if self._chunks else 0
        per_joint = dict.fromkeys(('position', 'velocity', 'acceleration'), (dof,))
        return EpisodeTrace(self._joint_names, start_ns, end_ns, LatentColumns.of(self._latents),
                            ChunkColumns.of(self._chunks, positions=(horizon, len(self._chunk_columns))),
                            FusionColumns.of(self._fusions), SetPointColumns.of(self._set_points, **per_joint),
                            self._chunk_columns, node_restarts)
