"""A clock that is set, forward or back: what was stamped before counts no more, and all work goes on at once."""
import pytest
from rclpy.action import ActionClient
from rclpy.parameter import Parameter
from vla_async_msgs.action import RunTask

from vla_async.nodes import clocks, topics
from vla_async.nodes.action_generator import ActionGeneratorNode
from vla_async.nodes.conversions import to_duration, to_ns
from vla_async.nodes.latent_buffer import LatentBufferNode
from vla_async.nodes.lifecycle import PipelineNode
from vla_async.nodes.task_server import TaskServer
from vla_async.nodes.vlm_reasoner import VlmReasonerNode

TASK = 'touch the red cube with your left hand'


class Counting(PipelineNode):
    """Counts on a timer of its own clock, and how often it was told of a jump."""

    def configure(self):
        self.counted = self.jumps = 0
        self.create_timer(0.05, self.count)

    def count(self):
        self.counted += 1

    def clock_jumped(self):
        self.jumps += 1


@pytest.fixture
def thinking(graph, clock, checkpoint):
    """Reasoner, buffer and generator at work in simulated time; returns the chunks."""
    for kind, values in ((VlmReasonerNode, {'checkpoint': checkpoint, 'rate_hz': 5.0}), (LatentBufferNode, {}),
                         (ActionGeneratorNode, {'checkpoint': checkpoint})):
        graph.bring_up(kind, use_sim_time=True, **values)
    chunks = graph.hear(topics.ACTION_CHUNK)
    graph.give_task(TASK)
    graph.until(lambda: len(chunks) > 5, 'chunks')
    return chunks


@pytest.mark.parametrize('by_s', [1000.0, -1000.0])
def test_the_way_from_pictures_to_chunks_goes_on_after_the_clock_was_set(graph, clock, thinking, by_s):
    def of_now(stamp):
        return abs(to_ns(stamp) - clock.now_ns()) < 500e9
    clock.set_by(by_s)
    graph.until_diagnosed('action_generator', 'clock: it was set by')
    graph.until(lambda: of_now(thinking[-1].header.stamp), 'a chunk of the new time')
    thinking.clear()
    graph.until(lambda: len(thinking) > 5, 'chunks again')
    assert all(of_now(chunk.header.stamp) and of_now(chunk.latent) for chunk in thinking)


def test_timers_do_not_wait_for_a_time_that_was_set_back(graph, clock):
    node = graph.add(Counting('counting', context=graph.context,
                              parameter_overrides=[Parameter('use_sim_time', value=True)]))
    node.trigger_configure()
    graph.until(lambda: node.counted > 3, 'the timer')
    jumps = node.jumps  # simulated time began with one
    clock.set_by(-1000.0)
    graph.until(lambda: node.jumps > jumps, 'the jump')
    before = node.counted
    graph.until(lambda: node.counted > before + 3, 'the timer again')
    assert node.jumps == jumps + 1


@pytest.mark.parametrize('by_s', [1000.0, -1000.0])
def test_a_machines_clock_that_is_set_is_noticed_too(graph, monkeypatch, by_s):
    class Time:  # the steady clock set the other way is what the machine's set is to who compares the two
        @staticmethod
        def monotonic_ns():
            return clocks_time.monotonic_ns() - Time.by_ns
        by_ns = 0
    clocks_time = clocks.time
    monkeypatch.setattr(clocks, 'time', Time)
    node = graph.bring_up(LatentBufferNode)
    graph.until(lambda: node._clock_watch._jumps._apart_ns is not None, 'a first look at the clock')
    Time.by_ns = round(by_s * 1e9)
    graph.until_diagnosed('latent_buffer', 'clock: it was set by')
    told = graph.diagnosis('latent_buffer').partition('it was set by ')[2]
    assert float(told.split()[0]) == pytest.approx(by_s, abs=1.0)
    assert node.failure is None


@pytest.mark.parametrize('by_s', [5000.0, -5000.0])
def test_the_time_limit_of_a_task_does_not_jump_with_the_clock(graph, clock, resting_bridge, by_s):
    graph.add(TaskServer(context=graph.context, parameter_overrides=[Parameter('use_sim_time', value=True)]))
    client, feedback = ActionClient(graph.probe, RunTask, 'run_task'), []
    graph.until(client.server_is_ready, 'the action server')
    goal = RunTask.Goal(instruction='wave', time_limit=to_duration(round(1000e9)))
    sent = client.send_goal_async(goal, feedback.append)
    graph.until(lambda: sent.done() and len(feedback) > 2, 'feedback')
    end = sent.result().get_result_async()
    clock.set_by(by_s)
    heard = len(feedback)
    graph.until(lambda: len(feedback) > heard + 5, 'feedback after the jump')
    assert not end.done()
    sent.result().cancel_goal_async()
    graph.until(end.done, 'the end')
    assert end.result().result.message.startswith('cancelled; at rest')
