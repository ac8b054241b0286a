"""What the benchmark reads from a bag besides the episodes."""
import numpy as np
import pytest
from fakes import BagWriter

from vla_async import embodiment
from vla_async.bench import pipeline
from vla_async.errors import VlaAsyncError
from vla_async.replay.trace import TraceRecorder

S = 10**9
EPISODE = TraceRecorder(embodiment.load('astribot_s1').joint_names).finish(S, 2 * S)


def write_health(bag, received_ns, node, p99_ms, max_ms):
    values = [bag.message('diagnostic_msgs/msg/KeyValue', key=f'lateness {key} [ms]', value=str(value))
              for key, value in (('p99', p99_ms), ('max', max_ms))]
    status = bag.message('diagnostic_msgs/msg/DiagnosticStatus', name=f'{node}: commands the robot', values=values)
    bag.write('/diagnostics', 'diagnostic_msgs/msg/DiagnosticArray', received_ns, header=bag.header(received_ns),
              status=[status])


@pytest.fixture
def bag(tmp_path):
    with BagWriter(tmp_path / 'bag') as bag:
        write_health(bag, S // 2, 'hardware_bridge', 50.0, 90.0)  # before the episode
        write_health(bag, S + S // 4, 'hardware_bridge', 1.5, 7.0)
        write_health(bag, S + S // 2, 'hardware_bridge', 2.5, 6.0)
        write_health(bag, S + S // 2, 'chunk_fuser', 30.0, 30.0)
        for size in (100, 3000):
            bag.write('/latent', 'vla_async_msgs/msg/Latent', S + size, header=bag.header(S),
                      instruction_shape=np.zeros(2, np.uint32), fusion_shape=np.zeros(2, np.uint32),
                      fusion=np.zeros(size, np.uint8))
    return tmp_path / 'bag'


def test_lateness_is_the_worst_that_the_bridge_reported_during_the_episodes(bag):
    assert pipeline.lateness_ms(bag, [EPISODE]) == {'p99': 2.5, 'max': 7.0}
    assert pipeline.lateness_ms(bag, []) == {'p99': None, 'max': None}


def test_the_size_of_a_latent_is_that_of_its_message(bag):
    assert 3000 < pipeline.largest_latent(bag) < 3300


def test_a_demo_that_fails_is_quoted(tmp_path):
    work = pipeline.Run('astribot_s1', 'touch', str(tmp_path / 'nowhere'), 0, 1.0)
    with pytest.raises(VlaAsyncError, match='(?s)ended with status 1.*nowhere'):
        work.measure(0)
