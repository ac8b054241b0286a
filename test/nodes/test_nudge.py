"""A robot's first motion over DDS, through the real fuser and bridge."""
import numpy as np
import pytest

from vla_async import embodiment
from vla_async.errors import EnvironmentFault
from vla_async.nodes import topics
from vla_async.nodes.chunk_fuser import ChunkFuserNode
from vla_async.nodes.hardware_bridge import HardwareBridgeNode
from vla_async.nudge import nudge
from vla_async.nudge.way import Way

ROBOT = embodiment.load('astribot_s1')
WAY = Way.of(ROBOT, 'left_arm_7', 0.05, 2.0)


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(nudge, 'PATIENCE_S', 0.3)


def test_the_joint_goes_there_and_back(graph, robot):
    graph.bring_up(ChunkFuserNode)
    graph.bring_up(HardwareBridgeNode, joint_state_age_s=5.0, gap_s=1.0)  # the machine may be busy
    made = nudge.Nudge(graph.probe, graph.executor, ROBOT, WAY)

    def there_and_back():
        result = made.run()
        return (result.moved == pytest.approx(0.05, abs=0.01) and result.left < 0.005 and result.behind < 0.06
                and result.bridge.startswith('holding'))
    graph.until(there_and_back, 'a nudge that nothing interrupted')
    robot.assert_calm()


def test_who_is_missing_is_named(graph, impatient, request):
    made = nudge.Nudge(graph.probe, graph.executor, ROBOT, WAY)
    with pytest.raises(EnvironmentFault, match='no joint_states come'):
        made.run()
    request.getfixturevalue('robot')
    graph.until(lambda: np.isfinite(made._measured).all(), 'joint states')
    with pytest.raises(EnvironmentFault, match='hardware_bridge sends no set-points'):
        made.run()
    graph.bring_up(HardwareBridgeNode)
    graph.until(lambda: made._set_point, 'set-points')
    with pytest.raises(EnvironmentFault, match='nobody takes action chunks'):
        made.run()
    graph.bring_up(ChunkFuserNode)
    topics.ACTION_CHUNK.advertise(graph.executor.get_nodes()[0])
    graph.until(lambda: graph.probe.count_publishers('action_chunk') > 1, 'the other one')
    with pytest.raises(EnvironmentFault, match='another node sends action chunks'):
        made.run()
