"""Brings the pipeline up, again what was restarted, and down in reverse; kills what is alive but does nothing.

A killed process is started again by whatever started it: `vla-async`'s starter, or ros2 launch with respawn.
"""
from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.node import Node

from vla_async.graph import PIPELINE
from vla_async.launcher.bring_up import ACTIVE, INACTIVE, UNCONFIGURED, UNREACHABLE, BringUp
from vla_async.launcher.heartbeat import Heartbeats
from vla_async.launcher.identity import ENDED, is_starved, kill
from vla_async.nodes import parameters, topics
from vla_async.nodes.clocks import STEADY
from vla_async.nodes.diagnostics import BUSY, ERROR, OK, PROCESS, STALE, WARN, Diagnosis, DiagnosticsPublisher, sayings
from vla_async.nodes.lifecycle_client import LifecycleClient, Question
from vla_async.nodes.parameters import RobotParameters, parameter
from vla_async.nodes.process import run
from vla_async.nodes.system_status import SystemStatusPublisher
from vla_async.nodes.threads import RECOVERY_PRIORITY

LOOK_PERIOD_S = 0.1
ASK_PERIOD_S = 0.5  # of a node that is active
UNREACHABLE_S = 1.0  # without an answer
ASK_BUSY_S = 0.5  # from the demand of a transition to the first question about its outcome
DEACTIVATE_PATIENCE_S = 2.0
TARGETS = {'configure': INACTIVE, 'activate': ACTIVE}


@dataclass(frozen=True)
class Parameters(RobotParameters):
    """Parameters of lifecycle_manager."""

    configure_timeout_s: float = parameter(120.0, 'patience with a node that loads its model [s]', low=1.0, high=3600.0)
    activate_timeout_s: float = parameter(15.0, 'patience with a node that starts its work [s]', low=1.0, high=600.0)
    silence_s: float = parameter(2.5, 'a node that answers nothing for this long is killed, to be started again [s]',
                                 low=0.5, high=60.0)


@dataclass
class Attempt:
    """A transition under way."""

    name: str
    transition: str
    question: Question


