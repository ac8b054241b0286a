"""One recording through one configuration in virtual time: what the robot would have been sent.

The loop is open: pictures and joint states are those of the recording, whatever the replayed motion does. The recorded
chunks, or those of another policy, go through the same fuser objects as in the nodes. No clock is read.
"""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import numpy as np

from vla_async.acting.policy import Policy
from vla_async.bridge.motion import Motion, Rest, Spline
from vla_async.bridge.outputs.trajectory_settings import fused_commit_s
from vla_async.bridge.states import FOLLOWING, HOLDING
from vla_async.embodiment import Embodiment
from vla_async.fusion import FuserSettings, WindowStream, fuser_for
from vla_async.joint_order import JointReading
from vla_async.replay.agenda import Agenda
from vla_async.replay.open_loop.configuration import Configuration
from vla_async.replay.open_loop.stretch import Refusal, Stretch, StretchCutter
from vla_async.replay.pipeline import WINDOW_S
from vla_async.replay.recordings.events import ChunkJudged, Doing, Picture, Recording, Value
from vla_async.replay.recordings.pairs import Pairs
from vla_async.replay.thinking import Thinking
from vla_async.timebase import nanoseconds, step_ns
from vla_async.types import ActionChunk, FloatArray, FusionReport, JointCommand, Latent, Task

NO_ANCHOR = np.empty(0)
UNSAID = 'not said'  # the instruction of recordings that hold none
LAG_NS = 250_000_000  # words of the recorded fuser come after it has judged: so long they are waited for
GAP_NS = 5_000_000_000  # without anything, not even a joint state, for longer nothing was recorded
PATIENCE_NS = 25_000_000  # how long a picture waits for those of the other cameras, as in action_generator
STOPS = ('stopping', 'stopped')
MOST_STOPS = 1000  # that are told


