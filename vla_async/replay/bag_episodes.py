"""Episodes of a bag: from each task that was given to its end, as facts and trace."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from vla_async.embodiment import Embodiment
from vla_async.errors import DataError
from vla_async.replay.bag import Received, messages, open_bag, stamp_of, to_ns
from vla_async.replay.trace import EpisodeFacts, RecordedEpisode, TraceRecorder
from vla_async.types import ActionChunk, FusionReport, JointCommand, Latent

TOPICS = ('task', 'latent', 'action_chunk', 'fusion_status', 'joint_set_point', 'simulation_status', 'diagnostics')
SETTLING_NS = 300_000_000  # the judge's last word on an episode may come this long after its end


@dataclass
class _Open:
    """An episode while its messages come."""

    recorder: TraceRecorder
    start_ns: int
    instruction: str
    restarts_before: int
    judged: list[Any] = field(default_factory=list)  # SimulationStatus


def read_episodes(bag: Path, robot: Embodiment) -> list[RecordedEpisode]:
    """All episodes of a bag; raises DataError when it is unreadable or made with another robot."""
    reading = _Reading(robot)
    try:
        with open_bag(bag) as reader:
            for received in messages(reader, *TOPICS):
                reading.take(received)
        return reading.finish()
    except (ValueError, TypeError, LookupError, OverflowError) as error:  # sizes and numbers that do not fit together
        raise DataError(f'{bag}: holds what no node of the suite sends: {error}') from error


class _Reading:
    """Sorts messages into episodes, by the name of their topic."""

    def __init__(self, robot: Embodiment) -> None:
        self._robot = robot
        self._open: _Open | None = None
        self._closed: list[tuple[_Open, int, int]] = []  # episode, end [ns], restarts at its end
        self._restarts = self._counted = self._last_ns = 0
        self._handlers: dict[str, Callable[[Received, TraceRecorder], None]] = {
            'latent': _latent, 'action_chunk': self._chunk, 'fusion_status': _fusion,
            'joint_set_point': self._set_point}

    def take(self, received: Received) -> None:
        """One message."""
        self._last_ns = received.received_ns
        if received.topic == 'task':
            self._task(received.message)
        elif received.topic == 'diagnostics':
            self._diagnostics(received.message)
        elif received.topic == 'simulation_status':
            self._judged(received)
        elif self._open is not None:
            self._handlers[received.topic](received, self._open.recorder)

    def finish(self) -> list[RecordedEpisode]:
        """The episodes; one that is still open ends with the bag."""
        self._close(self._last_ns)
        return [self._episode(*closed) for closed in self._closed]

    def _task(self, message: Any) -> None:
        start_ns = stamp_of(message)
        self._close(start_ns)
        if message.instruction.strip():
            recorder = TraceRecorder(self._robot.joint_names, self._robot.chunk_columns)
            self._open = _Open(recorder, start_ns, message.instruction, self._restarts)

    def _close(self, end_ns: int) -> None:
        if self._open is not None:
            self._closed.append((self._open, end_ns, self._restarts))
            self._open = None

    def _diagnostics(self, message: Any) -> None:
        """The manager counts what it has brought back; one that was itself started anew begins at 0."""
        for status in message.status:
            for value in status.values:
                if 'lifecycle_manager' in status.name and value.key == 'restarts':
                    before, self._counted = self._counted, int(value.value)
                    self._restarts += self._counted - before * (self._counted >= before)

    def _judged(self, received: Received) -> None:
        """The judge's word belongs to the open episode, or to the one that has just ended."""
        if self._open is not None:
            self._open.judged.append(received.message)
        elif self._closed and received.received_ns - self._closed[-1][1] < SETTLING_NS:
            self._closed[-1][0].judged.append(received.message)

    def _episode(self, episode: _Open, end_ns: int, restarts: int) -> RecordedEpisode:
        trace = episode.recorder.finish(episode.start_ns, end_ns, restarts - episode.restarts_before)
        last = episode.judged[-1] if episode.judged else None
        success = any(status.success for status in episode.judged)
        facts = EpisodeFacts(
            task=last.task if last else '', seed=int(last.seed) if last else 0, instruction=episode.instruction,
            success=success, correct_target=bool(last and last.correct_target),
            ended='success' if success else 'not reached')
        return RecordedEpisode(facts, trace)

    def _chunk(self, received: Received, recorder: TraceRecorder) -> None:
        message = received.message
        if tuple(message.joint_names) != self._robot.chunk_columns:
            raise DataError(f'the bag was made with other joints than those of {self._robot.name}; '
                            'name the robot that it was recorded with')
        recorder.chunk(ActionChunk(
            stamp_ns=stamp_of(message), step_ns=to_ns(message.step), sequence=message.sequence,
            positions=np.asarray(message.positions).reshape(-1, len(message.joint_names)),
            observation_ns=to_ns(message.observation), latent_ns=to_ns(message.latent),
            inference_ns=to_ns(message.inference)))

    def _set_point(self, received: Received, recorder: TraceRecorder) -> None:
        message = received.message
        arrays = (message.position, message.velocity, message.acceleration)
        command = JointCommand(stamp_of(message), *(np.asarray(array, dtype=np.float64) for array in arrays))
        recorder.set_point(command, to_ns(message.sent), to_ns(message.trajectory), message.state, message.late)


def _latent(received: Received, recorder: TraceRecorder) -> None:
    message = received.message
    none = np.empty((0, 0), dtype=np.float16)  # the tensors are of no use to the figures
    recorder.latent(Latent(
        stamp_ns=stamp_of(message), ready_ns=to_ns(message.ready), sequence=message.sequence, task_id=message.task_id,
        instruction=message.instruction, model_id=message.model_id, instruction_embedding=none, fusion=none,
        complete=message.complete))


def _fusion(received: Received, recorder: TraceRecorder) -> None:
    message = received.message
    chunk = ActionChunk(stamp_ns=0, step_ns=1, positions=np.empty((0, 0)), observation_ns=to_ns(message.observation),
                        latent_ns=to_ns(message.latent))
    report = FusionReport(message.sequence, message.accepted, message.reason, seam_position=message.seam_position,
                          seam_velocity=message.seam_velocity, seam_acceleration=message.seam_acceleration)
    recorder.fusion(report, chunk, stamp_of(message), to_ns(message.trajectory))
