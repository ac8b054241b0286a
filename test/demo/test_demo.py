"""The demo as a user runs it: a command, real processes, real DDS; and nothing of it is left afterwards."""
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import jsonschema
import pytest
from rosbags.highlevel import AnyReader

from vla_async import embodiment, graph
from vla_async.acting.policy import load_generator
from vla_async.cli import main
from vla_async.replay.parity import chunk_parity, motion_parity
from vla_async.replay.report import SCHEMA

SHARED_MEMORY = Path('/dev/shm')  # noqa: S108  the place that Fast DDS uses
PATIENCE_S = 240.0  # a busy machine; ordinarily it takes a tenth


class Demo:
    """A running `vla-async demo`, its output line by line."""

    def __init__(self, report, *words):
        self.report = report
        self.process = subprocess.Popen(
            [sys.executable, '-m', 'vla_async.cli', 'demo', '--headless', '--report', str(report), *words], text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
            env={**os.environ, 'PYTHONUNBUFFERED': '1'})
        self.lines = []

    def until(self, word):
        """Read on until a line holds the word."""
        for line in self.process.stdout:
            self.lines.append(line)
            if word in line:
                return
        raise AssertionError(f'no {word!r} in:\n{"".join(self.lines)}')

    def end(self):
        """Exit status, once it has ended."""
        self.lines += self.process.stdout.readlines()
        return self.process.wait(PATIENCE_S)

    def text(self):
        return ''.join(self.lines)

    def processes_left(self):
        """Command lines of processes that know this run's report folder."""
        found = []
        for entry in Path('/proc').glob('[0-9]*/cmdline'):
            try:
                words = entry.read_bytes().decode(errors='replace')
            except OSError:  # gone meanwhile
                continue
            if str(self.report) in words and int(entry.parent.name) != os.getpid():
                found.append(words)
        return found

    def domain(self):
        return int(next(line for line in self.lines if 'ROS domain' in line).split('ROS domain ')[1].split(';')[0])


@pytest.fixture
def demo(checkpoint, tmp_path):
    started = []

    def start(*words):
        started.append(Demo(tmp_path / 'report', '--checkpoint', str(checkpoint), *words))
        return started[-1]
    before = shared_memory()
    yield start
    for made in started:
        made.process.kill()
        made.process.wait()
        made.process.stdout.close()
        assert made.processes_left() == []
        assert of_domain(shared_memory() - before, made.domain()) == set()


def shared_memory():
    return {path.name for path in SHARED_MEMORY.glob('*fastdds_*')}


def of_domain(names, domain):
    """Those that carry a port number of the domain; segments have random names and may be of other tests."""
    ports = {f'fastdds_port{7400 + 250 * domain + i}' for i in range(250)}
    return {name for name in names if name.split('_el')[0].split('_sl')[0] in ports}


def test_an_episode_over_dds_leaves_a_report_a_video_and_a_bag_that_replays_to_the_same(demo, checkpoint):
    run = demo('--seed', '3', '--time-limit', '8')  # a busy machine takes its time to begin
    assert run.end() == 0, run.text()
    report = json.loads((run.report / 'report.json').read_text())
    jsonschema.validate(report, json.loads(SCHEMA.read_text()))
    (episode,) = report['episodes']
    assert (episode['task'], episode['seed']) == ('touch', 3)
    assert episode['instruction'] in run.text()
    assert episode['command_rate_hz'] > 0
    assert episode['node_restarts'] == 0
    assert episode['command']['acceleration_ratio_max'] <= 1.001
    assert (run.report / 'report.html').stat().st_size > 10_000
    assert list(run.report.glob('*.mp4'))
    with AnyReader([run.report / 'bag']) as bag:
        counts = {topic.lstrip('/'): info.msgcount for topic, info in bag.topics.items()}
    robot = embodiment.load('astribot_s1')
    for topic in ('task', 'latent', 'action_chunk', 'trajectory', 'fusion_status', 'joint_set_point', 'joint_states',
                  'simulation_status', 'diagnostics', *(camera.topic for camera in robot.cameras)):
        assert counts[topic] > 0, topic
    logs = {path.stem for path in (run.report / 'logs').glob('*.log')}
    assert logs == {spec.name for spec in graph.ALL} - {spec.name for spec in graph.VIEW}
    motion = motion_parity(run.report / 'bag', robot)
    chunks = chunk_parity(run.report / 'bag', robot, load_generator(str(checkpoint), robot))
    assert motion.compared > 20 and motion.missing == 0 and motion.largest <= 1e-9
    assert chunks.compared > 10 and chunks.largest <= 1e-9
    assert main(['bag', 'verify', str(run.report / 'bag'), '--checkpoint', str(checkpoint)]) == 0


@pytest.mark.parametrize(('stage', 'number', 'status'), [
    ('starting', signal.SIGTERM, 143),
    ('bringing up', signal.SIGINT, 130),
    ('episode 1 of 1', signal.SIGINT, 130),
])
def test_an_interrupted_demo_ends_clean(demo, stage, number, status):
    run = demo()
    run.until(stage)
    run.process.send_signal(number)
    assert run.end() == status, run.text()
    assert 'Traceback' not in run.text()


def test_a_killed_simulator_ends_the_demo_with_its_name(demo):
    run = demo()
    run.until('bringing up')
    (log,) = wait_for(lambda: list((run.report / 'logs').glob('robot_simulator.log')))
    pid = int(subprocess.run(['pgrep', '-f', f'nodes.robot_simulator.*{run.report}'], text=True, check=True,
                             capture_output=True).stdout.split()[0])
    os.kill(pid, signal.SIGKILL)
    assert run.end() == 1
    assert 'robot_simulator died with signal SIGKILL' in run.text()
    assert log.name in run.text()


def test_what_a_node_cannot_do_is_said_in_one_line(demo, checkpoint):
    weights = checkpoint / 'expert.safetensors'
    kept = weights.read_bytes()
    weights.write_bytes(kept[:1000])
    try:
        run = demo()
        assert run.end() == 1
    finally:
        weights.write_bytes(kept)
    assert 'expert.safetensors' in run.text()
    assert 'Traceback' not in run.text()


def wait_for(condition, limit_s=60.0):
    """What the condition gives, once it gives something."""
    deadline = time.monotonic() + limit_s
    while not (value := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return value
