"""A rosbag2 bag (MCAP or SQLite) as a recording: messages become values, what is wrong is left out and told of."""
from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from rosbags.highlevel import AnyReader

from vla_async.embodiment import Embodiment
from vla_async.errors import DataError
from vla_async.joint_order import JointOrder, JointReading
from vla_async.picture import pixels
from vla_async.replay.bag import as_picture, connections_of, has_topic, open_bag, stamp_of, to_ns
from vla_async.replay.joint_states import JointStateReader
from vla_async.replay.recordings.events import ChunkJudged, Doing, Event, Fault, Picture, Value
from vla_async.replay.video import SPECTATOR
from vla_async.timebase import NS_PER_S, seconds
from vla_async.types import ActionChunk, ImageArray, Latent, Task

KINDS: dict[str, type] = {
    'joint_states': JointReading, 'task': Task, 'latent': Latent, 'action_chunk': ActionChunk,
    'fusion_status': ChunkJudged, 'system_status': Doing}
JOINTS, CHUNKS, JOINT_STATE = 'joint_states', 'action_chunk', 'sensor_msgs/msg/JointState'
BACK_NS = NS_PER_S // 1000  # stamps that run back less tell of nothing but several senders
STILL_NS = NS_PER_S // 2  # a picture that is older shows something else
MOST_FAULTS = 100  # that are kept, one bag may hold millions


@dataclass(frozen=True)
class Copy:
    """A bag that stands for another one, some of whose files were cut off; it vanishes with this value."""

    original: Path
    cut: tuple[Path, ...]
    folder: TemporaryDirectory[str]


class BagRecording:
    """One bag of one robot. Raises DataError when it cannot be read at all, or holds more than one robot."""

    def __init__(self, bag: Path, robot: Embodiment, copy: Copy | None = None) -> None:
        self.faults: list[Fault] = []
        self._bag, self._robot, self._order = bag, robot, JointOrder(robot.joint_names)
        self._copy, self._told = copy, bag if copy is None else copy.original
        self.name = self._told.name
        self._readers: dict[str, Callable[[Any], Value]] = {
            'joint_states': _no_joints, 'task': _task, 'latent': _latent, 'action_chunk': self._chunk,
            'fusion_status': _judged, 'system_status': _doing}
        self._pictures: dict[str, Callable[[Any], Value]] = {
            camera.topic: partial(_picture, camera.name) for camera in robot.cameras}
        self._stamps: dict[str, int] = {}
        with open_bag(bag) as reader:
            self.tells = frozenset(kind for topic, kind in KINDS.items() if has_topic(reader, topic))

    def events(self, pictures: bool) -> Iterator[Event]:
        """As `Recording.events`; raises DataError when nothing can be read."""
        self.faults.clear()
        self._stamps.clear()
        with open_bag(self._bag) as reader:
            for path in self._copy.cut if self._copy else ():
                self._fault('', reader.end_time, f'{path.name} was cut off; it is read up to its last whole message')
            needed = {JOINTS, *self._pictures} if pictures else {JOINTS, CHUNKS}
            topics = self._topics(reader, self._readers | (self._pictures if pictures else {}), needed)
            connections = [c for c in reader.connections if c.topic in topics]
            raw = reader.messages(connections) if connections else iter(())
            while True:
                try:
                    connection, at_ns, data = next(raw)
                except StopIteration:
                    return
                except Exception as error:  # decoders raise errors of their own, of any kind
                    self._fault('', None, f'damaged from here on: {error}')
                    return
                event = self._event(connection.topic, at_ns, partial(topics[connection.topic], data))
                if event is not None:
                    yield event

    def stills(self, times_ns: Collection[int]) -> dict[int, ImageArray | None]:
        """As `Recording.stills`, of the camera that looks on, where there is one, or of the robot's first."""
        if not times_ns:
            return {}
        with open_bag(self._bag) as reader:
            watched = next((topic for topic in (SPECTATOR, *self._pictures) if has_topic(reader, topic)), None)
            return {at_ns: self._still(reader, watched, at_ns) if watched else None for at_ns in times_ns}

    def _still(self, reader: AnyReader, watched: str, at_ns: int) -> ImageArray | None:
        try:
            seen = reader.messages(connections_of(reader, watched), start=at_ns - STILL_NS, stop=at_ns + 1)
            last = deque(seen, maxlen=1)
            return pixels(as_picture(reader.deserialize(last[0][2], last[0][0].msgtype))) if last else None
        except Exception as error:  # of decoders, of any kind: a page can do without
            self._fault(watched, at_ns, f'no picture: {error}')
            return None

    def _topics(self, reader: AnyReader, wanted: dict[str, Callable[[Any], Value]], needed: set[str]
                ) -> dict[str, Callable[[bytes], Value]]:
        """Reader of bytes by recorded topic, of those wanted; raises DataError when two robots are in the bag."""
        found: dict[str, Callable[[bytes], Value]] = {}
        for relative, read in wanted.items():
            names = sorted({c.topic for c in connections_of(reader, relative) if c.msgcount})
            if len(names) > 1:
                raise DataError(f'{self._told}: two robots: {" and ".join(names)}; split the bag by namespace first')
            if not names and relative in needed:
                self._fault(relative, None, 'nothing was recorded')
            found |= {name: self._reader(reader, name, read) for name in names}
        return found

    def _reader(self, reader: AnyReader, topic: str, read: Callable[[Any], Value]) -> Callable[[bytes], Value]:
        """From a message's bytes to its value."""
        kind = next(c.msgtype for c in reader.connections if c.topic == topic)

        def decode(raw: bytes) -> Any:
            return reader.deserialize(raw, kind)
        if kind == JOINT_STATE:
            return JointStateReader(self._order, decode).read
        return lambda raw: read(decode(raw))

    def _event(self, topic: str, at_ns: int, read: Callable[[], Value]) -> Event | None:
        try:
            value = read()
            if isinstance(value, JointReading | Picture):
                self._check_order(topic, value.stamp_ns)
            return Event(at_ns, value)
        except DataError as error:
            self._fault(topic, at_ns, str(error))
        except Exception as error:  # of the decoder, of any kind
            self._fault(topic, at_ns, f'not readable as its type says: {error}')
        return None

    def _check_order(self, topic: str, stamp_ns: int) -> None:
        """Of what is measured; a latent has the stamp of the pictures behind it, which may be older."""
        if (back_ns := self._stamps.get(topic, stamp_ns) - stamp_ns) > BACK_NS:
            raise DataError(f'its stamp is {seconds(back_ns):.3f} s before that of an earlier message')
        self._stamps[topic] = stamp_ns

    def _fault(self, topic: str, at_ns: int | None, text: str) -> None:
        if len(self.faults) < MOST_FAULTS:
            self.faults.append(Fault(str(self._told), topic, at_ns, text))

    def _chunk(self, message: Any) -> Value:
        columns = self._robot.chunk_columns
        if tuple(message.joint_names) != columns:
            raise DataError(f'chunk {message.sequence} has other columns than {self._robot.name}: name the robot that '
                            'the bag was recorded with')
        positions = np.asarray(message.positions, np.float64)
        if positions.size == 0 or positions.size % len(columns) or to_ns(message.step) <= 0:
            raise DataError(f'chunk {message.sequence}: {positions.size} numbers are not rows of {len(columns)}')
        return ActionChunk(
            stamp_of(message), to_ns(message.step), positions.reshape(-1, len(columns)),
            latent_version=message.latent_version, sequence=message.sequence, task_id=message.task_id,
            observation_ns=to_ns(message.observation), pictures_ns=tuple(map(int, getattr(message, 'pictures', ()))),
            joints_ns=_time(message, 'joints'), latent_ns=to_ns(message.latent), begun_ns=_time(message, 'begun'),
            inference_ns=to_ns(message.inference))


