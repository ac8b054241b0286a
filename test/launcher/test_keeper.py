"""A node that a launch file keeps: started again when it dies, with a reserve, and gone with its keeper."""
import os
import signal
import subprocess
import sys

import pytest

from vla_async.graph import PIPELINE, SUPERVISION
from vla_async.launcher.keeper import RESERVE_AFTER_S, _parser, reserve_after_s
from vla_async.launcher.shared_memory import children_of
from vla_async.launcher.starter import MAX_RESTARTS, SPARE_PERIOD_S

KEEP = """
import sys
from vla_async.launcher import keeper
from vla_async.launcher.process import Command

keeper.kept_command = lambda spec, arguments: Command(spec.name, {module!r}, tuple(arguments))
sys.exit(keeper.main())
"""


@pytest.fixture
def keep(program, program_environment, tmp_path):
    """Keeps one of the small programs in place of the latent buffer; what both say goes into a file."""
    started, said = [], tmp_path / 'said.txt'

    def begin(module, *arguments):
        assert program(module)
        with said.open('w') as stream:
            started.append(subprocess.Popen(
                [sys.executable, '-c', KEEP.format(module=module), 'latent_buffer', *arguments], stdout=stream,
                stderr=subprocess.STDOUT, env=program_environment))
        return started[-1], said.read_text
    yield begin
    for one in started:
        one.kill()
        one.wait()


def child_of(process):
    (child,) = children_of(process.pid)
    return child


def test_a_node_that_dies_is_started_again_and_ends_with_its_keeper(keep, until, alive):
    keeper, said = keep('polite')
    until(lambda: 'up' in said(), 'it is up')
    os.kill(child_of(keeper), signal.SIGKILL)
    until(lambda: said().count('up') == 2, 'it is up again')
    assert 'keep: latent_buffer has ended and is started again' in said()
    second = child_of(keeper)
    keeper.send_signal(signal.SIGINT)
    assert keeper.wait(20.0) == 0
    assert 'bye' in said()
    assert not alive(second)


def test_it_ends_like_that_when_it_is_terminated(keep, until):
    keeper, said = keep('polite')
    until(lambda: 'up' in said(), 'it is up')
    keeper.send_signal(signal.SIGTERM)
    assert keeper.wait(20.0) == 128 + signal.SIGTERM
    assert 'bye' in said()


def test_one_that_dies_again_and_again_is_given_up_by_name(keep):
    keeper, said = keep('fails')
    assert keeper.wait(60.0) == 1
    assert said().count('the disk is full') == MAX_RESTARTS + 1
    assert 'keep: latent_buffer died with exit status 3 after 5 restarts' in said()


def test_what_the_launch_file_tells_the_node_reaches_it(keep, until):
    _, said = keep('prepared', '--reserve', 'false', '--ros-args', '-r', '__node:=latent_buffer', '--log-level', 'info')
    until(lambda: 'up' in said(), 'it is up')
    assert "['--ros-args', '-r', '__node:=latent_buffer', '--log-level', 'info']" in said()


def test_an_unknown_node_is_refused_with_those_that_there_are(keep):
    result = subprocess.run([sys.executable, '-m', 'vla_async.launcher.keeper', 'bridge'], text=True, check=False,
                            capture_output=True)
    assert result.returncode == 2
    assert 'hardware_bridge' in result.stderr


def test_reserves_are_made_ready_one_by_one_the_bridges_first():
    names = [spec.name for spec in (*PIPELINE, *SUPERVISION)]
    after = {name: reserve_after_s(_parser().parse_args([name])) for name in names}
    assert sorted(after.values()) == [RESERVE_AFTER_S + SPARE_PERIOD_S * turn for turn in range(len(names))]
    assert min(after, key=after.get) == 'hardware_bridge'
    assert reserve_after_s(_parser().parse_args(['vlm_reasoner', '--reserve', 'false'])) == float('inf')
