"""The real way from chunks to a joint_trajectory_controller in virtual time: fuser, bridge, messages, model."""
from __future__ import annotations

from copy import copy, deepcopy
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

import numpy as np

from vla_async.bridge import FollowerConfig, MotionFollower
from vla_async.bridge.aim_watch import ControllerState
from vla_async.bridge.outputs.base import Tick
from vla_async.bridge.outputs.trajectory import JointTrajectory, Spliced
from vla_async.bridge.outputs.trajectory_settings import TrajectorySettings
from vla_async.embodiment import Embodiment, TrajectoryOutput, load
from vla_async.fusion import ChunkFuser, FuserConfig, FuserSettings, WindowStream
from vla_async.sim.controllers.joint_trajectory import JointTrajectoryController
from vla_async.sim.controllers.trajectory_message import ControllerParameters, TrajectoryMessage
from vla_async.timebase import NS_PER_MS, NS_PER_S, nanoseconds, step_ns
from vla_async.types import ActionChunk, FloatArray

T0 = 10**18
CYCLE_NS = 2 * NS_PER_MS  # of the controller, 500 Hz
TO_BRIDGE_NS = 3 * NS_PER_MS  # from the fuser to the bridge
TRANSPORT_S = 0.02  # by which the fuser's commit_s exceeds the bridge's
Message = TypeVar('Message')


def streamed(name: str) -> Embodiment:
    """The robot with all its joints on one joint_trajectory_controller."""
    robot = load(name)
    return replace(robot, outputs=(TrajectoryOutput('controller', 'joint_trajectory', 'controller/joint_trajectory',
                                                    robot.joint_names),))


class Link(Generic[Message]):
    """Messages that take 0.2 to 1 of the longest time, some of which are lost.

    What is overtaken is lost, too, as a best-effort reader does with it.
    """

    def __init__(self, latency_s: float, lost: float, seed: int) -> None:
        self._latency_ns, self._share, self._random = nanoseconds(latency_s), lost, np.random.default_rng(seed)
        self._under_way: list[tuple[int, Message]] = []
        self.sent = self.lost = 0

    def send(self, message: Message, now_ns: int) -> None:
        self.sent += 1
        if self._random.random() < self._share:
            self.lost += 1
            return
        due_ns = now_ns + round(self._latency_ns * self._random.uniform(0.2, 1.0))
        in_time = [entry for entry in self._under_way if entry[0] <= due_ns]
        self.lost += len(self._under_way) - len(in_time)
        self._under_way = [*in_time, (due_ns, message)]

    def arrived(self, now_ns: int) -> list[Message]:
        here = [message for due_ns, message in self._under_way if due_ns <= now_ns]
        self._under_way = [entry for entry in self._under_way if entry[0] > now_ns]
        return here


@dataclass
class Trace:
    """What was sampled at each cycle of the controller."""

    commanded: list[FloatArray] = field(default_factory=list)  # (3, D)
    fused: list[FloatArray] = field(default_factory=list)  # (D,), of the time that the command is for

    def rms(self) -> float:
        """Of the worst joint [rad or m]."""
        apart = np.stack(self.commanded)[:, 0] - np.stack(self.fused)
        return float(np.sqrt((apart**2).mean(axis=0)).max())

    def acceleration_ratio(self) -> float:
        """Largest second difference of what was commanded, relative to that of the fused motion; the worst joint."""
        ours, fused = (np.abs(np.diff(rows, 2, axis=0)).max(axis=0)
                       for rows in (np.stack(self.commanded)[:, 0], np.stack(self.fused)))
        moving = fused > 1e-3 * fused.max()
        return float((ours[moving] / fused[moving]).max())


