"""A bridge as the launch file of a real robot starts it: when it dies, its reserve brakes and takes its place."""
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from vla_async import embodiment
from vla_async.launcher.environment import environment
from vla_async.launcher.shared_memory import children_of
from vla_async.nodes import lifecycle_manager, topics
from vla_async.nodes.chunk_fuser import ChunkFuserNode
from vla_async.nodes.conversions import to_ns
from vla_async.nodes.lifecycle_manager import LifecycleManager
from vla_async.nodes.threads import ask_for_realtime, give_up_realtime

OUTPUT, = embodiment.load('astribot_s1').outputs


@pytest.fixture
def keeper(graph):
    """`keep hardware_bridge`, as ros2 launch calls it."""
    process = subprocess.Popen(
        [sys.executable, '-m', 'vla_async.launcher.keeper', 'hardware_bridge', '--reserve', 'true', '--ros-args',
         '--log-level', 'info', '--ros-args', '-r', '__node:=hardware_bridge'],
        env=environment(graph.context.get_domain_id(), dict(os.environ)))
    yield process
    process.send_signal(signal.SIGINT)
    assert process.wait(30.0) == 0


@pytest.fixture
def realtime():
    granted = ask_for_realtime()
    give_up_realtime()
    if not granted:
        pytest.skip('a reserve brakes only where real-time priority is granted')


def bridge_of(keeper):
    """Id of the process that is the bridge, not its reserve."""
    (pid,) = (child for child in children_of(keeper.pid)
              if Path(f'/proc/{child}/comm').read_text().strip() == 'hardware_bridge')
    return pid


@pytest.mark.slow
def test_a_kept_bridge_that_dies_in_motion_has_its_robot_braked_and_is_back(
        graph, robot, feed, realtime, keeper, monkeypatch):
    monkeypatch.setattr(lifecycle_manager, 'PIPELINE', tuple(
        spec for spec in lifecycle_manager.PIPELINE if spec.name in ('chunk_fuser', 'hardware_bridge')))
    braked, spoken = graph.hear(topics.RESERVE_SET_POINT), graph.hear(topics.JOINT_SET_POINT)
    graph.start(ChunkFuserNode)
    graph.add(LifecycleManager(context=graph.context))
    feed()
    graph.until(lambda: spoken and spoken[-1].state == 'following', 'motion')
    graph.until(lambda: graph.probe.count_publishers(OUTPUT.topic) == 2, 'the reserve')
    graph.until(lambda: np.abs(spoken[-1].velocity).max() > 0.2, 'speed')
    first = bridge_of(keeper)
    os.kill(first, signal.SIGKILL)
    graph.until(lambda: braked and not np.any(braked[-1].velocity), 'rest')
    rest = np.array(braked[-1].position)
    graph.until(lambda: to_ns(spoken[-1].header.stamp) > to_ns(braked[-1].header.stamp), 'a new bridge')
    new = next(m for m in spoken if to_ns(m.header.stamp) > to_ns(braked[-1].header.stamp))
    np.testing.assert_allclose(new.position, rest, atol=1e-6)
    assert bridge_of(keeper) != first
    graph.until(lambda: spoken[-1].state == 'following', 'motion again')
    robot.assert_calm()
