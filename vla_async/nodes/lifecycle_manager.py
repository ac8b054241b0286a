"""Brings the pipeline up in the order of the table of nodes, again what was restarted, and down in reverse."""
from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
from rclpy.client import Client
from rclpy.node import Node
from rclpy.task import Future

from vla_async.graph import PIPELINE
from vla_async.launcher.bring_up import ACTIVE, UNREACHABLE, BringUp
from vla_async.nodes import parameters, topics
from vla_async.nodes.diagnostics import ERROR, OK, WARN, Diagnosis, DiagnosticsPublisher
from vla_async.nodes.parameters import RobotParameters, parameter
from vla_async.nodes.process import run

LOOK_PERIOD_S = 0.25
ANSWER_PATIENCE_S = 2.0
DEACTIVATE_PATIENCE_S = 2.0
TRANSITIONS = {'configure': Transition.TRANSITION_CONFIGURE, 'activate': Transition.TRANSITION_ACTIVATE,
               'deactivate': Transition.TRANSITION_DEACTIVATE}


@dataclass(frozen=True)
class Parameters(RobotParameters):
    """Parameters of lifecycle_manager."""

    configure_timeout_s: float = parameter(120.0, 'patience with a node that loads its model [s]', low=1.0, high=3600.0)
    activate_timeout_s: float = parameter(15.0, 'patience with a node that starts its work [s]', low=1.0, high=600.0)


class Question:
    """A service call that may never be answered, because the node that shall answer may die."""

    def __init__(self, client: Client[Any, Any], request: Any, patience_s: float) -> None:
        self._client, self._deadline_s = client, time.monotonic() + patience_s
        self.future: Future[Any] = client.call_async(request)

    @property
    def open(self) -> bool:
        """Whether an answer may still come."""
        if not self.future.done() and time.monotonic() < self._deadline_s:
            return True
        if not self.future.done():
            self._client.remove_pending_request(self.future)
        return False


class Member:
    """Service clients of one lifecycle node."""

    def __init__(self, node: Node, name: str) -> None:
        self.name = name
        self._get = node.create_client(GetState, f'{name}/get_state')
        self._change = node.create_client(ChangeState, f'{name}/change_state')
        self.asked: Question | None = None

    @property
    def reachable(self) -> bool:
        return bool(self._get.service_is_ready() and self._change.service_is_ready())

    def ask(self) -> Future[Any]:
        """Ask for its state."""
        self.asked = Question(self._get, GetState.Request(), ANSWER_PATIENCE_S)
        return self.asked.future

    def change(self, transition: str, patience_s: float) -> Question:
        """Demand a transition."""
        request = ChangeState.Request(transition=Transition(id=TRANSITIONS[transition]))
        return Question(self._change, request, patience_s)


class LifecycleManager(Node):
    """Shell around BringUp: one transition at a time, states asked for a few times a second."""

    def __init__(self, **options: Any) -> None:
        super().__init__('lifecycle_manager', **options)
        parameters.declare(self, Parameters)
        values = parameters.read(self, Parameters)
        self._patience_s = {'configure': values.configure_timeout_s, 'activate': values.activate_timeout_s}
        names = [spec.name for spec in PIPELINE if spec.lifecycle]
        self._members = {name: Member(self, name) for name in names}
        self._bring_up = BringUp(names)
        self._complaints: dict[str, str] = {}
        self._transition: tuple[str, str, Question] | None = None
        topics.DIAGNOSTICS.subscribe(self, self._remember_complaints)
        self._diagnostics = DiagnosticsPublisher(self, 'bring-up', values.robot, self._diagnose)
        self.create_timer(LOOK_PERIOD_S, self._look)

    def close(self) -> None:
        """Deactivate what is active, the end of the chain first, so that motion ends before its causes."""
        for name in reversed(self._members):
            if self._bring_up.states[name] == ACTIVE and self._members[name].reachable:
                question = self._members[name].change('deactivate', DEACTIVATE_PATIENCE_S)
                if self.executor is not None:
                    self.executor.spin_until_future_complete(question.future, DEACTIVATE_PATIENCE_S)

    def _look(self) -> None:
        if self._transition is not None and not self._transition[2].open:
            self._finish_transition()
        for name, member in self._members.items():
            self._ask(name, member)
        due = self._bring_up.due(time.monotonic()) if self._transition is None else None
        if due is not None:
            name, transition = due
            self.get_logger().info(f'{name}: {transition}')
            question = self._members[name].change(transition, self._patience_s[transition])
            self._transition = name, transition, question
            self._diagnostics.publish()

    def _ask(self, name: str, member: Member) -> None:
        busy = self._transition is not None and self._transition[0] == name
        if busy or (member.asked is not None and member.asked.open):
            return  # a node in transition answers when it is done
        unanswered = member.asked is not None and not member.asked.future.done()
        if unanswered or not member.reachable:
            self._bring_up.saw(name, UNREACHABLE)
        if member.reachable:
            member.ask().add_done_callback(partial(self._hear_state, name))

    def _hear_state(self, name: str, answer: Future[Any]) -> None:
        response = answer.result()
        busy = self._transition is not None and self._transition[0] == name
        if response is not None and not busy:
            self._bring_up.saw(name, response.current_state.label)

    def _finish_transition(self) -> None:
        assert self._transition is not None  # noqa: S101  the caller looked
        name, transition, question = self._transition
        self._transition = None
        if not question.future.done():
            self._fail(name, f'{transition}: no answer within {self._patience_s[transition]:.0f} s')
        elif not question.future.result().success:
            self._fail(name, f'{transition} failed; see its log')
        else:
            self._complaints.pop(name, None)
            self._bring_up.saw(name, 'inactive' if transition == 'configure' else ACTIVE)
        self._diagnostics.publish()

    def _fail(self, name: str, error: str) -> None:
        self._bring_up.failed(name, error, time.monotonic())
        self.get_logger().error(f'{name}: {error}')

    def _remember_complaints(self, message: DiagnosticArray) -> None:
        for status in message.status:
            name = status.name.partition(':')[0]
            if name in self._members and status.level == DiagnosticStatus.ERROR:
                self._complaints[name] = status.message

    def _diagnose(self) -> Diagnosis:
        states = dict(self._bring_up.states)
        if self._transition is not None:
            states[self._transition[0]] = f'{self._transition[1]}...'
        values = {**states, 'restarts': self._bring_up.restarts}
        if errors := self._bring_up.errors:
            said = (f'{name}: {self._complaints.get(name, error)}' for name, error in errors.items())
            return Diagnosis(ERROR, '; '.join(said), values)
        if self._bring_up.complete:
            return Diagnosis(OK, 'all active', values)
        return Diagnosis(WARN, 'bringing up', values)


def main() -> int:
    return run(LifecycleManager)
