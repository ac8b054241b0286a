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
from vla_async.launcher.bring_up import ACTIVE, INACTIVE, UNCONFIGURED, UNREACHABLE, BringUp
from vla_async.nodes import parameters, topics
from vla_async.nodes.diagnostics import ERROR, OK, WARN, Diagnosis, DiagnosticsPublisher
from vla_async.nodes.parameters import RobotParameters, parameter
from vla_async.nodes.process import run

LOOK_PERIOD_S = 0.25
ANSWER_PATIENCE_S = 2.0
ASK_BUSY_S = 2.0  # from the demand of a transition to the first question about its outcome
DEACTIVATE_PATIENCE_S = 2.0
TRANSITIONS = {'configure': Transition.TRANSITION_CONFIGURE, 'activate': Transition.TRANSITION_ACTIVATE,
               'deactivate': Transition.TRANSITION_DEACTIVATE}
TARGETS = {'configure': INACTIVE, 'activate': ACTIVE}


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


@dataclass
class Attempt:
    """A transition under way."""

    name: str
    transition: str
    question: Question
    since_s: float


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
        self._attempt: Attempt | None = None
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
        now_s = time.monotonic()
        if self._attempt is not None and not self._attempt.question.open:
            self._conclude(self._attempt)
        for name, member in self._members.items():
            self._ask(name, member, now_s)
        due = self._bring_up.due(now_s) if self._attempt is None else None
        if due is not None:
            self._begin(*due, now_s)

    def _begin(self, name: str, transition: str, now_s: float) -> None:
        self.get_logger().info(f'{name}: {transition}')
        question = self._members[name].change(transition, self._patience_s[transition])
        self._attempt = Attempt(name, transition, question, now_s)
        self._diagnostics.publish()

    def _ask(self, name: str, member: Member, now_s: float) -> None:
        attempt = self._under_way(name)
        if attempt is not None and now_s - attempt.since_s < ASK_BUSY_S:
            return
        if member.asked is not None and member.asked.open:
            return
        unanswered = member.asked is not None and not member.asked.future.done()
        if attempt is None and (unanswered or not member.reachable):
            self._bring_up.saw(name, UNREACHABLE)
        if member.reachable:
            member.ask().add_done_callback(partial(self._hear_state, name, now_s))

    def _hear_state(self, name: str, asked_s: float, answer: Future[Any]) -> None:
        response, attempt = answer.result(), self._under_way(name)
        if response is None:
            return
        state = response.current_state.label
        if attempt is None:
            self._bring_up.saw(name, state)
        elif asked_s > attempt.since_s and state in (UNCONFIGURED, INACTIVE, ACTIVE):
            # it answers other questions, so it is done, and its answer to the transition was lost on the way: DDS
            # drops it when the service has not yet discovered the client
            self._end(attempt, done=state == TARGETS[attempt.transition])

    def _under_way(self, name: str) -> Attempt | None:
        """The transition of this node that is under way."""
        return self._attempt if self._attempt is not None and self._attempt.name == name else None

    def _conclude(self, attempt: Attempt) -> None:
        if attempt.question.future.done():
            self._end(attempt, done=attempt.question.future.result().success)
            return
        self._attempt = None
        self._fail(attempt.name, f'{attempt.transition}: no answer within {self._patience_s[attempt.transition]:.0f} s')
        self._diagnostics.publish()

    def _end(self, attempt: Attempt, *, done: bool) -> None:
        self._attempt = None
        if done:
            self._complaints.pop(attempt.name, None)
            self._bring_up.saw(attempt.name, TARGETS[attempt.transition])
        else:
            self._fail(attempt.name, f'{attempt.transition} failed; see its log')
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
        if self._attempt is not None:
            states[self._attempt.name] = f'{self._attempt.transition}...'
        values = {**states, 'restarts': self._bring_up.restarts}
        if errors := self._bring_up.errors:
            said = (f'{name}: {self._complaints.get(name, error)}' for name, error in errors.items())
            return Diagnosis(ERROR, '; '.join(said), values)
        if self._bring_up.complete:
            return Diagnosis(OK, 'all active', values)
        return Diagnosis(WARN, 'bringing up', values)


def main() -> int:
    return run(LifecycleManager)
