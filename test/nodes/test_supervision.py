"""lifecycle_manager and task_server with real lifecycle nodes and a real action client."""
import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest
from action_msgs.msg import GoalStatus
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from rclpy.action import ActionClient
from rclpy.parameter import Parameter
from vla_async_msgs.action import RunTask
from vla_async_msgs.msg import SimulationStatus

from vla_async import embodiment
from vla_async.errors import ConfigError
from vla_async.launcher.process import Command as StarterCommand
from vla_async.launcher.starter import Starter
from vla_async.nodes import lifecycle_client, lifecycle_manager, topics
from vla_async.nodes.chunk_fuser import ChunkFuserNode
from vla_async.nodes.conversions import chunk_message, to_duration, to_ns
from vla_async.nodes.hardware_bridge import HardwareBridgeNode
from vla_async.nodes.latent_conversions import latent_message
from vla_async.nodes.lifecycle import PipelineNode
from vla_async.nodes.lifecycle_client import LifecycleClient, Question
from vla_async.nodes.lifecycle_manager import LifecycleManager
from vla_async.nodes.task_server import TaskServer
from vla_async.timebase import NS_PER_S, nanoseconds
from vla_async.types import ActionChunk, Latent

ROBOT = embodiment.load('astribot_s1')


class Willing(PipelineNode):
    """Comes up whenever it is told to."""

    TASK = 'is willing'


class Unwilling(PipelineNode):
    """Cannot be configured."""

    TASK = 'is unwilling'

    def configure(self):
        raise ConfigError('the checkpoint is for another robot')


@pytest.fixture
def two_members(monkeypatch):
    monkeypatch.setattr(lifecycle_manager, 'PIPELINE', tuple(
        spec for spec in lifecycle_manager.PIPELINE if spec.name in ('chunk_fuser', 'hardware_bridge')))


def member(graph, kind, name):
    return graph.add(kind(name, context=graph.context))


def test_members_become_active_and_come_back_after_a_restart(graph, two_members):
    manager = graph.add(LifecycleManager(context=graph.context))
    fuser, bridge = (member(graph, Willing, name) for name in ('chunk_fuser', 'hardware_bridge'))
    graph.until_diagnosed('lifecycle_manager', 'all active')
    assert fuser.active
    assert bridge.active
    fuser.trigger_deactivate()
    fuser.trigger_cleanup()  # as a process that was started again
    graph.until(lambda: fuser.active, 'chunk_fuser active again')
    graph.until(lambda: restarts(graph) != '0', 'word of the restart')
    graph.until_diagnosed('lifecycle_manager', 'all active')
    assert restarts(graph) == '1'
    manager.close()
    assert not fuser.active
    assert not bridge.active


def restarts(graph):
    values = {v.key: v.value for v in graph.diagnoses['lifecycle_manager: bring-up'].values}
    return values['restarts']


def test_a_member_that_cannot_be_configured_is_named_with_its_own_words(graph, two_members):
    graph.add(LifecycleManager(context=graph.context))
    member(graph, Unwilling, 'chunk_fuser')
    bridge = member(graph, Willing, 'hardware_bridge')
    graph.until_diagnosed('lifecycle_manager', 'chunk_fuser', 'the checkpoint is for another robot')
    assert not bridge.active  # it waits for those before it


def test_an_answer_that_was_lost_on_the_way_does_not_stop_the_bring_up(graph, two_members, monkeypatch):
    monkeypatch.setattr(lifecycle_manager, 'ASK_BUSY_S', 0.2)
    lost = []

    def change(self, transition, patience_s):
        lost.append(transition)
        self.answered = Question(self._change, request_for(transition), patience_s)
        return Question(self._never, ChangeState.Request(), patience_s)

    def request_for(transition):
        return ChangeState.Request(transition=Transition(id=lifecycle_client.TRANSITIONS[transition]))
    monkeypatch.setattr(LifecycleClient, 'change', change)
    monkeypatch.setattr(LifecycleClient, '_never', graph.probe.create_client(ChangeState, 'nobody'), False)
    graph.add(LifecycleManager(context=graph.context))
    for name in ('chunk_fuser', 'hardware_bridge'):
        member(graph, Willing, name)
    graph.until_diagnosed('lifecycle_manager', 'all active')
    assert sorted(lost) == ['activate'] * 2 + ['configure'] * 2


