"""The topic system_status says what the robot does, and why, in one line."""
import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue

from vla_async.nodes import topics
from vla_async.nodes.chunk_fuser import ChunkFuserNode
from vla_async.nodes.diagnostics import MAX_TEXT
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


def test_what_others_say_on_diagnostics_is_no_concern_of_it(graph, robot, lines):
    say = graph.say(topics.DIAGNOSTICS)
    graph.bring_up(HardwareBridgeNode)
    graph.until(lambda: lines and lines[-1].state == 'holding', 'the state of the bridge')
    for number in range(3):
        say(DiagnosticArray(status=[DiagnosticStatus(level=DiagnosticStatus.ERROR, name=f'laser {number}: range')]))
    values = [KeyValue(key='k', value='v' * 10**4)] * 300
    say(DiagnosticArray(status=[DiagnosticStatus(level=DiagnosticStatus.WARN, name='chunk_fuser: x',
                                                 message='x' * 10**6, values=values)]))
    graph.until(lambda: 'chunk_fuser: xxx' in lines[-1].text, 'the cause')
    assert len(lines[-1].text) < 2 * MAX_TEXT
    assert {line.level for line in lines if line.state == 'holding'} <= {DiagnosticStatus.OK, DiagnosticStatus.WARN}