class Player:
    """Lives one recording. With a policy its chunks are made anew from the recorded pictures and joints.

    `stops` are those that the recorded bridge made, with its reasons.
    """

    def __init__(self, robot: Embodiment, configuration: Configuration, policy: Policy | None = None, seed: int = 0
                 ) -> None:
        settings = FuserSettings()
        settings = replace(settings, commit_s=fused_commit_s(robot, settings.commit_s))
        self._delay_ns, self._period_ns = nanoseconds(configuration.delay_s), step_ns(robot.rates.command_hz)
        self._fuser = fuser_for(robot, settings, configuration.fuser)
        self._windows = WindowStream(self._fuser, robot.rates.trajectory_hz, WINDOW_S)
        self._agenda, self._cutter, self._pairs = Agenda(), StretchCutter(robot), Pairs()
        self._thinking = None if policy is None else Thinking(
            robot, policy.reasoner, policy.generator, self._agenda, latched=self._latched, made=self._made, seed=seed)
        self._measured: JointReading | None = None
        self._held: Motion | None = None  # where the robot rests or comes to rest while it follows no fused motion
        self._moving = self._asked = False
        self._now_ns = self._judged_ns = self._silent_until_ns = 0
        self.stops: list[Doing] = []

    def play(self, recording: Recording) -> Iterator[Stretch]:
        """The stretches of the recording as they become whole."""
        for event in recording.events(pictures=self._thinking is not None):
            if not self._now_ns:
                self._begin(event.at_ns, recording.tells)
            elif event.at_ns - self._now_ns > GAP_NS:
                self._skip(event.at_ns)
            self._now_ns = event.at_ns
            if isinstance(event.value, ActionChunk | ChunkJudged):
                self._take_thought(event.value, event.at_ns)
            else:
                self._agenda.plan(event.at_ns, partial(self._take, event.value))
            self._agenda.run_until(event.at_ns - LAG_NS)
            yield from self._cutter.advance(event.at_ns - LAG_NS)
        self._agenda.run_until(self._now_ns)
        yield from self._cutter.finish(self._now_ns)

    def _begin(self, now_ns: int, told: frozenset[type]) -> None:
        self._judges = ChunkJudged in told
        self._agenda.plan(now_ns, self._tick)
        if Task not in told:
            self._set_task(Task(1, now_ns, UNSAID))

    def _skip(self, until_ns: int) -> None:
        """Nothing was recorded until then: nobody knows what happened, so it does not count."""
        self._agenda.run_until(self._now_ns)
        self._silent_until_ns = until_ns
        if (part := self._cutter.now) is not None:
            self._cutter.begin('', self._now_ns)
            self._cutter.begin(part.instruction, until_ns)

    def _take(self, value: Value, now_ns: int) -> None:
        if isinstance(value, JointReading):
            self._observe(value)
        elif isinstance(value, Task):
            self._set_task(replace(value, stamp_ns=now_ns))
        elif isinstance(value, Doing):
            self._note(value)
        elif isinstance(value, Picture):
            self._see(value, now_ns)
        elif isinstance(value, Latent) and self._thinking is None:
            self._latched(value)

    def _take_thought(self, value: ActionChunk | ChunkJudged, now_ns: int) -> None:
        """What the recorded policy made, and the recorded fuser said, which counts from when it judged."""
        if self._thinking is not None:
            return
        if not self._judges:
            if isinstance(value, ActionChunk):
                self._arrive_later(value, now_ns)
        elif (pair := self._pairs.add(value)) is not None:
            self._take_judged(*pair)

    def _observe(self, reading: JointReading) -> None:
        self._measured = reading
        self._cutter.measured(reading)
        if self._thinking is not None:
            self._thinking.observe_joints(reading)
        if self._held is None:
            self._held = Rest(reading.position, reading.stamp_ns)

    def _set_task(self, task: Task) -> None:
        self._asked = bool(task.instruction)
        if not self._moving and self._measured is not None:
            self._held = Rest(self._measured.position, task.stamp_ns)
        self._cutter.begin(task.instruction, task.stamp_ns)
        if self._thinking is not None:
            self._thinking.set_task(task)
        if not self._asked and self._moving:  # without new windows the last one runs to its rest
            self._held, self._moving = Spline(self._windows.take(task.stamp_ns)), False

    def _note(self, doing: Doing) -> None:
        last = self.stops[-1] if self.stops else None
        if doing.state in STOPS and len(self.stops) < MOST_STOPS and (
                last is None or (last.state, last.text) != (doing.state, doing.text)):
            self.stops.append(doing)

    def _see(self, picture: Picture, now_ns: int) -> None:
        if self._thinking is None:
            return
        self._thinking.observe_picture(picture.camera, picture.stamp_ns, picture.pixels())
        if self._thinking.seen_by_all():
            self._thinking.think(now_ns)
        else:
            self._agenda.plan(now_ns + PATIENCE_NS, self._think_late)

    def _think_late(self, now_ns: int) -> None:
        """A camera that is late or dead is not waited for long."""
        if self._thinking is not None and self._thinking.anything_new():
            self._thinking.think(now_ns)

    def _latched(self, latent: Latent) -> None:
        if (part := self._cutter.now) is not None:
            part.recorder.latent(latent)

    def _take_judged(self, chunk: ActionChunk, judged: ChunkJudged) -> None:
        if judged.accepted:
            self._arrive_later(chunk, judged.judged_ns, judged.anchor)
        else:
            self._agenda.plan(judged.judged_ns, partial(self._refuse, judged.reason))

    def _made(self, chunk: ActionChunk, now_ns: int) -> None:
        self._arrive_later(chunk, now_ns)

    def _arrive_later(self, chunk: ActionChunk, now_ns: int, anchor: FloatArray = NO_ANCHOR) -> None:
        self._agenda.plan(now_ns + self._delay_ns, lambda at_ns: self._arrive(chunk, at_ns, anchor))

    def _arrive(self, chunk: ActionChunk, now_ns: int, anchor: FloatArray) -> None:
        if not self._asked:
            return
        report = self._judge(chunk, now_ns, anchor)
        self._judged_ns = now_ns if report.accepted else self._judged_ns
        self._cutter.add(chunk, report, now_ns)

    def _judge(self, chunk: ActionChunk, now_ns: int, anchor: FloatArray) -> FusionReport:
        """Join the chunk to the motion, which begins anew where the recorded one did, or where the robot is."""
        if not self._moving and not anchor.size:
            if self._measured is None:
                return FusionReport(chunk.sequence, False, 'no joint state yet')
            anchor = self._measured.position
        if anchor.size:
            self._fuser.reset(now_ns, anchor)
            self._moving = True
            self._cutter.cut(now_ns)  # to set out from another place is no jump of a motion
        return self._fuser.add(chunk, now_ns)

    def _refuse(self, reason: str, now_ns: int) -> None:
        if (part := self._cutter.now) is not None:
            part.refusals.append(Refusal(now_ns, reason))

    def _tick(self, now_ns: int) -> None:
        """A set-point."""
        if now_ns < self._silent_until_ns:
            self._agenda.plan(self._silent_until_ns, self._tick)
            return
        self._agenda.plan(now_ns + self._period_ns, self._tick)
        part = self._cutter.now
        if part is None or self._held is None:
            return
        following = self._moving and self._fuser.following(now_ns)
        command = self._fuser.command(now_ns) if self._moving else JointCommand(now_ns, *self._held.sample(now_ns))
        part.recorder.set_point(command, now_ns, self._judged_ns, FOLLOWING if following else HOLDING, late=False)
