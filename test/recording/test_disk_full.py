"""A recorder that has no room left: it says so, lets go of the bag, and leaves everybody else alone."""
import os
import resource
import shutil
import signal
import subprocess

import pytest

from vla_async.errors import DataError
from vla_async.nodes.diagnostics import ERROR
from vla_async.replay.bag import messages, open_bag
from vla_async.replay.mend import mend

LIMIT_S = 60.0
NODE = 'import sys; from vla_async.nodes.recorder import main; sys.exit(main())'
MANY_JOINTS = 5000  # random numbers, which do not get smaller when they are compressed


@pytest.fixture
def small_disk(tmp_path):
    """A file system of a megabyte, in which the test may make files."""
    folder = tmp_path / 'disk'
    folder.mkdir()
    if os.geteuid() != 0:
        pytest.skip('to mount a file system of its own a test must be root')
    made = subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', str(folder)], capture_output=True,
                          text=True)
    if made.returncode != 0:
        pytest.skip(f'no file system of its own here: {made.stderr.strip()}')
    yield folder
    subprocess.run(['umount', '--lazy', str(folder)], check=True)


def let_nothing_grow(process, size):
    """To a process this is a full disk that others still can write to."""
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def joint_states(bag):
    with open_bag(bag) as reader:
        return len(list(messages(reader, 'joint_states')))


def errors_of(talker):
    return [status.message for status in talker.diagnoses if status.level == ERROR]


def test_a_full_disk_ends_the_command_with_its_reason_and_what_was_written_can_be_mended(
        record, talker, small_disk, tmp_path):
    bag = small_disk / 'bag'
    process = record('--out', str(bag))
    talker.until_recorded(bag)
    talker.joints = MANY_JOINTS
    talker.until(lambda: process.poll() is not None, 'the end of the recorder')
    said = process.communicate()[1]
    assert process.returncode == 1
    assert f'vla-async: recording into {bag} ended: No space left on device (0.0 MB free there); make room' in said
    assert f'`vla-async bag mend {bag}`' in said
    assert 'Traceback' not in said and 'Exception ignored' not in said
    talker.until(lambda: errors_of(talker), 'an error on /diagnostics')
    assert 'No space left on device' in errors_of(talker)[0]
    with pytest.raises(DataError, match='cannot be mended in its place'):  # that needs room, too
        mend(bag)
    shutil.copytree(bag, tmp_path / 'bag')
    assert mend(tmp_path / 'bag')
    assert joint_states(tmp_path / 'bag') > 0


def test_the_node_stays_and_says_so_without_end_and_its_bag_is_free_to_be_mended(start, talker, tmp_path):
    bag = tmp_path / 'bag'
    process = start('-c', NODE, '--ros-args', '-r', '__ns:=/left', '-p', f'folder:={bag}')
    talker.until_recorded(bag)
    let_nothing_grow(process, 0)
    talker.until(lambda: len(errors_of(talker)) >= 3, 'errors on /diagnostics')
    assert f'recording into {bag} ended: File too large (' in errors_of(talker)[0]
    talker.until(lambda: talker.publisher.get_subscription_count() == 0, 'the end of its subscriptions')
    assert process.poll() is None
    assert mend(bag)
    assert joint_states(bag) > 0
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=LIMIT_S)
    assert process.returncode == 0
    assert said.count('ended: File too large') == 1
    assert 'Traceback' not in said and 'Exception ignored' not in said


def test_a_disk_that_is_full_only_at_the_very_end_is_told_of_too(record, talker, tmp_path):
    process = record()
    talker.until_recorded(tmp_path / 'bag')
    process.send_signal(signal.SIGSTOP)
    let_nothing_grow(process, 0)
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGCONT)
    _, said = process.communicate(timeout=LIMIT_S)
    assert process.returncode == 1
    assert f'vla-async: recording into {tmp_path / "bag"} ended: File too large' in said
    assert 'Traceback' not in said
    assert mend(tmp_path / 'bag')
