"""What shows the robot of a bag: its description, and where its joints had its links, as a file beside the bag."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO

import numpy as np
from rosbags.highlevel import AnyReader

from vla_async import embodiment
from vla_async.embodiment import Embodiment
from vla_async.errors import ConfigError, DataError
from vla_async.joint_order import JointOrder, JointReading
from vla_async.replay.bag import connections_of, identity, open_bag, raw_messages
from vla_async.replay.bag_files import check_whole
from vla_async.replay.joint_states import JointStateReader
from vla_async.replay.scene_file import SceneFile
from vla_async.timebase import NS_PER_S
from vla_async.urdf import expand
from vla_async.viz.forward_kinematics import ForwardKinematics

JOINTS, JOINT_STATE = 'joint_states', 'sensor_msgs/msg/JointState'
PERIOD_NS = NS_PER_S // 30  # as often as people see
BATCH = 64  # moments computed at once
Progress = Callable[[int, int], None]  # so many of so many joint states are read


@dataclass(frozen=True)
class Scene:
    """What was written, and why the first joint state was left out that says nothing."""

    moments: int
    left_out: int
    why: str


def robot_of(bag: Path, name: str | None) -> Embodiment:
    """The robot of that name, or that of the bag; raises DataError for no whole bag, ConfigError for no known name."""
    if not bag.exists():
        raise DataError(f'{bag}: there is no such bag')
    check_whole(bag)
    if not (_folder(bag) / 'metadata.yaml').exists():
        raise DataError(f'{_folder(bag)}: lacks its metadata.yaml; `vla-async bag mend {_folder(bag)}` writes it')
    name = name or identity(bag).get('robot')
    if name is None:
        raise ConfigError(f'{bag} does not say whose it is: name --robot')
    return embodiment.load(name)


def _folder(bag: Path) -> Path:
    return bag.parent if bag.is_file() else bag


def default_file(bag: Path) -> Path:
    """Beside the bag's folder: a file in it would be one of the bag's."""
    folder = _folder(bag).resolve()
    return folder.with_name(f'{folder.name}_scene.mcap')


def write_scene(bag: Path, robot: Embodiment, out: Path, namespace: str | None, progress: Progress) -> Scene:
    """Write robot_description, /tf_static and /tf of a bag's joint states to the MCAP file `out`.

    `namespace` chooses among several robots. Memory does not grow with the bag. Raises DataError for a bag without
    joint states of this robot, ConfigError for a file that cannot be written.
    """
    urdf = expand(robot)
    kinematics = ForwardKinematics(robot, urdf)
    with open_bag(bag) as reader, _new_file(out) as stream:
        topic = _joint_topic(reader, bag, namespace)
        file = SceneFile(stream, {**identity(bag), 'robot': robot.name})
        description = topic.removesuffix(JOINTS) + 'robot_description'
        if not any(c.topic == description and c.msgcount for c in reader.connections):
            file.describe(description, urdf.toxml(), reader.start_time)
        file.hold(kinematics.steps(np.zeros((1, robot.dof)), moving=False), reader.start_time)
        states = _JointStates(reader, topic, robot, progress)
        moments = _move(file, kinematics, states)
        file.close()
        if not moments:
            raise DataError(f'{bag}: {topic} is not of {robot.name}: {states.why}; name the robot with --robot')
    return Scene(moments, states.left_out, states.why)


def _move(file: SceneFile, kinematics: ForwardKinematics, states: _JointStates) -> int:
    """Write the frames of all moments; returns how many these are."""
    moments, coming = 0, iter(states)
    while batch := list(islice(coming, BATCH)):
        received, readings = zip(*batch, strict=True)
        positions = np.stack([reading.position for reading in readings])
        file.move(kinematics.steps(positions, moving=True), [r.stamp_ns for r in readings], list(received))
        moments += len(batch)
    return moments


class _JointStates:
    """Some 30 a second, with the time at which each was received; those that say nothing are left out and counted."""

    def __init__(self, reader: AnyReader, topic: str, robot: Embodiment, progress: Progress) -> None:
        self._messages = raw_messages(reader, {topic})
        self._total = sum(c.msgcount for c in reader.connections if c.topic == topic)
        self._read = JointStateReader(JointOrder(robot.joint_names),
                                      lambda raw: reader.deserialize(raw, JOINT_STATE)).read
        self._progress = progress
        self.left_out, self.why = 0, ''

    def __iter__(self) -> Iterator[tuple[int, JointReading]]:
        due_ns = 0
        for done, (_, received_ns, raw) in enumerate(self._messages, 1):
            if done % 100 == 0 or done == self._total:
                self._progress(done, self._total)
            if received_ns >= due_ns and (reading := self._reading(raw)):
                due_ns = max(due_ns + PERIOD_NS, received_ns + PERIOD_NS // 2)
                yield received_ns, reading

    def _reading(self, raw: bytes) -> JointReading | None:
        try:
            return self._read(raw)
        except Exception as error:  # of decoders, of any kind
            self.left_out += 1
            self.why = self.why or str(error)
            return None


def _joint_topic(reader: AnyReader, bag: Path, namespace: str | None) -> str:
    """Absolute name of the robot's joint states."""
    found = sorted({c.topic for c in connections_of(reader, JOINTS) if c.msgcount and c.msgtype == JOINT_STATE})
    if namespace is not None:
        wanted = f'/{namespace.strip("/")}/{JOINTS}'.replace('//', '/')
        if wanted not in found:
            raise DataError(f'{bag}: nothing on {wanted}; its joint states: {", ".join(found) or "none"}')
        return wanted
    if not found:
        raise DataError(f'{bag}: holds no {JOINTS}, which say where the robot is; record them, too')
    if len(found) > 1:
        raise DataError(f'{bag}: several robots: {" and ".join(found)}; choose one with --namespace')
    return found[0]


@contextmanager
def _new_file(out: Path) -> Iterator[IO[bytes]]:
    """To be written beside `out`, which it becomes when all went well."""
    if out.exists():
        raise ConfigError(f'{out} is there already; remove it, or give another --out')
    if (out.parent / 'metadata.yaml').exists():
        raise ConfigError(f'{out} would be taken for a file of the bag in its folder; give an --out elsewhere')
    fresh = out.with_name(f'{out.name}.new')
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with fresh.open('wb') as stream:
            yield stream
        fresh.replace(out)
    except OSError as error:
        raise ConfigError(f'{out}: cannot be written: {error.strerror}; give another --out') from error
    finally:
        if fresh.parent.is_dir():
            fresh.unlink(missing_ok=True)
