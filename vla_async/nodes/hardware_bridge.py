"""Node: motion to controller set-points, in a thread of its own, whatever the rest of the suite does."""
from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from std_srvs.srv import Trigger

from vla_async.bridge import FollowerConfig, MotionFollower
from vla_async.bridge.body_guard import BodyGuard
from vla_async.bridge.config import REST_MARGIN_S
from vla_async.bridge.handover import held_set_points
from vla_async.bridge.outputs import ControllerOutput, OutputSettings, Tick, make_output, needs_bridge
from vla_async.bridge.outputs.trajectory_settings import commit_s, settings_of
from vla_async.bridge.saturation import SaturationWatch
from vla_async.bridge.states import DEACTIVATED, STOPPING
from vla_async.bridge.stop_signal import StopSignal
from vla_async.embodiment import Output, TrajectoryOutput
from vla_async.errors import DataError
from vla_async.joint_order import JointReading
from vla_async.nodes import parameters, topics
from vla_async.nodes.bridge_membership import forget_set_point, forget_word, last_word
from vla_async.nodes.bridge_parameters import Parameters
from vla_async.nodes.clocks import STEADY, one_instant
from vla_async.nodes.commanders import other_commander
from vla_async.nodes.controller_conversions import to_controller
from vla_async.nodes.controller_states import ControllerStates
from vla_async.nodes.conversions import SetPointMessage, to_ns
from vla_async.nodes.diagnostics import ERROR, OK, WARN, Diagnosis, RateMeter, shortened
from vla_async.nodes.inputs import JointReader
from vla_async.nodes.lifecycle import PipelineNode
from vla_async.nodes.process import run
from vla_async.nodes.reserve_listener import ReserveListener
from vla_async.nodes.threads import CONTROL_PRIORITY, RECOVERY_PRIORITY, Ticker, raise_process, take_turns_quickly
from vla_async.nodes.trajectory_controllers import TrajectoryControllers
from vla_async.nodes.window_codec import WindowCodec
from vla_async.timebase import seconds, step_ns
from vla_async.urdf import effort_limits

WATCH_S = 0.5  # how often other commanders are looked for
CONTROL_PATIENCE_S = 1.0  # a tick that takes longer has hung
PERCENT = 100.0


