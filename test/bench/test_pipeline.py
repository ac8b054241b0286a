"""What the benchmark reads from a bag besides the episodes."""
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from fakes import BagWriter

from vla_async import embodiment
from vla_async.bench.pipeline import run as pipeline
from vla_async.errors import VlaAsyncError
from vla_async.replay.trace import TraceRecorder
from vla_async.training.initialise import initialise

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


def test_the_last_of_a_chunks_pictures_counts_whatever_their_stamps(tmp_path):
    robot = embodiment.load('astribot_s1')
    with BagWriter(tmp_path / 'bag') as bag:
        for late_ms, camera in enumerate(robot.cameras):
            for stamp_ns in (S, 2 * S):
                bag.write(f'/{camera.topic}', 'sensor_msgs/msg/Image', stamp_ns + late_ms * 10**6,
                          header=bag.header(stamp_ns), data=np.zeros(0, np.uint8))
        bag.write('/camera/spectator/image_raw', 'sensor_msgs/msg/Image', 3 * S, header=bag.header(S),
                  data=np.zeros(0, np.uint8))
        for sequence, pictures in enumerate([(S, S, S), (2 * S, S, S), (2 * S, 2 * S, 3 * S), ()]):
            bag.write('/action_chunk', 'vla_async_msgs/msg/ActionChunk', 3 * S, header=bag.header(S),
                      sequence=sequence, pictures=np.array(pictures, np.int64))
    assert pipeline.pictures_sent(tmp_path / 'bag', robot) == {0: S + 2 * 10**6, 1: 2 * S}


def test_the_size_of_a_latent_is_that_of_its_message(bag):
    assert 3000 < pipeline.largest_latent(bag) < 3300


def test_an_interrupted_benchmark_ends_its_demo(tmp_path):
    policy = initialise(tmp_path / 'tiny', embodiment.load('astribot_s1'), 'tiny', seed=0)
    bench = subprocess.Popen([sys.executable, '-m', 'vla_async.cli', 'bench', 'pipeline', '--checkpoint', str(policy)],
                             env={**os.environ, 'TMPDIR': str(tmp_path)}, preexec_fn=hear_interrupts)
    mine = f'nodes.*{tmp_path}'
    wait_for(lambda: 'robot_simulator' in running(mine))
    bench.send_signal(signal.SIGINT)
    assert bench.wait(60.0) == 130
    assert running(mine) == ''
    assert list(tmp_path.iterdir()) == [policy]


def hear_interrupts():
    """A suite that runs in the background of a script has them ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def running(pattern):
    """Command lines of the processes that match."""
    return subprocess.run(['pgrep', '-a', '-f', pattern], text=True, capture_output=True, check=False).stdout


def wait_for(condition, limit_s=120.0):
    deadline_s = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline_s
        time.sleep(0.1)


def test_a_demo_that_fails_is_quoted(tmp_path):
    work = pipeline.Run('astribot_s1', 'touch', str(tmp_path / 'nowhere'), 0, 1.0)
    with pytest.raises(VlaAsyncError, match='(?s)ended with status 1.*nowhere'):
        work.measure(0)
