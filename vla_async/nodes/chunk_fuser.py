"""Node: joins action chunks to one motion and sends it ahead of time, as windows that end at rest."""
from __future__ import annotations

from dataclasses import dataclass, replace
from threading import Lock
from typing import Any

import numpy as np
from std_srvs.srv import Trigger

from vla_async.bridge.anchoring import Anchor, SetPoint, find_anchor
from vla_async.bridge.outputs.trajectory_settings import fused_commit_s
from vla_async.errors import DataError
from vla_async.fusion import FuserSettings, WindowStream, fuser_for
from vla_async.fusion.factory import FUSERS, OURS
from vla_async.joint_order import NONE, JointOrder, JointReading
from vla_async.nodes import parameters, topics
from vla_async.nodes.conversions import (
    chunk_value,
    fusion_status_message,
    joint_state_value,
    task_value,
    to_ns,
)
from vla_async.nodes.diagnostics import OK, WARN, Diagnosis, RateMeter
from vla_async.nodes.lifecycle import PipelineNode
from vla_async.nodes.parameters import parameter
from vla_async.nodes.process import run
from vla_async.nodes.threads import CONTROL_PRIORITY
from vla_async.nodes.window_codec import WindowCodec
from vla_async.types import ActionChunk, FusionReport

PATIENCE_S = 1.0  # a chunk that takes longer has hung


@dataclass(frozen=True)
class Parameters(parameters.RobotParameters, FuserSettings):
    """How chunks are joined, and how far ahead the motion is sent."""

    fuser: str = parameter(OURS, f'way to join chunks: {", ".join(FUSERS)}; all but the first keep no limits, and the '
                           'bridge refuses what breaks them')
    window_s: float = parameter(0.5, 'length of a window, more where the joints need more to stop [s]',
                                low=0.1, high=5.0)
    anchor_tolerance: float = parameter(0.02, 'a held robot further than this from the motion has not followed it '
                                        '[rad or m]', low=0.0001, high=1.0)
    chunk_age_s: float = parameter(0.5, 'a newest chunk stamped further back than this is a matter for a warning [s]',
                                   low=0.01, high=10.0)


