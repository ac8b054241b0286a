"""Base of the pipeline's nodes: lifecycle transitions that name their culprit, health, and input that may be bad."""
from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.publisher import Publisher
from rclpy.subscription import Subscription

from vla_async.embodiment import Embodiment, load
from vla_async.errors import ConfigError, VlaAsyncError
from vla_async.nodes import parameters
from vla_async.nodes.clocks import ClockWatch
from vla_async.nodes.diagnostics import ERROR, OK, STALE, WARN, Diagnosis, DiagnosticsPublisher, shortened
from vla_async.nodes.polling import Arrival, PolledSubscription
from vla_async.nodes.threads import Ticker, Worker, ask_for_realtime
from vla_async.nodes.topics import Topic

LOG_PERIOD_S = 2.0  # of problems with one key
RECEIVER_WAIT_S = 0.1  # how long a receiver waits before it looks whether it shall end
JUMP_SHOWN_S = 5.0  # how long the diagnostics tell of a clock that was set
SUCCESS, FAILURE = TransitionCallbackReturn.SUCCESS, TransitionCallbackReturn.FAILURE


@dataclass(frozen=True)
class Problem:
    """Why something is not as it should be, said once in the log and all the time in the diagnostics."""

    text: str
    level: bytes = WARN


class PipelineNode(LifecycleNode):
    """A lifecycle node that fills in `configure`, `activate`, `deactivate`, `cleanup` and `health`.

    A hook that raises makes the transition fail: the error is logged, appears in the diagnostics, and the node is
    left as before. What `configure` advertises and listens to goes away at cleanup; it publishes while `active` only.
    What it judges by stamps it forgets in `clock_jumped`.
    """

    TASK = ''  # what the node does, for '<node>: <task>' in the diagnostics
    PARAMETERS: type[parameters.RobotParameters] = parameters.RobotParameters

    def __init__(self, name: str, **options: Any) -> None:
        super().__init__(name, **options)
        parameters.declare(self, self.PARAMETERS)
        self.active = False
        self.problems: dict[str, Problem] = {}
        self.failure: BaseException | None = None  # what ended a thread of the node; ends the process too
        self._robot: Embodiment | None = None
        self._diagnostics = DiagnosticsPublisher(self, self.TASK, self.get_parameter('robot').value, self._diagnose)
        self._logged_s: dict[str, float] = {}
        self._listening: list[Subscription[Any]] = []
        self._polled: list[PolledSubscription] = []
        self._advertised: list[Publisher[Any]] = []
        self._watched: dict[str, tuple[Worker | Ticker, float]] = {}
        self._jumped_s = float('-inf')
        self._clock_watch = ClockWatch(self, self._jump)

    def configure(self) -> None:
        """Load and connect everything; `self.robot` is there already."""

    def activate(self) -> None:
        """Start the work."""

    def deactivate(self) -> None:
        """Stop the work; must leave the robot safe."""

    def cleanup(self) -> None:
        """Release what else `configure` made; must work after a `configure` that failed half way."""

    def clock_jumped(self) -> None:
        """The clock was set: ages of what was stamped before cannot be told any more. Only while configured."""

    def health(self) -> Diagnosis:
        """Present figures of an active node."""
        return Diagnosis()

    @property
    def robot(self) -> Embodiment:
        """The embodiment that the parameter `robot` names; there from `configure` on."""
        if self._robot is None:
            raise ConfigError(f'{self.get_name()} is not configured')
        return self._robot

    def now_ns(self) -> int:
        """ROS time [ns]."""
        return int(self.get_clock().now().nanoseconds)

    def listen(self, topic: Topic, callback: Callable[[Any], None], *, raw: bool = False) -> None:
        """Subscribe until cleanup; a VlaAsyncError of the callback becomes a problem named after the topic."""
        self._listening.append(topic.subscribe(
            self, lambda message: self.heed(topic.name, lambda: callback(message)), raw=raw))

    def poll(self, topic: Topic, *, depth: int = 1, raw: bool = False) -> PolledSubscription:
        """Subscription until cleanup, for a value that is looked at now and then, or in a thread of its own."""
        self._polled.append(PolledSubscription(self, topic, depth=depth, raw=raw))
        return self._polled[-1]

    def advertise(self, topic: Topic) -> Publisher[Any]:
        """Publisher until cleanup."""
        self._advertised.append(topic.advertise(self))
        return self._advertised[-1]

    def worker(self, name: str, step: Callable[[], None], patience_s: float,
               on_start: Callable[[], object] = lambda: None) -> Worker:
        """A thread that runs `step`, and `on_start` before it; a VlaAsyncError becomes a problem, any other error ends
        the process.

        A step that takes longer than `patience_s` [s] has hung.
        """
        worker = Worker(name, lambda: self.heed(name, step), self.fail, on_start)
        self.watch(name, worker, patience_s)
        return worker

    def receiver(self, name: str, subscription: PolledSubscription, callback: Callable[[Any], None],
                 patience_s: float) -> Worker:
        """A thread that hands the newest message on as soon as it is there, in real time where that is granted: past
        the executor, which needs as long for a message as it takes to look at all else that might have happened.

        Errors as with `listen`; a call that takes longer than `patience_s` [s] has hung.
        """
        arrival = Arrival(self, (subscription,))

        def step() -> None:
            if arrival.wait(RECEIVER_WAIT_S) and (message := subscription.newest()) is not None:
                self.heed(subscription.topic.name, lambda: callback(message))
        return self.worker(name, step, patience_s, ask_for_realtime)

    def watch(self, name: str, thread: Worker | Ticker, patience_s: float) -> None:
        """Let the diagnostics say STALE when a step of the thread takes longer than `patience_s` [s]."""
        self._watched[name] = thread, patience_s

    def heed(self, key: str, action: Callable[[], object]) -> None:
        """Do it; a VlaAsyncError becomes the problem under `key`, which a success settles."""
        try:
            action()
        except VlaAsyncError as error:
            self.report(key, str(error))
        else:
            self.settle(key)

    def fail(self, error: BaseException) -> None:
        """A thread of the node died; called by the thread."""
        self.failure = error

    def report(self, key: str, text: str, level: bytes = WARN) -> None:
        """Remember a problem under `key`; logged when its text is new, but not often, for texts that hold figures."""
        text, known = shortened(text), self.problems.get(key)
        self.problems[key] = Problem(text, level)
        now_s = time.monotonic()
        if (known is None or known.text != text) and now_s - self._logged_s.get(key, -LOG_PERIOD_S) >= LOG_PERIOD_S:
            self._logged_s[key] = now_s
            if level == ERROR:  # two calls, not one with a changing severity: rclpy refuses that
                self.get_logger().error(f'{key}: {text}')
            else:
                self.get_logger().warning(f'{key}: {text}')

    def settle(self, key: str) -> None:
        """The problem under `key` is over, if there was one."""
        self.problems.pop(key, None)

    def close(self) -> None:
        """End of the process: through the same hooks, whatever the state."""
        if self.active:
            self._attempt('deactivate', self._deactivate)
        self._attempt('cleanup', self._cleanup)

    # --- transitions, called by rclpy ---

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        result = self._attempt('configure', self._configure)
        if result == FAILURE:
            self._attempt('cleanup', self._cleanup)
        return result

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        return self._attempt('activate', self._activate)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        return self._attempt('deactivate', self._deactivate)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        return self._attempt('cleanup', self._cleanup)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        self.close()
        return SUCCESS

    def _configure(self) -> None:
        self._robot = load(self.get_parameter('robot').value)
        self.configure()

    def _activate(self) -> None:
        self.activate()
        self.active = True

    def _deactivate(self) -> None:
        self.active = False
        self._watched.clear()
        self.deactivate()

    def _cleanup(self) -> None:
        while self._listening:
            self.destroy_subscription(self._listening.pop())
        while self._polled:
            self._polled.pop().destroy()
        while self._advertised:
            self.destroy_publisher(self._advertised.pop())
        self.cleanup()
        self._robot = None
        self.problems = {key: p for key, p in self.problems.items() if key in ('configure', 'activate')}

    def _attempt(self, transition: str, action: Callable[[], None]) -> TransitionCallbackReturn:
        self._diagnostics.publish_busy(transition)
        try:
            action()
        except Exception as error:  # rclpy would drop it without a word
            if not isinstance(error, VlaAsyncError):
                self.get_logger().error(traceback.format_exc())
            self.report(transition, f'{error}' if isinstance(error, VlaAsyncError) else repr(error), ERROR)
            self._diagnostics.publish()
            return FAILURE
        self.settle(transition)
        self._diagnostics.publish()
        return SUCCESS

    def _jump(self, jump_s: float) -> None:
        for timer in self.timers:
            timer.reset()  # one that waits for a time of the old clock may wait for long
        if self._robot is not None:
            self.clock_jumped()
        self._jumped_s = time.monotonic()
        self.report('clock', f'it was set by {jump_s:+.2f} s')

    def _diagnose(self) -> Diagnosis:
        if time.monotonic() - self._jumped_s > JUMP_SHOWN_S:
            self.settle('clock')
        figures = self.health() if self.active else Diagnosis(OK, 'not active')
        for name, (thread, patience_s) in self._watched.items():
            if (busy_s := thread.busy_s) > patience_s:
                return Diagnosis(STALE, f'{name} has stood still for {busy_s:.2f} s', figures.values)
        problems = self.problems.copy()  # other threads report, too
        if not problems:
            return figures
        worst = max(p.level for p in problems.values())
        text = '; '.join(f'{key}: {problem.text}' for key, problem in problems.items())
        values = {**figures.values, 'last error': text}
        if figures.level > worst:  # what is worse than all of them must not be hidden by them
            return Diagnosis(figures.level, f'{figures.message}; {text}', values)
        return Diagnosis(worst, text, values)