class Chain:
    """One robot, one controller at 500 Hz; each chunk is biased at random."""

    def __init__(self, robot: Embodiment, settings: TrajectorySettings, distribution: str, *, hz: float = 0.3,
                 delay_s: float = 0.1, noise: float = 0.05, steps: int = 50, lost: float = 0.05,
                 latency_s: float | None = None, told_s: float = 0.05, seed: int = 0, **controller: object) -> None:
        """`steps` of a chunk; `latency_s` of windows, `told_s` of what the controller says of itself [s]."""
        self.robot, self.settings, self.now_ns, self.alive = robot, settings, T0, True
        self._hz, self._delay_ns, self._noise, self._steps = hz, nanoseconds(delay_s), noise, steps
        self._random = np.random.default_rng(seed)
        commit_s = settings.commit_s
        config = FuserConfig.from_embodiment(robot, FuserSettings(commit_s=commit_s + TRANSPORT_S))
        self.fuser = ChunkFuser(config)
        self.stream = WindowStream(self.fuser, robot.rates.trajectory_hz, commit_s + TRANSPORT_S + config.stop_s + 0.1)
        self.follower = MotionFollower(FollowerConfig.from_embodiment(robot, commit_s=commit_s))
        self.output = JointTrajectory(robot.outputs[0], robot, settings)
        self.controller = JointTrajectoryController(ControllerParameters.of(
            distribution, robot.joint_names, NS_PER_S / CYCLE_NS, interpolate_from_desired_state=True, **controller))
        self._ahead_ns = 0 if distribution == 'humble' else CYCLE_NS
        self.link: Link[TrajectoryMessage] = Link(settings.latency_s if latency_s is None else latency_s, lost, seed)
        self.back: Link[ControllerState] = Link(told_s, lost, seed)
        self.trace, self.refusals = Trace(), []
        self._windows: list[tuple[int, object]] = []
        self._tick_ns, self._chunk_ns = nanoseconds(settings.tick_s), step_ns(robot.rates.chunk_hz)
        self._sequence = 0
        self._start()

    def _start(self) -> None:
        home, robot = self.robot.array('home'), self.robot
        room = np.minimum(robot.array('upper') - home, home - robot.array('lower')) * 0.8
        omega = 2 * np.pi * self._hz
        self._amplitude = np.minimum.reduce([room, 0.5 * robot.array('velocity') / omega,
                                             0.5 * robot.array('acceleration') / omega**2, np.full(robot.dof, 0.5)])
        self._amplitude[[joint.kind == 'gripper' for joint in robot.joints]] = 0.0
        self._phase = np.linspace(0.0, 1.0, robot.dof)
        self.fuser.reset(T0, home)
        self.follower.observe(T0, home, np.zeros(robot.dof))
        self.follower.activate(T0, T0)
        self.controller.home(home)

    def run(self, seconds: float) -> Chain:
        for _ in range(round(seconds * NS_PER_S / CYCLE_NS)):
            self.step()
        return self

    def orphaned(self) -> Chain:
        """What is left when the bridge dies now: the controller, and what is on its way to it."""
        left = copy(self)
        left.alive, left.controller = False, deepcopy(self.controller)
        left.link, left.back = deepcopy(self.link), deepcopy(self.back)
        left.trace = Trace(self.trace.commanded[-3:], self.trace.fused[-3:])
        return left

    def step(self) -> None:
        self.now_ns += CYCLE_NS
        if self.alive:
            self._think()
            self._bridge()
        for message in self.link.arrived(self.now_ns):
            if reason := self.controller.accept(message, self.now_ns):
                self.refusals.append(reason)
        command = self.controller.update(self.now_ns)
        self._say()
        self.trace.commanded.append(command.copy())
        self.trace.fused.append(self.fuser.command(self.now_ns + self._ahead_ns).position)

    def _say(self) -> None:
        """What the controller publishes with each update."""
        controller, joints = self.controller, np.arange(self.robot.dof)
        self.back.send(ControllerState(controller.updated_ns, joints, controller.desired[0], controller.error,
                                       controller.speed_scaling), self.now_ns)

    def _think(self) -> None:
        """A chunk for what was seen `delay` ago, and windows as the node of the fuser sends them."""
        if (self.now_ns - T0) % (self._chunk_ns // CYCLE_NS * CYCLE_NS) == 0:
            self.fuser.add(self._chunk(self.now_ns - self._delay_ns), self.now_ns)
            self._windows.append((self.now_ns + TO_BRIDGE_NS, self.stream.take(self.now_ns)))
        elif self.stream.due(self.now_ns):
            self._windows.append((self.now_ns + TO_BRIDGE_NS, self.stream.take(self.now_ns)))

    def _chunk(self, stamp_ns: int) -> ActionChunk:
        self._sequence += 1
        t = np.maximum((stamp_ns - T0) / NS_PER_S + np.arange(self._steps) / 30, 0.0)[:, None]
        fade_in = np.minimum(t, 1.0)
        bias = self._noise * self._amplitude * self._random.standard_normal(self.robot.dof)
        rows = self.robot.array('home') + fade_in * (
            self._amplitude * np.sin(2 * np.pi * self._hz * t + self._phase) + bias)
        return ActionChunk(stamp_ns, NS_PER_S // 30, rows, sequence=self._sequence)

    def _bridge(self) -> None:
        if (self.now_ns - T0) % self._tick_ns:
            return
        for due_ns, window in list(self._windows):
            if due_ns <= self.now_ns:
                self._windows.remove((due_ns, window))
                if reason := self.follower.accept(window, self.now_ns):
                    self.refusals.append(reason)
        for state in self.back.arrived(self.now_ns)[-1:]:
            self.follower.observe_controller('arm', state)
        tick = self.follower.tick(self.now_ns, self.now_ns)
        self.follower.observe(self.now_ns, tick.command.position, tick.command.velocity)
        self._send(tick)

    def _send(self, tick: Tick) -> None:
        window = self.output.take(tick)
        if window is not None:
            stamp_ns = window.message_ns if isinstance(window, Spliced) else window.stamp_ns
            self.link.send(TrajectoryMessage.of_window(window, self.robot.joint_names, stamp_ns), self.now_ns)
