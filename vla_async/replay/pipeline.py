"""The whole data flow in one process and in virtual time: the same core objects as in the nodes, one page to read.

Observations and tasks go in, set-points come out. No clock is read, no thread is started.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from vla_async.bridge import FollowerConfig, MotionFollower
from vla_async.bridge.anchoring import SetPoint, find_anchor
from vla_async.bridge.body_guard import BodyGuard
from vla_async.bridge.outputs.trajectory_settings import commit_s, fused_commit_s
from vla_async.embodiment import Embodiment
from vla_async.fusion import FuserSettings, WindowStream, fuser_for
from vla_async.joint_order import JointReading
from vla_async.replay.agenda import Agenda
from vla_async.replay.thinking import FastSide, SlowSide, Thinking, Timing
from vla_async.replay.trace import TraceRecorder
from vla_async.timebase import step_ns
from vla_async.types import ActionChunk, FloatArray, FusionReport, ImageArray, JointCommand, Task

WINDOW_S = 0.5  # length of a window, more where the joints need more to stop [s]
ANCHOR_TOLERANCE = 0.02  # a held robot further than this from the motion has not followed it [rad or m]


class Pipeline:
    """Reasoner, latent buffer, action generator, chunk fuser and motion follower, joined as in the graph.

    Order of calls: `start` once, `set_task` when it changes, `observe_*` as data arrives, `step` at every command tick.
    Stamps never go back. `seed` draws the models' durations. `recorder` keeps what metrics and plots need.
    """

    def __init__(self, robot: Embodiment, slow: SlowSide, fast: FastSide, seed: int = 0,
                 timing: Timing | None = None) -> None:
        self.recorder = TraceRecorder(robot.joint_names, robot.chunk_columns)
        self._agenda = Agenda()
        self._thinking = Thinking(robot, slow, fast, self._agenda, latched=self.recorder.latent, made=self._fuse,
                                  seed=seed, timing=timing)
        settings = FuserSettings()
        settings = replace(settings, commit_s=fused_commit_s(robot, settings.commit_s))
        self._fuser = fuser_for(robot, settings)
        self._windows = WindowStream(self._fuser, robot.rates.trajectory_hz, WINDOW_S)
        config = FollowerConfig.from_embodiment(robot, commit_s=commit_s(robot))
        self._follower = MotionFollower(config, BodyGuard(robot))
        self._period_ns = step_ns(robot.rates.trajectory_hz)
        self._moving = False  # whether the fused motion is the one to go on with
        self._measured: JointReading | None = None
        self._sent: SetPoint | None = None

    def start(self, now_ns: int, position: FloatArray) -> None:
        """Begin at rest at `position` (D,) [rad or m]."""
        self.observe_joints(now_ns, position, np.zeros_like(position))
        self._follower.activate(now_ns, now_ns)
        self._agenda.plan(now_ns, self._go_on)

    def set_task(self, task: Task) -> None:
        """A new instruction: it counts at once, the scene is read as soon as the reasoner is free."""
        self._agenda.run_until(task.stamp_ns)
        self._thinking.set_task(task)
        if not task.instruction:
            self._moving = False  # without new windows the last one runs to its rest

    def observe_joints(self, stamp_ns: int, position: FloatArray, velocity: FloatArray) -> None:
        """Measured joints (D,) [rad or m], (D,) [rad/s or m/s]."""
        self._measured = JointReading(stamp_ns, position, velocity)
        self._thinking.observe_joints(self._measured)
        self._follower.observe(stamp_ns, position, velocity)

    def observe_images(self, stamp_ns: int, images: Mapping[str, ImageArray]) -> None:
        """Pictures of all cameras; whichever side is free starts on them."""
        self._agenda.run_until(stamp_ns)
        for name, pixels in images.items():
            self._thinking.observe_picture(name, stamp_ns, pixels)
        self._thinking.think(stamp_ns)

    def step(self, now_ns: int) -> JointCommand:
        """Let everything happen that is due, then the set-point of this tick."""
        self._agenda.run_until(now_ns)
        command = self._follower.tick(now_ns, now_ns).command
        self._sent = SetPoint(now_ns, self._follower.state, command.position)
        self.recorder.set_point(command, now_ns, self._follower.trajectory_ns, self._follower.state, late=False)
        return command

    def _fuse(self, chunk: ActionChunk, now_ns: int) -> None:
        report = self._judge(chunk, now_ns)
        trajectory_ns = self._publish(now_ns) if report.accepted else 0
        self.recorder.chunk(chunk)
        self.recorder.fusion(report, chunk, now_ns, trajectory_ns)

    def _judge(self, chunk: ActionChunk, now_ns: int) -> FusionReport:
        """Join a chunk to the motion, which begins anew where the robot is after it was held."""
        task = self._thinking.task
        if task is None or chunk.task_id != task.id:
            return FusionReport(chunk.sequence, False, 'the task has changed meanwhile')
        fused = self._fuser.command(now_ns).position if self._moving else None
        anchor = find_anchor(fused, self._sent, self._measured, now_ns, ANCHOR_TOLERANCE)
        if anchor.reason:
            return FusionReport(chunk.sequence, False, anchor.reason)
        if anchor.position is not None:
            self._fuser.reset(now_ns, anchor.position)
            self._moving = True
        return self._fuser.add(chunk, now_ns)

    def _publish(self, now_ns: int) -> int:
        """Hand the motion from a little before now on to the follower; returns the window's stamp."""
        window = self._windows.take(now_ns)
        self._follower.accept(window, now_ns)
        return window.stamp_ns

    def _go_on(self, now_ns: int) -> None:
        """Between chunks and after the last one the motion goes on, until it rests."""
        if self._moving and self._windows.due(now_ns):
            self._publish(now_ns)
        self._agenda.plan(now_ns + self._period_ns, self._go_on)
