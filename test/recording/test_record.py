"""`vla-async record` as people run it: a process of its own over DDS, ended by Ctrl-C, or killed."""
import json
import os
import signal
import subprocess
import sys
import time

import pytest
from rosbags.highlevel import AnyReader

from vla_async.launcher.shared_memory import all_names, owned_by, ports_of
from vla_async.replay.bag import Received, messages, open_bag, stamp_of
from vla_async.replay.mend import mend

S = 10**9
LIMIT_S = 60.0
MOST_LOST_S = 1.0


def shared_memory(pid, domain):
    """What a process holds of its own; some ports are common to all programs of a machine."""
    names = owned_by(pid) - owned_by(os.getpid())
    return {name for name in names if 'port' not in name or name in ports_of(domain)}


def joint_states(bag) -> list[Received]:
    with open_bag(bag) as reader:
        return list(messages(reader, 'joint_states'))


def test_ctrl_c_ends_the_bag_and_prints_what_it_holds_and_lacks(record, talker, ros_domain, tmp_path):
    process = record('--checkpoint', 'astribot_s1_touch')
    talker.until_recorded(tmp_path / 'bag')
    held = shared_memory(process.pid, ros_domain)
    process.send_signal(signal.SIGINT)
    out, errors = process.communicate(timeout=LIMIT_S)
    assert (process.returncode, errors) == (0, '')
    audit = json.loads((tmp_path / 'bag/audit.json').read_text())
    assert audit['topics']['/left/joint_states']['messages'] == len(joint_states(tmp_path / 'bag')) > 0
    lines = {line.split()[0]: line.split()[1:] for line in out.splitlines() if line.startswith('/')}
    assert lines['/left/joint_states'][0] == str(audit['topics']['/left/joint_states']['messages'])
    assert lines['/left/stop_signal'] == ['silent']
    assert held
    assert not held & all_names()


@pytest.fixture
def busy():
    """Keeps every core busy with two programs."""
    hogs = [subprocess.Popen([sys.executable, '-c', 'while True: pass']) for _ in range(2 * (os.cpu_count() or 1))]
    yield
    for hog in hogs:
        hog.kill()
        hog.wait()


def test_a_kill_loses_at_most_a_second_also_on_a_busy_machine(record, talker, busy, tmp_path):
    process = record()
    talker.until_recorded(tmp_path / 'bag')
    begin = time.monotonic()
    talker.until(lambda: time.monotonic() - begin > 2 * MOST_LOST_S, 'time to lose')
    killed_ns = time.time_ns()
    process.send_signal(signal.SIGKILL)
    process.wait(LIMIT_S)
    assert mend(tmp_path / 'bag')
    received = joint_states(tmp_path / 'bag')
    assert killed_ns - stamp_of(received[-1].message) < MOST_LOST_S * S
    with AnyReader([tmp_path / 'bag']) as reader:
        assert reader.topics['/left/joint_states'].msgcount == len(received)


@pytest.mark.parametrize('words, said', [
    ([], 'must name a folder without a bag; give another one, or remove what is there'),
    (['--out', 'other', '--robot', 'r2d2'], "unknown robot 'r2d2'"),
    (['--out', '/dev/null/bag'], 'cannot be written: Not a directory'),
    (['--out', 'other', '--namespace', '1'], "--namespace '1' is no name"),
    (['--out', 'other', '--speed-scaling-topic', '1'], "speed_scaling_topic '1' is no name of a topic"),
    (['--split-mb', '-1'], '--split-mb must not be negative')])
def test_what_cannot_be_recorded_is_said_in_one_line(record, tmp_path, words, said):
    (tmp_path / 'bag').mkdir()
    (tmp_path / 'bag/metadata.yaml').touch()
    process = record(*words)
    _, errors = process.communicate(timeout=LIMIT_S)
    assert process.returncode == 1
    assert said in errors
    assert len(errors.splitlines()) == 1
