"""A LeRobot dataset as a recording. It holds actions and no chunks: those of the frames from each one on stand for the
chunk of a policy that knew what would come, so that fusers and delays can be judged on it."""
from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import partial
from pathlib import Path

import numpy as np

from vla_async.datasets.lerobot_dataset import Dataset, Episode
from vla_async.embodiment import Embodiment
from vla_async.errors import DataError
from vla_async.joint_order import NONE, JointOrder, JointReading
from vla_async.replay.recordings.events import Event, Fault, Picture
from vla_async.timebase import NS_PER_S
from vla_async.types import ActionChunk, FloatArray, ImageArray, Task

HORIZON = 32  # frames, as many as the policies of this suite look ahead
PAUSE_NS = NS_PER_S  # between two episodes
STATE, VELOCITY, ACTION = 'observation.state', 'observation.velocity', 'action'


class LeRobotRecording:
    """All episodes of a dataset, one after the other. Raises DataError when it cannot be read or is another robot's."""

    tells = frozenset({JointReading, Task, ActionChunk, Picture})

    def __init__(self, root: Path, robot: Embodiment) -> None:
        self.name, self.faults = root.name, list[Fault]()
        self._dataset, self._robot = Dataset(root), robot
        self._step_ns = NS_PER_S // self._dataset.fps
        self._films: dict[str, tuple[int, ImageArray]] = {}
        self._order = JointOrder(robot.joint_names)
        self._states, self._actions = self._columns(STATE), self._columns(ACTION)
        self._speeds = self._columns(VELOCITY) if VELOCITY in self._dataset.numeric else None

    def events(self, pictures: bool) -> Iterator[Event]:
        """As `Recording.events`."""
        self.faults.clear()
        begin_ns = NS_PER_S  # a stamp of 0 means unknown
        for episode in self._dataset.episodes:
            end_ns = begin_ns + episode.length * self._step_ns
            yield Event(begin_ns, Task(2 * episode.index + 1, begin_ns, episode.instruction.strip()))
            for frame in range(episode.length):
                yield from self._frame(episode, frame, begin_ns + frame * self._step_ns, pictures)
            yield Event(end_ns, Task(2 * episode.index + 2, end_ns, ''))
            begin_ns = end_ns + PAUSE_NS

    def stills(self, times_ns: Collection[int]) -> dict[int, ImageArray | None]:
        """As `Recording.stills`, of the first camera."""
        return {at_ns: self._still(at_ns) for at_ns in times_ns}

    def _still(self, at_ns: int) -> ImageArray | None:
        begin_ns = NS_PER_S
        for episode in self._dataset.episodes if self._dataset.cameras else ():
            frame = (at_ns - begin_ns) // self._step_ns
            if 0 <= frame < episode.length:
                return self._pixels(episode.index, self._dataset.cameras[0], frame)
            begin_ns += episode.length * self._step_ns + PAUSE_NS
        return None

    def _frame(self, episode: Episode, frame: int, now_ns: int, pictures: bool) -> Iterator[Event]:
        row = episode.start + frame
        speed = NONE if self._speeds is None else self._speeds[row]
        try:
            yield Event(now_ns, self._order.arrange(now_ns, self._robot.joint_names, self._states[row], speed))
        except DataError as error:
            self.faults.append(Fault(str(self._dataset.root), STATE, now_ns, str(error)))
        if pictures:
            for camera in self._dataset.cameras:
                yield Event(now_ns, Picture(camera, now_ns, partial(self._pixels, episode.index, camera, frame)))
        yield Event(now_ns, self._chunk(episode, row, now_ns))

    def _chunk(self, episode: Episode, row: int, now_ns: int) -> ActionChunk:
        """The actions from `row` on; after the last one of the episode it stays."""
        rows = np.minimum(np.arange(row, row + HORIZON), episode.stop - 1)
        return ActionChunk(now_ns + self._step_ns, self._step_ns, self._actions[rows], sequence=row + 1,
                           observation_ns=now_ns, joints_ns=now_ns)

    def _columns(self, name: str) -> FloatArray:
        """A vector of every frame (N, D) in the embodiment's order."""
        values = self._dataset.numeric.get(name)
        if values is None or values.ndim != 2:
            raise DataError(f'{self._dataset.root}: has no {name!r} of joints')
        place = {joint: i for i, joint in enumerate(self._dataset.info['features'][name]['names'] or ())}
        if missing := [joint for joint in self._robot.joint_names if joint not in place]:
            raise DataError(f'{self._dataset.root}: {name} lacks {", ".join(missing[:5])}: name the robot that it was '
                            f'recorded with instead of {self._robot.name}')
        return values[:, [place[joint] for joint in self._robot.joint_names]].astype(np.float64)

    def _pixels(self, episode: int, camera: str, frame: int) -> ImageArray:
        return self._film(episode, camera)[frame]

    def _film(self, episode: int, camera: str) -> ImageArray:
        """All frames of a camera in an episode, (n, height, width, 3); the last one read of each camera is kept."""
        kept = self._films.get(camera)
        if kept is None or kept[0] != episode:
            kept = self._films[camera] = (episode, self._dataset.frames(episode, camera))
        return kept[1]
