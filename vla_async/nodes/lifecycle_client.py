"""Questions and demands to a lifecycle node, any of which may never be answered."""
from __future__ import annotations

import time
from typing import Any

from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
from rclpy.client import Client
from rclpy.node import Node
from rclpy.task import Future

ANSWER_PATIENCE_S = 0.5  # a node that was just discovered may lose an answer, and is asked again then
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
    """Service clients of one lifecycle node."""

    def __init__(self, node: Node, name: str) -> None:
        self.name = name
        self._get = node.create_client(GetState, f'{name}/get_state')
        self._change = node.create_client(ChangeState, f'{name}/change_state')
        self.asked: Question | None = None

    @property
    def reachable(self) -> bool:
        return bool(self._get.service_is_ready() and self._change.service_is_ready())

    @property
    def unanswered(self) -> bool:
        """Whether the last question for its state got no answer in time."""
        return self.asked is not None and not self.asked.open and not self.asked.future.done()

    def may_ask(self, period_s: float) -> bool:
        """Whether the last question is closed and was asked at least `period_s` ago."""
        return self.asked is None or (not self.asked.open and time.monotonic() - self.asked.since_s >= period_s)

    def ask(self) -> Question:
        """Ask for its state."""
        self.asked = Question(self._get, GetState.Request(), ANSWER_PATIENCE_S)
        return self.asked

    def change(self, transition: str, patience_s: float) -> Question:
        """Demand a transition."""
        request = ChangeState.Request(transition=Transition(id=TRANSITIONS[transition]))
        return Question(self._change, request, patience_s)
