"""Questions and demands to a lifecycle node, any of which may never be answered."""
from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
from rclpy.client import Client
from rclpy.node import Node
from rclpy.task import Future

REPEAT_S = 0.5  # a node that was just discovered may lose an answer, and is asked again then
ANSWER_PATIENCE_S = 10.0  # on a busy machine answers come late, and count
TRANSITIONS = {'configure': Transition.TRANSITION_CONFIGURE, 'activate': Transition.TRANSITION_ACTIVATE,
               'deactivate': Transition.TRANSITION_DEACTIVATE}


class Question:
    """A service call that may never be answered, because the node that shall answer may die."""

    def __init__(self, client: Client[Any, Any], request: Any, patience_s: float) -> None:
        self._client, self.since_s = client, time.monotonic()
        self._deadline_s = self.since_s + patience_s
        self.future: Future[Any] = client.call_async(request)

    @property
    def open(self) -> bool:
        """Whether an answer may still come."""
        if not self.future.done() and time.monotonic() < self._deadline_s:
            return True
        if not self.future.done():
            self._client.remove_pending_request(self.future)
        return False


class LifecycleClient:
    """Service clients of one lifecycle node; `heard` is called with each answer about its state."""

    def __init__(self, node: Node, name: str, heard: Callable[[str, str, float], None]) -> None:
        """`heard(name, state, when it was asked for)`; times are monotonic [s]."""
        self.name, self._heard = name, heard
        self._get = node.create_client(GetState, f'{name}/get_state')
        self._change = node.create_client(ChangeState, f'{name}/change_state')
        self._asked: deque[Question] = deque()
        self._valid_s = self._answered_s = float('-inf')

    @property
    def reachable(self) -> bool:
        return bool(self._get.service_is_ready() and self._change.service_is_ready())

    def silent_s(self) -> float:
        """How long ago the last answer came [s]."""
        return time.monotonic() - self._answered_s

    def ask(self, period_s: float) -> None:
        """Ask for its state, unless it was asked within `period_s` [s] or is yet to answer."""
        while self._asked and not self._asked[0].open:
            self._asked.popleft()
        waiting = bool(self._asked) and not self._asked[-1].future.done()
        last_s = self._asked[-1].since_s if self._asked else self._answered_s
        if time.monotonic() - last_s < (max(period_s, REPEAT_S) if waiting else period_s):
            return
        question = Question(self._get, GetState.Request(), ANSWER_PATIENCE_S)
        self._asked.append(question)
        question.future.add_done_callback(partial(self._hear, question.since_s))

    def change(self, transition: str, patience_s: float) -> Question:
        """Demand a transition; answers to what was asked before do not count any more."""
        self._valid_s = time.monotonic()
        request = ChangeState.Request(transition=Transition(id=TRANSITIONS[transition]))
        question = Question(self._change, request, patience_s)
        question.future.add_done_callback(self._note_answer)
        return question

    def _note_answer(self, _answer: Future[Any]) -> None:
        self._answered_s = time.monotonic()

    def _hear(self, asked_s: float, answer: Future[Any]) -> None:
        self._note_answer(answer)
        if asked_s >= self._valid_s and answer.result() is not None:
            self._heard(self.name, answer.result().current_state.label, asked_s)
