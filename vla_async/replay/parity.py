"""Whether a bag, replayed, gives what was recorded: the same chunks from the same latents, the same fused motion.

What each chunk was made from is in the chunk: stamps of its pictures and joint state, its latent, and when the model
began. Where and when the fuser joined it is in fusion_status, and every window has its stamp.
"""
from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from vla_async.bridge.outputs.trajectory_settings import fused_commit_s
from vla_async.embodiment import Embodiment
from vla_async.fusion import FuserSettings, fuser_for
from vla_async.joint_order import JointReading
from vla_async.replay.bag import messages, open_bag, stamp_of, to_ns
from vla_async.replay.recordings.bag_recording import BagRecording
from vla_async.replay.recordings.events import ChunkJudged, Picture
from vla_async.replay.recordings.pairs import Pairs
from vla_async.replay.thinking import FastSide
from vla_async.timebase import NS_PER_S
from vla_async.types import ActionChunk, FloatArray, ImageArray, JointWindow, Latent, Observation

KEPT_NS = 3 * NS_PER_S  # inputs are looked for this far back


@dataclass(frozen=True)
class Parity:
    """How many were compared and how far they were apart at most; `missing`: their inputs were not recorded."""

    compared: int
    largest: float
    missing: int


def chunk_parity(bag: Path, robot: Embodiment, generator: FastSide, seed: int = 0) -> Parity:
    """Makes every recorded chunk again from its recorded inputs; the difference is that of positions [rad or m]."""
    memory = _Memory(robot)
    task_id, differences, missing = None, [0.0], 0
    for event in BagRecording(bag, robot).events(pictures=True):
        if not isinstance(event.value, ActionChunk):
            memory.keep(event.at_ns, event.value)
            continue
        chunk, inputs = event.value, memory.inputs(event.value)
        if inputs is None:
            missing += 1
            continue
        if chunk.task_id != task_id:
            generator.reset()
            task_id = chunk.task_id
        made = generator.generate(*inputs, chunk.begun_ns, seed)
        differences.append(float(np.abs(made.positions - chunk.positions).max()))
    return Parity(len(differences) - 1, max(differences), missing)


def motion_parity(bag: Path, robot: Embodiment) -> Parity:
    """Joins the recorded chunks again at the recorded times; the difference is that of positions, velocities and
    accelerations of every recorded window [rad or m, per s, per s^2]."""
    settings = FuserSettings()
    fuser = fuser_for(robot, replace(settings, commit_s=fused_commit_s(robot, settings.commit_s)))
    joined = deque(_joined(bag, robot))
    differences, started, missing = [0.0], False, 0
    for window in _windows(bag):
        while joined and joined[0][1].trajectory_ns <= window.stamp_ns:
            chunk, judged = joined.popleft()
            if judged.anchor.size:
                fuser.reset(judged.judged_ns, judged.anchor)
                started = True
            if started:
                fuser.add(chunk, judged.judged_ns)
        if not started:
            missing += 1
            continue
        again = fuser.window(window.stamp_ns, window.step_ns, len(window.position))
        differences.append(max(float(np.abs(one - other).max()) for one, other in (
            (again.position, window.position), (again.velocity, window.velocity),
            (again.acceleration, window.acceleration))))
    return Parity(len(differences) - 1, max(differences), missing)


class _Memory:
    """Inputs of the last seconds by what chunks call them by."""

    def __init__(self, robot: Embodiment) -> None:
        self._cameras = tuple(camera.name for camera in robot.cameras)
        self._pictures: dict[tuple[str, int], ImageArray] = {}
        self._joints: dict[int, JointReading] = {}
        self._latents: dict[int, Latent] = {}

    def keep(self, now_ns: int, value: object) -> None:
        if isinstance(value, Picture):
            self._pictures[value.camera, value.stamp_ns] = value.pixels()
            self._forget(self._pictures, [key for key in self._pictures if key[1] < now_ns - KEPT_NS])
        elif isinstance(value, JointReading):
            self._joints[value.stamp_ns] = value
            self._forget(self._joints, [key for key in self._joints if key < now_ns - KEPT_NS])
        elif isinstance(value, Latent):
            self._latents[value.sequence] = value

    def inputs(self, chunk: ActionChunk) -> tuple[Observation, Latent] | None:
        """What the chunk was made from; None when a part of it was not recorded."""
        images = {name: self._pictures.get((name, stamp_ns))
                  for name, stamp_ns in zip(self._cameras, chunk.pictures_ns, strict=False)}
        joints, latent = self._joints.get(chunk.joints_ns), self._latents.get(chunk.latent_version)
        if joints is None or latent is None or len(images) < len(self._cameras):
            return None
        known = {name: pixels for name, pixels in images.items() if pixels is not None}
        if len(known) < len(images):
            return None
        return Observation(chunk.observation_ns, known, joints.position, joints.velocity), latent

    @staticmethod
    def _forget(kept: dict[Any, Any], old: list[Any]) -> None:
        for key in old:
            del kept[key]


def _joined(bag: Path, robot: Embodiment) -> Iterator[tuple[ActionChunk, ChunkJudged]]:
    """The chunks that entered the motion, with what was said of them, in order."""
    pairs = Pairs()
    for event in BagRecording(bag, robot).events(pictures=False):
        if isinstance(event.value, ActionChunk | ChunkJudged):
            pair = pairs.add(event.value)
            if pair is not None and pair[1].accepted:
                yield pair


def _windows(bag: Path) -> Iterator[JointWindow]:
    """The recorded fused motion."""
    with open_bag(bag) as reader:
        for received in messages(reader, 'trajectory'):
            points = received.message.points
            times = [to_ns(point.time_from_start) for point in points[:2]]
            yield JointWindow(stamp_of(received.message) + times[0], times[1] - times[0], _rows(points, 'positions'),
                              _rows(points, 'velocities'), _rows(points, 'accelerations'))


def _rows(points: list[object], name: str) -> FloatArray:
    return np.stack([np.asarray(getattr(point, name), np.float64) for point in points])