class HardwareBridgeNode(PipelineNode):
    """trajectory, joint_states, stop_signal -> the controllers' commands, joint_set_point."""

    TASK = 'commands the robot'
    PARAMETERS = Parameters

    def __init__(self, take_priority: Callable[[], object] = lambda: None, **options: Any) -> None:
        """`take_priority` is called before the robot is commanded: until then others have more urgent work."""
        super().__init__('hardware_bridge', **options)
        self._take_priority = take_priority
        for name, action in (('stop', self._on_stop), ('release', self._on_release), ('hold', self._on_hold)):
            self.create_service(Trigger, f'~/{name}', action)

    def configure(self) -> None:
        self._reading: JointReading | None = None
        values = parameters.read(self, Parameters)
        self._values, self._tolerances = values, values.tolerances()
        self._signal = StopSignal(values.stop_heartbeat_s, self._tolerances.clock_lead_s)
        self._body = BodyGuard(self.robot, values.hand_speed_max)
        self._streams = TrajectoryControllers(self, values.trajectory_replacement)
        self._follow(commit_s=0.0)
        self._controllers = {output: self.advertise(topics.controller(output)) for output in self.robot.outputs}
        self._set_points = self.advertise(topics.JOINT_SET_POINT)
        self._set_point = SetPointMessage(self.robot.dof)
        self._windows, self._refused = RateMeter(), 0
        self._joints = JointReader(self)
        self._saturation = SaturationWatch(self.robot.joint_names, effort_limits(self.robot))
        self._joint_states = self.poll(topics.JOINT_STATES)
        self._codec = WindowCodec(self.robot.joint_names)
        self._reserve = ReserveListener(self, values.gap_s)
        self._trajectories = self.poll(topics.TRAJECTORY, depth=2, raw=True)  # depth: one that is lost is sent again
        self.listen(topics.STOP_SIGNAL, self._hear)
        if values.speed_scaling_topic:
            self.listen(topics.speed_scaling(values.speed_scaling_topic), self._observe_speed)
        self._states = ControllerStates(self, lambda name, state: self._follower.observe_controller(name, state))
        self._watch = self.create_timer(WATCH_S, self._look_around, clock=STEADY)
        take_turns_quickly()
        gc.freeze()  # what lives now lives until cleanup; the collector need not look at it during control

    def activate(self) -> None:
        other = self._other_commander()
        if other:
            forget_set_point()  # the controllers may hold what that one says
            raise DataError(other)
        variants = self._streams.variants()
        self._tell()
        self._follow(commit_s(self.robot, variants))
        self._senders = {output: self._sender(output, variants) for output in self._controllers}
        self._measure()
        self._take_over()
        self._ticked: Tick | None = None
        self._take_priority()
        self._ticker = Ticker(step_ns(self.robot.rates.command_hz), self._tick, self.fail)
        self.watch('control', self._ticker, CONTROL_PATIENCE_S)
        self._trajectories.drain()  # what came before is not meant for now
        self._receiver = self.receiver('windows', self._trajectories, self._accept, CONTROL_PATIENCE_S)
        self._ticker.start()
        self._receiver.start()

    def deactivate(self) -> None:
        """Bring the robot to rest first; the control thread is alive until then."""
        self._follower.stop(DEACTIVATED)
        deadline = time.monotonic() + self._rest_s + REST_MARGIN_S
        while self._follower.state == STOPPING and time.monotonic() < deadline and self.failure is None:
            time.sleep(0.01)
        self._receiver.close()
        self._ticker.close()
        self._follower.deactivate()

    def cleanup(self) -> None:
        gc.unfreeze()  # also this node's participant: a frozen one would never give its shared memory back
        if '_watch' in self.__dict__:
            self.destroy_timer(self.__dict__.pop('_watch'))
            self._tell()
        for asked in ('_streams', '_states'):
            if asked in self.__dict__:
                self.__dict__.pop(asked).destroy()

    def _follow(self, commit_s: float) -> None:
        """A new follower, which knows what was measured last."""
        config = FollowerConfig.from_embodiment(self.robot, self._tolerances, commit_s)
        self._follower, self._rest_s = MotionFollower(config, self._body, self._signal), config.rest_s
        if self._reading is not None:
            self._follower.observe(self._reading.stamp_ns, self._reading.position, self._reading.velocity)

    def _take_over(self) -> None:
        """Hold the robot, where a predecessor left it and by what that was latched, if there was one."""
        word = last_word()
        last = None if word is None else word.set_point
        held = None if last is None else held_set_points(
            self.robot, last.position, seconds(self.now_ns() - last.stamp_ns))
        self._follower.activate(*one_instant(self.now_ns), held)
        if word is not None:
            self._follower.inherit(word)
        forget_word()

    def _sender(self, output: Output, variants: Mapping[str, str]) -> ControllerOutput:
        settings = OutputSettings(self._values.joint_state_age_s)
        if isinstance(output, TrajectoryOutput):
            settings = replace(settings, trajectory=settings_of(output, self.robot, variants[output.name]))
        return make_output(output, self.robot, settings)

    def health(self) -> Diagnosis:
        now_ns = self.now_ns()
        state, reason = self._follower.state, self._follower.reason
        p99_ms, worst_ms = self._ticker.lateness_ms()
        values = {'state': state, 'reason': reason, 'windows [Hz]': self._windows.rate_hz(now_ns),
                  'stops': self._follower.stops, 'last stop': self._follower.last_stop,
                  'refused windows': self._refused, 'stopped by the guard': self._follower.guarded,
                  'ticks': self._ticker.ticks, 'late ticks': self._ticker.late_ticks,
                  'skipped ticks': self._ticker.skipped,
                  'lateness p99 [ms]': p99_ms, 'lateness max [ms]': worst_ms,
                  'real-time priority': self._ticker.realtime,
                  **{f'refused for {what}': count for what, count in self._body.refused.items()},
                  **{f'error of controller {name}': error
                     for name, error in self._follower.controller_errors(now_ns).items()}}
        fault, forces = self._follower.fault(now_ns), self._saturation.fault()
        level = ERROR if fault else WARN if self._follower.latched or forces else OK
        return Diagnosis(level, fault or forces or f'{state}: {reason}'.removesuffix(': '), values)

    def _measure(self) -> None:
        """Look whether a joint state has come; by whoever is about to use it, without an executor's detour."""
        if (message := self._joint_states.newest()) is not None:
            self.heed(topics.JOINT_STATES.name, lambda: self._observe(self._joints.read(message)))

    def _observe(self, reading: JointReading) -> None:
        self._reading = reading
        self._follower.observe(reading.stamp_ns, reading.position, reading.velocity)
        self._saturation.observe(reading)

    def _accept(self, message: bytes) -> None:
        now_ns = self.now_ns()
        window = self._codec.decode(message)
        refusal = self._follower.accept(window, self.now_ns())
        self._windows.tick(now_ns)
        if refusal:
            self._refused += 1
            self.report('refused window', refusal)
        else:
            self.settle('refused window')

    def _tick(self, late: bool) -> None:
        self._measure()
        follower = self._follower
        self._heed_reserve()
        tick = follower.tick(*one_instant(self.now_ns))
        if self._reserve.may_have_braked(tick):  # this process stood still just now
            return
        self._ticked = tick
        for output, sender in self._senders.items():
            payload = sender.take(tick)
            if self._reserve.may_have_braked(tick):
                return
            if payload is not None:
                self._controllers[output].publish(to_controller(output, payload, tick.now_ns))
        if self._reserve.may_have_braked(tick):  # it would take this for a bridge that is back
            return
        self._set_points.publish(self._set_point.of(
            tick.command, self.now_ns(), follower.trajectory_ns, follower.state, follower.reason, late=late,
            latched=follower.latched))

    def _heed_reserve(self) -> None:
        """After a standstill in motion go on from where the reserve has brought the robot."""
        last = self._ticked
        if last is None or not self._reserve.may_have_braked(last):
            self._reserve.pass_over()
            return
        if not self._follower.moving:
            return
        said = self._reserve.since(last, self._follower.believes)
        braked = None if said is None else self._follower.resume_from(said, *one_instant(self.now_ns))
        if braked is not None:
            self._senders |= {output: make_output(output, self.robot, OutputSettings(
                self._values.joint_state_age_s, braked.velocity)) for output in self._senders if needs_bridge(output)}

    def _hear(self, message: Any) -> None:
        self._follower.hear(to_ns(message.header.stamp), message.stop, shortened(message.reason))

    def _observe_speed(self, message: Any) -> None:
        self._follower.observe_speed(message.data / PERCENT)

    def _tell(self) -> None:
        """What has happened to the motion since it was told last, into the log."""
        while self._follower.journal:
            self.get_logger().info(self._follower.journal.popleft())

    def _look_around(self) -> None:
        self._tell()
        if not self.active:  # the control thread does it otherwise
            self._measure()
        self._streams.look()
        self._judge_silence()
        other = self._other_commander()
        if not other:
            self.settle('second commander')
            return
        self.report('second commander', other, ERROR)
        if self.active:
            self._follower.hold(other)

    def _judge_silence(self) -> None:
        silence = self._follower.silence(self.now_ns())
        if silence:
            self.report('controller states', silence)
        else:
            self.settle('controller states')

    def _other_commander(self) -> str:
        return other_commander(self, [output.topic for output in self.robot.outputs])

    def _on_stop(self, _request: Any, response: Any) -> Any:
        return self._answer(response, lambda: self._follower.stop())

    def _on_hold(self, _request: Any, response: Any) -> Any:
        return self._answer(response, lambda: self._follower.hold())

    def _on_release(self, _request: Any, response: Any) -> Any:
        return self._answer(response, lambda: self._other_commander() or self._follower.release(self.now_ns()))

    def _answer(self, response: Any, action: Any) -> Any:
        refusal = action() if self.active else 'the bridge is not active'
        response.success, response.message = not refusal, refusal or self._follower.state
        return response


def main() -> int:
    """Console entry point."""
    return run(partial(HardwareBridgeNode, lambda: raise_process(CONTROL_PRIORITY)), priority=RECOVERY_PRIORITY)
