"""A bag in which a table arm follows a sine: its policy's chunks, its fuser's words and windows, its joint states."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from fakes import BagWriter
from rosbags.rosbag2 import StoragePlugin

from vla_async import embodiment
from vla_async.bridge.outputs.trajectory_settings import fused_commit_s
from vla_async.fusion import FuserSettings, WindowStream, fuser_for
from vla_async.types import ActionChunk, JointWindow

ROBOT = embodiment.load('so101')
S, MS = 10**9, 10**6
BEGIN = 100 * S
STEP = S // 30
ROWS = 32
INSTRUCTION = 'draw a wave'
JOINT = 1
Spoil = Callable[[str, dict[str, Any]], dict[str, Any] | None]


def wave(times_ns: np.ndarray) -> np.ndarray:
    """Positions (N, D) [rad] at times (N,)."""
    rows = np.tile(ROBOT.array('home'), (len(times_ns), 1))
    rows[:, JOINT] += 0.2 * (1.0 - np.cos(1.5 * (times_ns - BEGIN) / 1e9))
    return rows


def chunk(sequence: int, seen_ns: int) -> ActionChunk:
    """What the policy makes of the picture of `seen_ns`: the wave, with an offset that differs from chunk to chunk."""
    noise = np.random.default_rng(sequence).normal(0.0, 0.003, ROBOT.dof)
    rows = wave(seen_ns + STEP * np.arange(1, ROWS + 1)) + noise
    return ActionChunk(seen_ns + STEP, STEP, np.clip(rows, ROBOT.array('lower'), ROBOT.array('upper')),
                       sequence=sequence, task_id=1, latent_version=1, observation_ns=seen_ns, joints_ns=seen_ns,
                       latent_ns=seen_ns - 200 * MS, begun_ns=seen_ns, inference_ns=20 * MS)


def unspoilt(_topic: str, fields: dict[str, Any]) -> dict[str, Any]:
    return fields


def write(folder: Path, seconds: float = 4.0, *, namespace: str = '', spoil: Spoil = unspoilt,
          plugin: StoragePlugin = StoragePlugin.MCAP) -> Path:
    """The bag; `spoil` may change a message's fields, or give None to leave it out."""
    with BagWriter(folder, plugin) as bag:
        _Life(bag, namespace, spoil).live(seconds)
    return folder


class _Life:
    """The arm from the task on; joint states at 100 Hz, chunks at 30 Hz and 40 ms late."""

    def __init__(self, bag: BagWriter, namespace: str, spoil: Spoil) -> None:
        self._bag, self._namespace, self._spoil = bag, namespace, spoil
        settings = FuserSettings()
        self._fuser = fuser_for(ROBOT, replace(settings, commit_s=fused_commit_s(ROBOT, settings.commit_s)))
        self._windows = WindowStream(self._fuser, ROBOT.rates.trajectory_hz, 0.5)
        self._moving = False

    def live(self, seconds: float) -> None:
        end_ns = BEGIN + int(seconds * S)
        self._task(BEGIN, 1, INSTRUCTION)
        joints = [(stamp, self._joints) for stamp in range(BEGIN, end_ns, 10 * MS)]
        chunks = [(stamp + 40 * MS, self._judge) for stamp in range(BEGIN, end_ns - 40 * MS, STEP)]
        for number, (stamp, act) in enumerate(sorted(joints + chunks, key=lambda entry: entry[0])):
            act(stamp, number + 1)
        self._task(end_ns, 2, '')
        for stamp in range(end_ns, end_ns + S, 10 * MS):
            self._joints(stamp, 0)

    def _joints(self, now_ns: int, _number: int) -> None:
        position = self._fuser.command(now_ns).position if self._moving else wave(np.array([BEGIN]))[0]
        self._write('joint_states', 'sensor_msgs/msg/JointState', now_ns, now_ns, name=list(ROBOT.joint_names),
                    position=position, velocity=np.zeros(ROBOT.dof))

    def _judge(self, now_ns: int, number: int) -> None:
        made = chunk(number, now_ns - 40 * MS)
        duration = 'builtin_interfaces/msg/Duration'
        self._write('action_chunk', 'vla_async_msgs/msg/ActionChunk', now_ns, made.stamp_ns, sequence=number, task_id=1,
                    latent_version=1, observation=self._bag.stamp(made.observation_ns),
                    joints=self._bag.stamp(made.joints_ns), latent=self._bag.stamp(made.latent_ns),
                    begun=self._bag.stamp(made.begun_ns), step=self._bag.message(duration, sec=0, nanosec=STEP),
                    inference=self._bag.message(duration, sec=0, nanosec=20 * MS), joint_names=list(ROBOT.joint_names),
                    positions=made.positions.ravel())
        anchor = np.empty(0)
        if not self._moving:
            anchor, self._moving = wave(np.array([BEGIN]))[0], True
            self._fuser.reset(now_ns, anchor)
        report = self._fuser.add(made, now_ns)
        assert report.accepted, report.reason
        window = self._windows.take(now_ns)
        self._trajectory(now_ns, window)
        self._write('fusion_status', 'vla_async_msgs/msg/FusionStatus', now_ns, now_ns, sequence=number, accepted=True,
                    observation=self._bag.stamp(made.observation_ns), latent=self._bag.stamp(made.latent_ns),
                    trajectory=self._bag.stamp(window.stamp_ns), anchor=anchor)

    def _trajectory(self, now_ns: int, window: JointWindow) -> None:
        points = [self._bag.message(
            'trajectory_msgs/msg/JointTrajectoryPoint', positions=window.position[i], velocities=window.velocity[i],
            accelerations=window.acceleration[i], effort=np.empty(0), time_from_start=self._bag.message(
                'builtin_interfaces/msg/Duration', sec=i * window.step_ns // S, nanosec=i * window.step_ns % S))
            for i in range(len(window.position))]
        self._write('trajectory', 'trajectory_msgs/msg/JointTrajectory', now_ns, window.stamp_ns,
                    joint_names=list(ROBOT.joint_names), points=points)

    def _task(self, now_ns: int, number: int, instruction: str) -> None:
        self._write('task', 'vla_async_msgs/msg/Task', now_ns, now_ns, id=number, instruction=instruction)

    def _write(self, topic: str, kind: str, now_ns: int, stamp_ns: int, **fields: Any) -> None:
        spoilt = self._spoil(topic, {'stamp_ns': stamp_ns, **fields})
        if spoilt is not None:
            header = self._bag.header(spoilt.pop('stamp_ns'))
            self._bag.write(f'{self._namespace}/{topic}', kind, now_ns, header=header, **spoilt)
