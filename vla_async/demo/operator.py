"""The demo's own ROS node: waits for the bring-up, prepares each episode, gives the task and waits for its end."""
from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

import rclpy
from action_msgs.msg import GoalStatus
from diagnostic_msgs.msg import DiagnosticStatus
from rclpy.action import ActionClient
from rclpy.executors import SingleThreadedExecutor
from rclpy.signals import SignalHandlerOptions
from rclpy.task import Future
from std_srvs.srv import Trigger
from vla_async_msgs.action import RunTask
from vla_async_msgs.srv import ResetSimulation

from vla_async.demo.figures import MANAGER, Watch
from vla_async.embodiment import Embodiment
from vla_async.errors import VlaAsyncError
from vla_async.nodes.conversions import to_duration
from vla_async.timebase import nanoseconds

LOOK_PERIOD_S = 0.1
BRING_UP_PATIENCE_S = 180.0
ANSWER_PATIENCE_S = 10.0
END_PATIENCE_S = 15.0  # beyond the time limit: coming to rest, a busy machine
SETTLE_S = 0.5  # for a released bridge to show its set-point
RELEASES = 10
SIMULATOR = 'robot_simulator'
SERVICES = {'hardware_bridge/hold': Trigger, 'chunk_fuser/reset': Trigger, 'hardware_bridge/release': Trigger,
            f'{SIMULATOR}/reset': ResetSimulation}


class DemoFault(VlaAsyncError):
    """The graph did not do what the demo needs."""


class Operator:
    """A context around the node; `tick` is called about ten times a second while it waits, and may raise."""

    def __init__(self, robot: Embodiment, tick: Callable[[], None]) -> None:
        rclpy.init(signal_handler_options=SignalHandlerOptions.NO)  # Ctrl-C stays a KeyboardInterrupt
        self._tick, self._home = tick, robot.array('home')
        self._node = rclpy.create_node('demo')
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self._node)
        self._run_task = ActionClient(self._node, RunTask, 'run_task')
        # made early: a service that has not yet discovered its client drops the answer
        self._clients = {name: self._node.create_client(kind, name) for name, kind in SERVICES.items()}
        self.watch = Watch(self._node)
        self._looked_s = 0.0

    def __enter__(self) -> Operator:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._executor.shutdown()
        self._run_task.destroy()
        self._node.destroy_node()
        rclpy.try_shutdown()

    def wait_until(self, condition: Callable[[], bool], what: str, patience_s: float) -> None:
        """Go on with ROS work until the condition holds; raises DemoFault, naming `what`, when it takes too long."""
        if not self._comes_true(condition, patience_s):
            raise DemoFault(f'{what}: not within {patience_s:.0f} s')

    def _comes_true(self, condition: Callable[[], bool], patience_s: float) -> bool:
        """Go on with ROS work until the condition holds, or the patience is over."""
        deadline_s = time.monotonic() + patience_s
        while not condition():
            if time.monotonic() > deadline_s:
                return False
            self._executor.spin_once(timeout_sec=LOOK_PERIOD_S / 2)
            if time.monotonic() - self._looked_s >= LOOK_PERIOD_S:
                self._looked_s = time.monotonic()
                self.watch.look()
                self._tick()
        return True

    def wait_for_bring_up(self) -> None:
        """Until all lifecycle nodes are active and the simulation runs; raises DemoFault with what a node says."""
        self.wait_until(self._is_up, 'starting all nodes', BRING_UP_PATIENCE_S)

    def begin_episode(self, task: str, seed: int, instruction: str | None) -> str:
        """A fresh scene with the robot at home, and the pipeline anchored there; returns the instruction.

        The bridge holds while the simulated robot jumps home: a set-point from before would tear it back.
        """
        self._call('hardware_bridge/hold', Trigger.Request())
        self.wait_until(lambda: self.watch.is_held, 'hardware_bridge coming to rest', ANSWER_PATIENCE_S)
        answer = self._call(f'{SIMULATOR}/reset', ResetSimulation.Request(
            task=task, seed=seed, instruction=instruction or ''))
        self._call('chunk_fuser/reset', Trigger.Request())
        self._release_at_home()
        return str(answer.instruction)

    def _release_at_home(self) -> None:
        """The bridge takes over where its newest joint state saw the robot, which may have been before the jump."""
        for _ in range(RELEASES):
            self._call('hardware_bridge/release', Trigger.Request())
            if self._comes_true(lambda: self.watch.is_held_at(self._home), SETTLE_S):
                return
            self._call('hardware_bridge/hold', Trigger.Request())
        raise DemoFault('hardware_bridge does not take over at the home position')

    def run_task(self, instruction: str, time_limit_s: float) -> tuple[bool, str]:
        """Give the task and wait for its end: whether it succeeded, and how it ended."""
        self.wait_until(self._run_task.server_is_ready, 'the action run_task', ANSWER_PATIENCE_S)
        goal = RunTask.Goal(instruction=instruction, time_limit=to_duration(nanoseconds(time_limit_s)))
        handle = self._result(self._run_task.send_goal_async(goal), 'the answer of run_task', ANSWER_PATIENCE_S)
        if not handle.accepted:
            raise DemoFault(f'run_task refused {instruction!r}; the log of task_server says why')
        answer = self._result(handle.get_result_async(), 'the end of the task', time_limit_s + END_PATIENCE_S)
        if answer.status == GoalStatus.STATUS_UNKNOWN:
            raise DemoFault('task_server forgot the task; was it restarted?')
        return bool(answer.result.success), str(answer.result.message)

    def _is_up(self) -> bool:
        health = self.watch.figures.health
        for name in (MANAGER, SIMULATOR):
            if name in health and health[name].level == DiagnosticStatus.ERROR:
                raise DemoFault(health[name].message)
        status = self.watch.figures.status
        return status is not None and MANAGER in health and health[MANAGER].level == DiagnosticStatus.OK

    def _call(self, service: str, request: Any) -> Any:
        client = self._clients[service]
        self.wait_until(client.service_is_ready, f'the service {service}', ANSWER_PATIENCE_S)
        answer = self._result(client.call_async(request), f'the answer of {service}', ANSWER_PATIENCE_S)
        if not answer.success:
            raise DemoFault(f'{service}: {answer.message}')
        return answer

    def _result(self, future: Future[Any], what: str, patience_s: float) -> Any:
        self.wait_until(future.done, what, patience_s)
        return future.result()
