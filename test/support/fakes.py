"""A policy without models, and the messages of a bag without ROS."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

from vla_async.embodiment import Embodiment
from vla_async.resources import share
from vla_async.types import ActionChunk, Latent, Observation, Task

STEP_NS = 33_333_333


class Thinker:
    """Latents that say which picture was read."""

    def instruction_latent(self, task: Task, now_ns: int, sequence: int) -> Latent:
        return latent(now_ns, now_ns, sequence, task, complete=False, fused=False)

    def reason(self, observation: Observation, task: Task, sequence: int, clock: Callable[[], int]) -> Iterator[Latent]:
        for i, complete in enumerate((False, True)):
            yield latent(observation.stamp_ns, clock(), sequence + i, task, complete=complete)


class Mover:
    """Chunks that lead the last joint along a slow sine, wherever the robot is, with a little noise."""

    joint, amplitude = -1, 0.3  # [rad]

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self._sequence = 0

    def generate(self, observation: Observation, latent: Latent | None, now_ns: int, noise_seed: int = 0
                 ) -> ActionChunk:
        self._sequence += 1
        times_s = (observation.stamp_ns + STEP_NS * np.arange(32)) / 1e9
        positions = np.tile(observation.position, (32, 1))
        noise = np.random.default_rng((noise_seed, self._sequence)).normal(0, 0.002, 32)
        positions[:, self.joint] = 0.5 + self.amplitude * np.sin(2.0 * times_s) + noise
        return ActionChunk(observation.stamp_ns, STEP_NS, positions, sequence=self._sequence,
                           observation_ns=observation.stamp_ns, latent_ns=latent.stamp_ns, task_id=latent.task_id)


def latent(stamp_ns: int, ready_ns: int, sequence: int, task: Task, *, complete: bool, fused: bool = True) -> Latent:
    return Latent(stamp_ns, ready_ns, sequence, task.id, task.instruction, 'thinker', np.zeros((2, 4), np.float16),
                  np.zeros((1, 4), np.float16) if fused else None, complete)


def pictures(robot: Embodiment) -> dict[str, np.ndarray]:
    return {c.name: np.zeros((c.height, c.width, 3), np.uint8) for c in robot.cameras}


class BagWriter:
    """Writes a bag with this package's messages, by their definitions in msg/."""

    def __init__(self, folder: Path, plugin: StoragePlugin = StoragePlugin.MCAP) -> None:
        self._store = get_typestore(Stores.ROS2_HUMBLE)
        for name in ('Task', 'Latent', 'ActionChunk', 'FusionStatus', 'JointSetPoint', 'SimulationStatus',
                     'SystemStatus'):
            text = (share() / f'msg/{name}.msg').read_text()
            self._store.register(get_types_from_msg(text, f'vla_async_msgs/msg/{name}'))
        self._writer = Writer(folder, version=9, storage_plugin=plugin)
        self._connections: dict[str, Any] = {}

    def __enter__(self) -> BagWriter:
        self._writer.open()
        return self

    def __exit__(self, *_: object) -> None:
        self._writer.close()

    def write(self, topic: str, kind: str, received_ns: int, **fields: Any) -> None:
        """One message; fields left out are zero, empty or false."""
        if topic not in self._connections:
            self._connections[topic] = self._writer.add_connection(topic, kind, typestore=self._store)
        raw = self._store.serialize_cdr(self.message(kind, **fields), kind)
        self._writer.write(self._connections[topic], received_ns, raw)

    def message(self, kind: str, **fields: Any) -> Any:
        """A message of that kind; nested ones are given as messages."""
        defaults = {name: self._default(node) for name, node in self._store.fielddefs[kind][1]}
        return self._store.types[kind](**{**defaults, **fields})

    def stamp(self, ns: int) -> Any:
        return self.message('builtin_interfaces/msg/Time', sec=ns // 10**9, nanosec=ns % 10**9)

    def header(self, ns: int) -> Any:
        return self.message('std_msgs/msg/Header', stamp=self.stamp(ns))

    def _default(self, node: Any) -> Any:
        kind, detail = node
        if kind.name == 'BASE':
            return {'string': '', 'bool': False}.get(detail[0], 0)
        if kind.name == 'NAME':
            return self.message(detail)
        (inner, name), length = detail
        base = name[0] if inner.name == 'BASE' else ''
        return [] if base in ('', 'string') else np.zeros(length, np.dtype({'octet': 'uint8'}.get(base, base)))