class ChunkFuserNode(PipelineNode):
    """action_chunk, task -> trajectory, fusion_status.

    joint_set_point and joint_states are looked at only when a motion may have to begin anew.
    """

    TASK = 'fuses chunks'
    PARAMETERS = Parameters

    def __init__(self, **options: Any) -> None:
        super().__init__('chunk_fuser', **options)
        self._lock = Lock()  # chunks come in a thread of their own
        self.create_service(Trigger, '~/reset', self._on_reset)

    def configure(self) -> None:
        self._values = parameters.read(self, Parameters)
        rate_hz = self.robot.rates.trajectory_hz
        settings = replace(self._values, commit_s=fused_commit_s(self.robot, self._values.commit_s))
        self._fuser = fuser_for(self.robot, settings, self._values.fuser)
        self._windows = WindowStream(self._fuser, rate_hz, self._values.window_s)
        self._moving, self._hold_still = False, False
        self._set_point: SetPoint | None = None
        self._chunks, self._sent, self._refused = RateMeter(), RateMeter(), 0
        self._order = JointOrder(self.robot.joint_names)
        self._trajectory, self._codec = self.advertise(topics.TRAJECTORY), WindowCodec(self.robot.joint_names)
        self._status = self.advertise(topics.FUSION_STATUS)
        self._set_points = self.poll(topics.JOINT_SET_POINT)
        self._joint_states = self.poll(topics.JOINT_STATES)
        self.listen(topics.TASK, self._follow)
        self._incoming = self.poll(topics.ACTION_CHUNK, depth=2)  # depth: one that is lost is sent again
        self._timer = self.create_timer(1 / rate_hz, self._continue)

    def activate(self) -> None:
        self._moving = False
        self._incoming.drain()  # what came before is not meant for now
        self._receiver = self.receiver('chunks', self._incoming, self._add, PATIENCE_S)
        self._receiver.start()

    def deactivate(self) -> None:
        self._receiver.close()
        self._moving = False  # without new windows the bridge runs the last one to its rest

    def cleanup(self) -> None:
        if '_timer' in self.__dict__:
            self.destroy_timer(self.__dict__.pop('_timer'))

    def clock_jumped(self) -> None:
        """The motion has its times from the old clock; the next chunk begins anew from where the robot is."""
        with self._lock:
            self._moving, self._set_point = False, None

    def health(self) -> Diagnosis:
        now_ns = self.now_ns()  # without the lock: of a chunk that hangs and keeps it the diagnostics must tell
        values: dict[str, object] = {
            'chunks [Hz]': self._chunks.rate_hz(now_ns), 'windows [Hz]': self._sent.rate_hz(now_ns),
            'refused chunks': self._refused}
        age_s = self._fuser.chunk_age_s(now_ns)
        if age_s is not None:
            values['chunk age [s]'] = age_s
        if self._moving and age_s is not None and age_s > self._values.chunk_age_s:
            return Diagnosis(WARN, f'the newest chunk is {age_s:.2f} s old; {self._doing(now_ns)}', values)
        return Diagnosis(OK, self._doing(now_ns), values)

    def _doing(self, now_ns: int) -> str:
        if not self._moving:
            return 'no motion'
        if self._fuser.following(now_ns):
            return 'moving'
        return 'no new chunk: ' + ('the motion runs out' if now_ns < self._fuser.rest_ns else 'at rest')

    def _follow(self, message: Any) -> None:
        with self._lock:
            self._hold_still = not task_value(message).instruction
            if self._hold_still:
                self._moving = False

    def _on_reset(self, _request: Any, response: Any) -> Any:
        with self._lock:
            self._moving = False
        response.success, response.message = True, 'the next chunk begins a new motion from where the robot is'
        return response

    def _add(self, message: Any) -> None:
        chunk = chunk_value(message, self.robot.chunk_columns)
        with self._lock:
            now_ns = self.now_ns()
            anchor = self._anchor(now_ns)
            report = self._judge(chunk, anchor, now_ns)
            trajectory_ns = self._send_window(now_ns) if report.accepted else 0
        if report.accepted:
            self._chunks.tick(now_ns)
            self.settle('refused chunk')
        else:
            self._refused += 1
            self.report('refused chunk', report.reason)
        self._status.publish(fusion_status_message(
            report, chunk, now_ns, trajectory_ns, NONE if anchor.position is None else anchor.position))

    def _judge(self, chunk: ActionChunk, anchor: Anchor, now_ns: int) -> FusionReport:
        """Join the chunk to the motion, which begins anew at the anchor, if need be."""
        if anchor.reason:
            return FusionReport(chunk.sequence, False, anchor.reason)
        if anchor.position is not None:
            self._fuser.reset(now_ns, anchor.position)
            self._moving = True
        return self._fuser.add(chunk, now_ns)

    def _anchor(self, now_ns: int) -> Anchor:
        """Where the motion must begin anew, or why it cannot go on at all."""
        if self._hold_still:
            return Anchor(reason='the task is to hold still')
        fused = self._fuser.command(now_ns).position if self._moving else None
        return find_anchor(fused, self._newest_set_point(), self._measured() if fused is None else None, now_ns,
                           self._values.anchor_tolerance)

    def _newest_set_point(self) -> SetPoint | None:
        message = self._set_points.newest()
        if message is not None and len(message.position) == self.robot.dof:
            self._set_point = SetPoint(to_ns(message.header.stamp), message.state, np.asarray(message.position))
        return self._set_point

    def _measured(self) -> JointReading | None:
        message = self._joint_states.newest()
        return None if message is None else self._order.arrange(*joint_state_value(message))

    def _continue(self) -> None:
        """Send the motion on between chunks and after the last one, until it rests."""
        with self._lock:
            now_ns = self.now_ns()
            if self.active and self._moving and self._windows.due(now_ns):
                self.heed('motion', lambda: self._send_window(now_ns))

    def _send_window(self, now_ns: int) -> int:
        """Publish the motion from a little before now on; returns the window's stamp.

        A motion that has no window, which is not finite, goes no further: the next chunk begins anew.
        """
        try:
            window = self._windows.take(now_ns)
        except DataError:
            self._moving = False
            raise
        self._trajectory.publish(self._codec.encode(window))
        self._sent.tick(now_ns)
        return window.stamp_ns


def main() -> int:
    """Console entry point."""
    return run(ChunkFuserNode, priority=CONTROL_PRIORITY)
