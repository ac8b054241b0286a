"""The topic system_status says what the robot does, and why, in one line."""
import pytest

from vla_async.nodes import topics
from vla_async.nodes.chunk_fuser import ChunkFuserNode
from vla_async.nodes.hardware_bridge import HardwareBridgeNode
from vla_async.nodes.lifecycle_manager import LifecycleManager


@pytest.fixture
def lines(graph):
    heard = graph.hear(topics.SYSTEM_STATUS)
    graph.start(LifecycleManager)
    return heard


def test_it_follows_what_the_bridge_says_and_names_the_cause(graph, robot, lines):
    graph.until(lambda: lines and lines[-1].state == 'unknown', 'a word without a bridge')
    graph.bring_up(ChunkFuserNode)
    bridge = graph.bring_up(HardwareBridgeNode)
    graph.until(lambda: lines[-1].state == 'holding', 'the state of the bridge')
    assert lines[-1].text.startswith('holding: no motion has come yet')
    bridge._follower.stop('button at the door')
    graph.until(lambda: lines[-1].text.startswith('stopped: button at the door'), 'the reason')
    assert lines[-1].level != bytes(1)