def _no_joints(message: Any) -> Value:
    raise DataError(f'{message.__msgtype__} and not {JOINT_STATE}')


def _picture(camera: str, message: Any) -> Value:
    # a copy: torch warns of what it cannot write
    return Picture(camera, stamp_of(message), lambda: np.array(pixels(as_picture(message))))


def _task(message: Any) -> Value:
    return Task(message.id, stamp_of(message), message.instruction.strip())


def _doing(message: Any) -> Value:
    return Doing(stamp_of(message), message.state, message.text)


def _judged(message: Any) -> Value:
    anchor = np.asarray(getattr(message, 'anchor', ()), np.float64)
    return ChunkJudged(message.sequence, stamp_of(message), message.accepted, message.reason,
                       to_ns(message.trajectory), anchor)


def _latent(message: Any) -> Value:
    return Latent(
        stamp_ns=stamp_of(message), ready_ns=to_ns(message.ready), sequence=message.sequence, task_id=message.task_id,
        instruction=message.instruction, model_id=message.model_id, complete=message.complete,
        instruction_embedding=_tensor(message.instruction_embedding, message.instruction_shape, message.dtype),
        fusion=_tensor(message.fusion, message.fusion_shape, message.dtype) if len(message.fusion) else None)


def _tensor(data: Any, shape: Any, dtype: str) -> np.ndarray:
    if dtype != 'float16':
        raise DataError(f'a latent of {dtype}; float16 is read')
    return np.frombuffer(np.asarray(data, np.uint8), '<f2').reshape(int(shape[0]), int(shape[1]))


def _time(message: Any, name: str) -> int:
    """Time of a field that bags of earlier versions lack, 0 there [ns]."""
    return to_ns(getattr(message, name)) if hasattr(message, name) else 0
