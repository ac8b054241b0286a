"""What is old, frozen or at a standstill is named with its age, and has no part in what the robot does."""
import threading
import time

import pytest
from diagnostic_msgs.msg import DiagnosticStatus

from vla_async.acting.policy import load_policy
from vla_async.embodiment import load
from vla_async.nodes import topics, vlm_reasoner
from vla_async.nodes.action_generator import ActionGeneratorNode
from vla_async.nodes.latent_buffer import LatentBufferNode
from vla_async.nodes.latent_conversions import latent_message
from vla_async.nodes.vlm_reasoner import VlmReasonerNode
from vla_async.types import Task

ROBOT = load('astribot_s1')
TASK = 'touch the red cube with your left hand'
HEAD = ROBOT.joint_names.index('head_1')


@pytest.fixture
def speak(graph, checkpoint):
    """Say one fused latent of now on a topic."""
    reasoner = load_policy(checkpoint, ROBOT).reasoner

    def say(topic, sequence=1):
        now_ns = time.time_ns()
        graph.say(topic)(latent_message(reasoner.instruction_latent(Task(1, now_ns, TASK), now_ns, sequence)))
    return say


def assert_silent(graph, topic):
    messages = []
    topic.subscribe(graph.probe, messages.append)  # hears nothing that was said before
    graph.during(0.3)
    assert not messages


@pytest.fixture
def generator(graph, robot, checkpoint, speak):
    """An active generator with a task and a latent that counts for long."""
    node = graph.bring_up(ActionGeneratorNode, checkpoint=checkpoint, fresh_s=300.0, absent_s=300.0, patience_s=0.5)
    graph.give_task(TASK)
    speak(topics.LATENT)
    return node


def turn_head(graph, robot):
    """Let the robot look to and fro from now on."""
    def step():
        robot.position[HEAD] = 0.3 * abs(time.monotonic() % 2.0 - 1.0)
    graph.probe.create_timer(0.02, step)


def test_a_frozen_camera_is_named_and_no_chunk_is_made_until_it_lives_again(graph, robot, generator):
    chunks = graph.hear(topics.ACTION_CHUNK)
    graph.until(lambda: chunks, 'chunks')
    turn_head(graph, robot)
    robot.frozen = {'head'}
    graph.until_diagnosed('action_generator', 'camera head is frozen', 'head_1 moved by')
    assert 'wrist is frozen' not in graph.diagnosis('action_generator')
    assert_silent(graph, topics.ACTION_CHUNK)
    chunks.clear()
    robot.frozen = set()
    graph.until(lambda: chunks, 'chunks again')


def test_the_reasoner_does_not_read_a_frozen_camera(graph, robot, checkpoint):
    graph.bring_up(VlmReasonerNode, checkpoint=checkpoint, rate_hz=10.0)
    latents = graph.hear(topics.LATENT_UPDATE)
    graph.give_task(TASK)
    graph.until(lambda: any(latent.complete for latent in latents), 'latents')
    turn_head(graph, robot)
    robot.frozen = {'head'}
    graph.until_diagnosed('vlm_reasoner', 'camera head is frozen', 'head_1 moved by')
    robot.frozen = set()
    latents.clear()
    graph.until(lambda: any(latent.complete for latent in latents), 'latents again')


def test_pictures_with_old_stamps_are_old_though_they_arrive(graph, robot, generator):
    robot.now_ns = lambda: time.time_ns() - 620_000_000
    graph.until_diagnosed('action_generator', 'camera head is 0.', 's old', 'joint state is 0.')
    assert_silent(graph, topics.ACTION_CHUNK)


def test_pictures_with_stamps_of_the_future_are_not_fresh(graph, robot, generator):
    robot.now_ns = lambda: time.time_ns() + 3_000_000_000
    graph.until_diagnosed('action_generator', 'camera head is stamped', 'in the future')
    assert_silent(graph, topics.ACTION_CHUNK)


def test_a_generator_that_hangs_says_so_from_the_work_that_stands_still(graph, robot, generator):
    chunks, go_on = graph.hear(topics.ACTION_CHUNK), threading.Event()
    graph.until(lambda: chunks, 'chunks')
    generate = generator._generator.generate
    generator._generator.generate = lambda *arguments: go_on.wait() and generate(*arguments)
    graph.until_diagnosed('action_generator', 'acting has stood still for')
    assert graph.status('action_generator').level == DiagnosticStatus.STALE
    go_on.set()
    graph.until(lambda: graph.status('action_generator').level != DiagnosticStatus.STALE, 'the end of it')


def test_another_reasoner_is_named_but_not_one_that_may_be_a_dead_predecessor(graph, robot, checkpoint, monkeypatch):
    predecessor = topics.LATENT_UPDATE.advertise(graph.probe)
    monkeypatch.setattr(vlm_reasoner, 'FORGET_S', 600.0)  # the machine may be busy
    reasoner = graph.start(VlmReasonerNode, checkpoint=checkpoint, latent_age_s=60.0)
    reasoner.trigger_configure()
    graph.until(lambda: reasoner.count_publishers(topics.LATENT_UPDATE.name) == 2, 'the predecessor')
    reasoner.trigger_activate()
    graph.give_task(TASK)
    graph.until_diagnosed('vlm_reasoner', 'reasoning about')
    another = topics.LATENT_UPDATE.advertise(graph.probe)
    graph.until_diagnosed('vlm_reasoner', '2 reasoners publish latent_update')
    graph.probe.destroy_publisher(another)
    graph.until_diagnosed('vlm_reasoner', 'reasoning about')
    monkeypatch.setattr(reasoner, '_forgotten_s', 0.0)
    graph.until_diagnosed('vlm_reasoner', '2 reasoners publish latent_update')
    graph.probe.destroy_publisher(predecessor)


def test_the_reasoners_death_alone_changes_nothing_until_the_latents_limit_of_age(graph, robot, checkpoint, speak):
    limits = {'fresh_s': 0.5, 'absent_s': 3.0}
    graph.bring_up(LatentBufferNode, **limits)
    graph.bring_up(ActionGeneratorNode, checkpoint=checkpoint, **limits)
    chunks, latents = graph.hear(topics.ACTION_CHUNK), graph.hear(topics.LATENT)
    graph.give_task(TASK)

    def heard():
        speak(topics.LATENT_UPDATE, sequence=len(chunks) + 1)  # the reasoner's last words
        graph.during(0.05)
        return chunks
    graph.until(heard, 'chunks')
    graph.until_diagnosed('latent_buffer', 'the latent is', 's old')
    graph.until_diagnosed('action_generator', 'nothing is made', 's old, limit 3.00 s')
    last = chunks[-1]
    assert last.latent == latents[-1].header.stamp
    age_s = (last.header.stamp.sec - last.latent.sec) + (last.header.stamp.nanosec - last.latent.nanosec) / 1e9
    assert 1.0 < age_s < 3.5  # it went on long after the latent was no longer fresh, and not beyond the limit