class LifecycleManager(Node):
    """Shell around BringUp and Heartbeats; states are asked for a few times a second."""

    def __init__(self, **options: Any) -> None:
        super().__init__('lifecycle_manager', **options)
        parameters.declare(self, Parameters)
        values = parameters.read(self, Parameters)
        self._patience_s = {'configure': values.configure_timeout_s, 'activate': values.activate_timeout_s}
        names = [spec.name for spec in PIPELINE if spec.lifecycle]
        self._members = {name: LifecycleClient(self, name, self._hear_state) for name in names}
        self._bring_up, self._heartbeats = BringUp(names), Heartbeats(values.silence_s, is_starved)
        self._complaints: dict[str, str] = {}
        self._attempts: dict[str, Attempt] = {}
        self._kills = 0
        topics.DIAGNOSTICS.subscribe(self, self._hear_diagnostics)
        self._system_status = SystemStatusPublisher(self)
        self._diagnostics = DiagnosticsPublisher(self, 'bring-up', values.robot, self._diagnose)
        self._looking = self.create_timer(LOOK_PERIOD_S, self._look, clock=STEADY)

    def close(self) -> None:
        """Deactivate what is active, the end of the chain first, so that motion ends before its causes."""
        self._looking.cancel()
        for name in reversed(self._members):
            if self._bring_up.states[name] == ACTIVE and self._members[name].reachable:
                question = self._members[name].change('deactivate', DEACTIVATE_PATIENCE_S)
                if self.executor is not None:
                    self.executor.spin_until_future_complete(question.future, DEACTIVATE_PATIENCE_S)

    def _look(self) -> None:
        for attempt in list(self._attempts.values()):
            if not attempt.question.open:
                self._conclude(attempt)
        for member in self._members.values():
            self._ask(member)
        now_s = time.monotonic()
        for name, transition in list(self._bring_up.due(now_s, self._attempts)):
            self._begin(name, transition)
        for name, why in self._heartbeats.silent(now_s).items():
            self._kill(name, why)

    def _begin(self, name: str, transition: str) -> None:
        self.get_logger().info(f'{name}: {transition}')
        question = self._members[name].change(transition, self._patience_s[transition])
        self._attempts[name] = Attempt(name, transition, question)
        self._diagnostics.publish()

    def _ask(self, member: LifecycleClient) -> None:
        attempt, name = self._attempts.get(member.name), member.name
        if attempt is not None and time.monotonic() - attempt.question.since_s < ASK_BUSY_S:
            return
        if attempt is None and (member.silent_s() > UNREACHABLE_S or not member.reachable):
            self._bring_up.saw(name, UNREACHABLE)
        if member.reachable:
            member.ask(ASK_PERIOD_S if self._bring_up.states[name] == ACTIVE else 0.0)

    def _hear_state(self, name: str, state: str, asked_s: float) -> None:
        self._heartbeats.answered(name, time.monotonic())
        attempt = self._attempts.get(name)
        if attempt is None:
            self._bring_up.saw(name, state)
        elif asked_s > attempt.question.since_s and state in (UNCONFIGURED, INACTIVE, ACTIVE):
            # it answers other questions, so it is done, and its answer to the transition was lost on the way: DDS
            # drops it when the service has not yet discovered the client
            self._end(attempt, done=state == TARGETS[attempt.transition])

    def _conclude(self, attempt: Attempt) -> None:
        if attempt.question.future.done():
            self._end(attempt, done=attempt.question.future.result().success)
            return
        del self._attempts[attempt.name]
        self._kill(attempt.name,
                   f'no answer to {attempt.transition} within {self._patience_s[attempt.transition]:.0f} s')

    def _end(self, attempt: Attempt, *, done: bool) -> None:
        del self._attempts[attempt.name]
        if done:
            self._complaints.pop(attempt.name, None)
            self._bring_up.saw(attempt.name, TARGETS[attempt.transition])
        else:
            self._fail(attempt.name, f'{attempt.transition} failed; see its log')
        self._diagnostics.publish()

    def _kill(self, name: str, why: str) -> None:
        hindrance = kill(self._heartbeats.forget(name), name)
        if hindrance == ENDED:  # a matter for whoever started it
            return
        self._kills += not hindrance
        self._complaints.pop(name, None)
        self._fail(name, f'{why}; {hindrance or "killed"}')
        self._diagnostics.publish()

    def _fail(self, name: str, error: str) -> None:
        self._bring_up.failed(name, error, time.monotonic())
        self.get_logger().error(f'{name}: {error}')

    def _hear_diagnostics(self, message: DiagnosticArray) -> None:
        for name, health in sayings(message, self._members):
            if health.level == ERROR:
                self._complaints[name] = health.message
            self._heartbeats.said(name, time.monotonic(), health.values.get(PROCESS, ''), busy=BUSY in health.values,
                                  standstill=health.message if health.level == STALE else '')

    def _diagnose(self) -> Diagnosis:
        states = {**self._bring_up.states, **{name: f'{a.transition}...' for name, a in self._attempts.items()}}
        values = {**states, 'restarts': self._bring_up.restarts, 'killed': self._kills}
        if errors := self._bring_up.errors:
            said = (f'{name}: {self._complaints.get(name, error)}' for name, error in errors.items())
            return Diagnosis(ERROR, '; '.join(said), values)
        if self._bring_up.complete:
            return Diagnosis(OK, 'all active', values)
        waiting = (f'{name} is {state}' for name, state in states.items() if state != ACTIVE)
        return Diagnosis(WARN, f'bringing up: {", ".join(waiting)}', values)


def main() -> int:
    return run(LifecycleManager, priority=RECOVERY_PRIORITY)