class Client:
    """A client of run_task on the probe, and what the server told it."""

    def __init__(self, graph):
        self.graph, self.feedback = graph, []
        self.action = ActionClient(graph.probe, RunTask, 'run_task')
        self.tasks = graph.hear(topics.TASK)
        graph.until(self.action.server_is_ready, 'the action server')

    def ask(self, instruction, limit_s=60.0):
        """Goal handle of a new goal."""
        goal = RunTask.Goal(instruction=instruction, time_limit=to_duration(nanoseconds(limit_s)))
        return self.answer(self.action.send_goal_async(goal, lambda m: self.feedback.append(m.feedback)))

    def end(self, handle):
        """Status and result of a goal, once it has ended."""
        answer = self.answer(handle.get_result_async())
        return answer.status, answer.result

    def until_given(self, *instructions):
        """Wait until these are the last tasks, which come on a topic of their own."""
        self.graph.until(lambda: tuple(task.instruction for task in self.tasks[-len(instructions):]) == instructions,
                         f'the tasks {instructions}')

    def answer(self, future):
        self.graph.until(future.done, 'an answer of run_task')
        return future.result()


@pytest.fixture
def start_server(graph):
    """A task server and a client of it."""
    def start(**values):
        overrides = [Parameter(name, value=value) for name, value in values.items()]
        graph.add(TaskServer(context=graph.context, parameter_overrides=overrides))
        return Client(graph)
    return start


def test_a_goal_becomes_a_task_and_ends_with_an_empty_one_at_rest(start_server, resting_bridge):
    client = start_server()
    handle = client.ask('  touch the red cube ', limit_s=0.7)
    status, result = client.end(handle)
    assert status == GoalStatus.STATUS_ABORTED
    assert not result.success
    assert 'time limit of 0.7 s is over; at rest' in result.message
    client.until_given('touch the red cube', '')
    assert client.tasks[-1].id == client.tasks[-2].id + 1
    assert client.feedback[0].latent_age.sec == -1  # no latent yet: unknown is not zero


def test_an_empty_instruction_is_refused_and_changes_nothing(start_server):
    client = start_server()
    assert not client.ask('   ').accepted
    assert all(task.instruction == '' for task in client.tasks)


def test_a_time_limit_before_the_beginning_is_refused_and_changes_nothing(start_server):
    client = start_server()
    assert not client.ask('touch the red cube', limit_s=-5.0).accepted
    assert all(task.instruction == '' for task in client.tasks)


def test_cancel_ends_the_task(graph, start_server, resting_bridge):
    client = start_server()
    handle = client.ask('wave')
    graph.until(lambda: client.feedback, 'feedback')
    client.answer(handle.cancel_goal_async())
    status, result = client.end(handle)
    assert status == GoalStatus.STATUS_CANCELED
    assert result.message.startswith('cancelled; at rest')
    client.until_given('wave', '')


def test_cancel_in_mid_motion_comes_to_rest_inside_the_limits(graph, start_server, robot, feed):
    graph.bring_up(ChunkFuserNode)
    graph.bring_up(HardwareBridgeNode)
    feed()
    client, said = start_server(), graph.hear(topics.JOINT_SET_POINT)
    handle = client.ask('wave')
    graph.until(lambda: said and np.abs(said[-1].velocity).max() > 0.1, 'motion')
    client.answer(handle.cancel_goal_async())
    status, result = client.end(handle)
    assert status == GoalStatus.STATUS_CANCELED
    assert result.message.startswith('cancelled; at rest after ')
    graph.until(lambda: not np.any(said[-1].velocity), 'rest')
    velocities, times_s = np.stack([m.velocity for m in said]), np.array([to_ns(m.header.stamp) for m in said]) / 1e9
    allowed = ROBOT.array('acceleration') * np.diff(times_s)[:, None]
    assert (np.abs(np.diff(velocities, axis=0)) <= 1.01 * allowed + 1e-6).all()
    robot.assert_calm()


