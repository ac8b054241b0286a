"""Strange instructions and too many reasoners: nothing breaks, and what is wrong is named."""
import time

import numpy as np
import pytest

from vla_async.nodes import topics
from vla_async.nodes.action_generator import ActionGeneratorNode
from vla_async.nodes.chunk_fuser import ChunkFuserNode
from vla_async.nodes.hardware_bridge import HardwareBridgeNode
from vla_async.nodes.latent_buffer import LatentBufferNode
from vla_async.nodes.latent_conversions import latent_message
from vla_async.nodes.vlm_reasoner import VlmReasonerNode
from vla_async.types import MAX_INSTRUCTION, Latent

TASK = 'touch the red cube with your left hand'


@pytest.fixture
def everything(graph, robot, checkpoint):
    """All five nodes, active."""
    limits = {'fresh_s': 300.0, 'absent_s': 300.0}  # the reasoner yields to whatever keeps the machine busy
    graph.bring_up(VlmReasonerNode, checkpoint=checkpoint)
    graph.bring_up(LatentBufferNode, **limits)
    graph.bring_up(ActionGeneratorNode, checkpoint=checkpoint, **limits)
    graph.bring_up(ChunkFuserNode)
    graph.bring_up(HardwareBridgeNode)
    return robot


@pytest.mark.parametrize('instruction', ['触摸 红色 立方体 🤖', 'töuch \t thé \x1b[31m\u202e', '%s {0} "; rm -rf $HOME',
                                         'touch the red cube and then ' * 70],
                         ids=['other script', 'control characters', 'shell', 'very long'])
def test_a_strange_instruction_is_read_as_far_as_it_goes(graph, everything, instruction):
    latents, chunks = graph.hear(topics.LATENT), graph.hear(topics.ACTION_CHUNK)
    graph.give_task(instruction)
    graph.until(lambda: chunks and any(m.complete for m in latents), 'latents and chunks')
    assert latents[-1].instruction == instruction.strip()
    everything.assert_calm()


def test_an_instruction_beyond_all_bounds_is_refused_by_its_length(graph, everything):
    graph.give_task('x' * (MAX_INSTRUCTION + 1))
    graph.until_diagnosed('vlm_reasoner', f'{MAX_INSTRUCTION + 1} characters')
    graph.until(lambda: len(everything.commands) > 50, 'commands')
    assert everything.still_since(len(everything.commands))


def test_an_empty_instruction_moves_nothing(graph, everything):
    chunks = graph.hear(topics.ACTION_CHUNK)
    graph.give_task('  \n ')
    graph.until_diagnosed('vlm_reasoner', 'no task')
    graph.until(lambda: len(everything.commands) > 50, 'commands')
    assert not chunks
    assert everything.still_since(len(everything.commands))


def test_an_empty_instruction_ends_motion_at_rest(graph, everything):
    graph.give_task(TASK)
    graph.until(lambda: len(everything.commands) > 20 and not everything.still_since(10), 'motion')
    graph.give_task('', number=2)
    graph.until(lambda: everything.still_since(60), 'rest')
    everything.assert_calm()


def test_after_a_cancel_the_next_task_moves_again(graph, everything):
    graph.give_task(TASK)
    graph.until(lambda: len(everything.commands) > 20 and not everything.still_since(10), 'motion')
    graph.give_task('', number=2)
    graph.until(lambda: everything.still_since(60), 'rest')
    graph.give_task(TASK, number=3)
    graph.until(lambda: not everything.still_since(10), 'motion again')
    everything.assert_calm()


def test_two_reasoners_are_both_named_and_the_first_leads(graph):
    graph.bring_up(LatentBufferNode)
    graph.give_task(TASK)
    say, latents = graph.say(topics.LATENT_UPDATE), graph.hear(topics.LATENT)

    def speak(model):
        now_ns = time.time_ns()
        say(latent_message(Latent(now_ns, now_ns, 1, 1, TASK, model, np.ones((3, 4), np.float16),
                                  np.ones((2, 4), np.float16))))

    def first_heard():
        speak('server')
        graph.during(0.05)
        return latents
    graph.until(first_heard, 'the first reasoner')
    speak('on_board')
    graph.until_diagnosed('latent_buffer', 'on_board', 'server')
    assert {message.model_id for message in latents} == {'server'}


def test_a_latent_of_wrong_size_is_named(graph):
    graph.bring_up(LatentBufferNode)
    graph.give_task(TASK)
    say, latents = graph.say(topics.LATENT_UPDATE), graph.hear(topics.LATENT)
    now_ns = time.time_ns()
    message = latent_message(Latent(now_ns, now_ns, 1, 1, TASK, 'server', np.ones((3, 4), np.float16), None))
    message.instruction_embedding = message.instruction_embedding[:-1]
    say(message)
    graph.until_diagnosed('latent_buffer', 'latent 1 of server', '23 bytes for 3x4 of float16')
    assert not latents
