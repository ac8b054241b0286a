"""The action run_task: how people and task planners start, watch and cancel work.

An accepted goal becomes a Task with the next id; at its end the Task with the empty instruction follows, and the result
is given once the robot is at rest. A goal ends
- cancelled by the client (canceled),
- by a newer goal, which takes its place at once (aborted),
- by the bridge having stopped the robot (aborted),
- by its time limit, after which nobody knows whether the work was done (aborted),
- in simulation, where `end_on_success` is set, by the judge's word (succeeded). On a robot only the client can judge.

Ages in the feedback are negative while there is nothing yet whose age could be told.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from builtin_interfaces.msg import Duration
from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.action.server import ServerGoalHandle
from rclpy.node import Node
from rclpy.task import Future
from vla_async_msgs.action import RunTask

from vla_async.nodes import parameters, topics
from vla_async.nodes.clocks import STEADY, ClockWatch
from vla_async.nodes.conversions import task_message, to_duration, to_ns
from vla_async.nodes.diagnostics import OK, WARN, Diagnosis, DiagnosticsPublisher
from vla_async.nodes.parameters import RobotParameters, parameter
from vla_async.nodes.polling import PolledSubscription
from vla_async.nodes.process import run
from vla_async.timebase import NS_PER_S, nanoseconds, seconds
from vla_async.types import MAX_INSTRUCTION, Task

PERIOD_S = 0.2
UNKNOWN_AGE_NS = -NS_PER_S
REST_VELOCITY = 0.01  # [rad/s or m/s]
REST_PATIENCE_NS = 5 * NS_PER_S
BRIDGE_SILENCE_S = 0.5  # set-points come at least a hundred times a second


@dataclass(frozen=True)
class Parameters(RobotParameters):
    """Parameters of task_server."""

    default_limit_s: float = parameter(60.0, 'time limit of goals that name none [s]', low=0.1, high=86400.0)
    end_on_success: bool = parameter(False, "end a task with success when the simulation's judge says so")


@dataclass
class Observed:
    """What the newest messages say; None while there was none."""

    chunk_ns: int | None = None  # images behind the newest chunk
    latent_ns: int | None = None  # images behind the newest latent
    set_point_ns: int | None = None
    bridge_state: str = ''
    bridge_reason: str = ''
    speed: float | None = None  # largest set-point velocity of any joint [rad/s or m/s]
    success: bool = False


class Observer:
    """Looks at the newest latent, chunk, set-point and judgement a few times a second."""

    def __init__(self, node: Node) -> None:
        self._latent = PolledSubscription(node, topics.LATENT)
        self._chunk = PolledSubscription(node, topics.ACTION_CHUNK)
        self._set_point = PolledSubscription(node, topics.JOINT_SET_POINT)
        self._status = PolledSubscription(node, topics.SIMULATION_STATUS)
        self.state = Observed()

    def forget(self) -> None:
        """Start anew, for a new task."""
        self.look()
        self.state = Observed(bridge_state=self.state.bridge_state, bridge_reason=self.state.bridge_reason)

    def look(self) -> Observed:
        """The present state."""
        if (latent := self._latent.newest()) is not None:
            self.state.latent_ns = to_ns(latent.header.stamp)
        if (chunk := self._chunk.newest()) is not None:
            self.state.chunk_ns = to_ns(chunk.observation)
        if (set_point := self._set_point.newest()) is not None:
            self.state.set_point_ns = to_ns(set_point.header.stamp)
            self.state.bridge_state, self.state.bridge_reason = set_point.state, set_point.reason
            self.state.speed = float(np.abs(np.asarray(set_point.velocity)).max(initial=0.0))
        if (status := self._status.newest()) is not None:
            self.state.success = status.success
        return self.state


class TaskServer(Node):
    """Shell around the action server; runs one goal at a time in the executor's thread."""

    def __init__(self, **options: Any) -> None:
        super().__init__('task_server', **options)
        parameters.declare(self, Parameters)
        self._parameters = parameters.read(self, Parameters)
        self._tasks = topics.TASK.advertise(self)
        self._observer = Observer(self)
        # seconds as the first id: it grows over restarts of this node, too
        self._task = Task(id=self._now_ns() // NS_PER_S, stamp_ns=0, instruction='')
        self._goal: Any = None  # the ServerGoalHandle that has the robot
        self._waiting: list[Future[None]] = []
        self._jumped_ns = 0  # by how much the clock was set, all in all
        self._clock_watch = ClockWatch(self, self._jump)
        self._server = ActionServer(
            self, RunTask, 'run_task', execute_callback=self._execute, goal_callback=self._judge_goal,
            handle_accepted_callback=self._take_over, cancel_callback=lambda _goal: CancelResponse.ACCEPT)
        self.create_timer(PERIOD_S, self._tick, clock=STEADY)
        self._diagnostics = DiagnosticsPublisher(self, 'tasks', self._parameters.robot, self._diagnose)
        self._publish('')

    def close(self) -> None:
        """The robot shall not go on with a task that nobody watches."""
        self._publish('')
        self._server.destroy()

    def _now_ns(self) -> int:
        return int(self.get_clock().now().nanoseconds)

    def _passed_ns(self) -> int:
        """Time [ns] that goes on as before when the clock is set."""
        return self._now_ns() - self._jumped_ns

    def _jump(self, jump_s: float) -> None:
        self._jumped_ns += nanoseconds(jump_s)
        self._observer.forget()

    def _publish(self, instruction: str) -> None:
        self._task = Task(id=self._task.id + 1, stamp_ns=self._now_ns(), instruction=instruction)
        self._tasks.publish(task_message(self._task))

    def _judge_goal(self, request: RunTask.Goal) -> GoalResponse:
        refusal = _refusal(request)
        if refusal:
            self.get_logger().error(f'run_task: {refusal}')
        return GoalResponse.REJECT if refusal else GoalResponse.ACCEPT

    def _take_over(self, goal: ServerGoalHandle) -> None:
        self._goal = goal
        goal.execute()

    async def _execute(self, goal: ServerGoalHandle) -> RunTask.Result:
        self._observer.forget()
        self._publish(goal.request.instruction.strip())
        limit_ns = to_ns(goal.request.time_limit) or round(self._parameters.default_limit_s * NS_PER_S)
        began_ns = self._passed_ns()
        while not (end := self._end_of(goal, began_ns, limit_ns)):
            await self._next_tick()
            goal.publish_feedback(self._feedback())
        if self._goal is goal:
            self._publish('')
            rest = await self._rest(goal)
            if self._goal is goal:
                self._goal = None
            end = f'{end}; {rest}'
        return self._finish(goal, end)

    def _end_of(self, goal: ServerGoalHandle, began_ns: int, limit_ns: int) -> str:
        """Why the goal ends now; empty while it goes on."""
        observed = self._observer.look()
        if self._goal is not goal:
            return 'a newer task took its place'
        if goal.is_cancel_requested:
            return 'cancelled'
        if self._parameters.end_on_success and observed.success:
            return 'done'
        if observed.bridge_state == 'stopped':
            return f'the bridge stopped the robot: {observed.bridge_reason}'
        if self._passed_ns() - began_ns >= limit_ns:
            return f'its time limit of {seconds(limit_ns):g} s is over'
        return ''

    def _finish(self, goal: ServerGoalHandle, end: str) -> RunTask.Result:
        success = end.startswith('done')
        if goal.is_cancel_requested:
            goal.canceled()
        elif success:
            goal.succeed()
        else:
            goal.abort()
        self.get_logger().info(f'{goal.request.instruction!r}: {end}')
        return RunTask.Result(success=success, message=end)

    async def _rest(self, goal: ServerGoalHandle) -> str:
        began_ns = self._passed_ns()
        while self._passed_ns() - began_ns < REST_PATIENCE_NS and self._goal is goal:
            await self._next_tick()
            speed = self._observer.look().speed
            if speed is not None and speed < REST_VELOCITY:
                return f'at rest after {seconds(self._passed_ns() - began_ns):.1f} s'
        return 'not seen to come to rest'

    def _next_tick(self) -> Future[None]:
        future: Future[None] = Future(executor=self.executor)
        self._waiting.append(future)
        return future

    def _tick(self) -> None:
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            future.set_result(None)

    def _feedback(self) -> RunTask.Feedback:
        observed = self._observer.state
        return RunTask.Feedback(state=_phase(observed), latent_age=self._age(observed.latent_ns),
                                chunk_age=self._age(observed.chunk_ns))

    def _age(self, stamp_ns: int | None) -> Duration:
        return to_duration(UNKNOWN_AGE_NS if stamp_ns is None else self._now_ns() - stamp_ns)

    def _diagnose(self) -> Diagnosis:
        observed = self._observer.look()
        values: dict[str, Any] = {'task id': self._task.id, 'bridge': observed.bridge_state}
        if observed.set_point_ns is None:
            return Diagnosis(WARN, 'hardware_bridge has not been heard of', values)
        age_s = seconds(self._now_ns() - observed.set_point_ns)
        if age_s > BRIDGE_SILENCE_S:
            return Diagnosis(WARN, f'the newest set-point of hardware_bridge is {age_s:.2f} s old', values)
        return Diagnosis(OK, self._task.instruction or 'no task', values)


def _refusal(request: RunTask.Goal) -> str:
    """Why a goal cannot be meant, or nothing."""
    if not 0 < len(request.instruction.strip()) <= len(request.instruction) <= MAX_INSTRUCTION:
        return f'an instruction has 1 to {MAX_INSTRUCTION} characters; to end work, cancel its goal'
    limit_s = seconds(to_ns(request.time_limit))
    return f'a time limit of {limit_s:g} s; 0: that of the parameter default_limit_s' if limit_s < 0 else ''


def _phase(observed: Observed) -> str:
    """What the robot is doing, in the words of the feedback."""
    if observed.bridge_state not in ('', 'following'):
        return f'{observed.bridge_state}: {observed.bridge_reason}' if observed.bridge_reason else observed.bridge_state
    if observed.chunk_ns is None:
        return 'waiting for the first motion'
    return 'moving' if (observed.speed or 0.0) > REST_VELOCITY else 'at rest'


def main() -> int:
    return run(TaskServer)