def test_feedback_tells_what_the_robot_does_and_how_old_latent_and_chunk_are(graph, start_server, resting_bridge):
    client = start_server()
    client.ask('wave')
    graph.until(lambda: client.feedback, 'feedback')
    assert client.feedback[-1].state == 'waiting for the first motion'
    latents, chunks, now_ns = graph.say(topics.LATENT), graph.say(topics.ACTION_CHUNK), time.time_ns()
    numbers = np.ones((2, 4), np.float16)
    latents(latent_message(Latent(now_ns - 20 * NS_PER_S, now_ns, 1, 1, 'wave', 'model', numbers, numbers)))
    chunk = ActionChunk(now_ns, NS_PER_S // 30, np.tile(ROBOT.array('home'), (32, 1)), sequence=1,
                        observation_ns=now_ns - 10 * NS_PER_S)
    chunks(chunk_message(chunk, ROBOT.joint_names))
    graph.until(lambda: client.feedback[-1].chunk_age.sec >= 0 <= client.feedback[-1].latent_age.sec, 'both ages')
    told = client.feedback[-1]
    assert 20 <= told.latent_age.sec <= 20 + (time.time_ns() - now_ns) // NS_PER_S
    assert 10 <= told.chunk_age.sec <= 10 + (time.time_ns() - now_ns) // NS_PER_S
    assert told.state == 'at rest'
    resting_bridge.state, resting_bridge.reason = 'holding', 'no new motion came'
    graph.until(lambda: client.feedback[-1].state == 'holding: no new motion came', 'the state of the bridge')


def test_a_newer_goal_takes_the_place_of_the_older_one(graph, start_server, resting_bridge):
    client = start_server()
    first = client.ask('wave')
    second = client.ask('point at the door')
    status, result = client.end(first)
    assert (status, result.message) == (GoalStatus.STATUS_ABORTED, 'a newer task took its place')
    client.until_given('point at the door')
    client.answer(second.cancel_goal_async())
    assert client.end(second)[0] == GoalStatus.STATUS_CANCELED


def test_a_stopped_bridge_ends_the_task_with_its_reason(graph, start_server, resting_bridge):
    client = start_server()
    handle = client.ask('wave')
    graph.until(lambda: client.feedback, 'feedback')
    resting_bridge.state, resting_bridge.reason = 'stopped', 'no joint states'
    status, result = client.end(handle)
    assert status == GoalStatus.STATUS_ABORTED
    assert 'the bridge stopped the robot: no joint states' in result.message


@pytest.mark.parametrize('judged', [True, False])
def test_the_judge_of_a_simulation_ends_a_task_only_where_that_is_wanted(graph, start_server, resting_bridge, judged):
    client = start_server(end_on_success=judged)
    publisher = topics.SIMULATION_STATUS.advertise(graph.probe)
    graph.probe.create_timer(0.05, lambda: publisher.publish(SimulationStatus(success=bool(client.feedback))))
    status, result = client.end(client.ask('touch the red cube', limit_s=60.0 if judged else 2.0))
    assert result.success is judged
    assert (status == GoalStatus.STATUS_SUCCEEDED) is judged


HANGING_NODE = """
import signal, sys, threading, time
from vla_async.nodes.lifecycle import PipelineNode
from vla_async.nodes.process import run

class Fuser(PipelineNode):
    TASK = 'may hang'
    hangs = False

    def activate(self):
        self.thread = self.worker('fusing', self.step, 0.5)
        self.thread.start()

    def deactivate(self):
        self.thread.close()

    def step(self):
        time.sleep(600.0 if Fuser.hangs else 0.01)

def hang(*_):
    Fuser.hangs = True

def main():
    signal.signal(signal.SIGUSR1, hang)
    return run(lambda: Fuser('chunk_fuser'))
"""


@pytest.mark.slow
@pytest.mark.parametrize(('signal_name', 'words'), [('SIGSTOP', 'silent for'), ('SIGUSR1', 'fusing has stood still')])
def test_a_node_that_hangs_is_killed_and_comes_back(graph, two_members, tmp_path, signal_name, words, capfd):
    (tmp_path / 'hanging.py').write_text(HANGING_NODE)
    surroundings = {**os.environ, 'ROS_DOMAIN_ID': str(graph.context.get_domain_id()),
                    'PYTHONPATH': f'{tmp_path}:{Path(__file__).parents[2]}'}
    manager = graph.add(LifecycleManager(context=graph.context))
    member(graph, Willing, 'hardware_bridge')
    with Starter([StarterCommand('chunk_fuser', 'hanging')], surroundings, tmp_path) as starter:
        graph.until_diagnosed('lifecycle_manager', 'all active')
        graph.until_diagnosed('chunk_fuser', 'fine')
        hung = starter.processes['chunk_fuser'].pid
        os.kill(hung, getattr(signal, signal_name))
        graph.until(lambda: starter.poll(time.monotonic()), 'the end of the process')
        assert starter.processes['chunk_fuser'].pid != hung
        graph.until(lambda: manager._bring_up.restarts == 1 and manager._bring_up.complete, 'its return')
    assert words in capfd.readouterr().err
