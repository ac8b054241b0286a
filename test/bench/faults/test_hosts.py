"""A second host is a machine of its own at the end of a cable, and nothing is left of it."""
import os
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from vla_async.bench.faults import hosts
from vla_async.bench.faults.hosts import BOOT_ID, addresses, second_host
from vla_async.errors import EnvironmentFault
from vla_async.launcher.environment import environment

PORT = 5555
ECHO = """
import socket, sys
line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
line.bind((sys.argv[1], int(sys.argv[2])))
print('listening', flush=True)
while True:
    word, sender = line.recvfrom(100)
    line.sendto(word, sender)
"""
PATIENCE_S, SILENCE_S = 5.0, 0.3


@pytest.fixture
def host(tmp_path, monkeypatch):
    (tmp_path / 'a folder').mkdir()
    monkeypatch.chdir(tmp_path / 'a folder')
    with ExitStack() as stack:
        yield enter(stack, Path('its files'))


@pytest.fixture
def echo(host):
    """Ask the other host for an answer; whether it comes."""
    with subprocess.Popen([*host.prefix, sys.executable, '-S', '-c', ECHO, host.there, str(PORT)], text=True,
                          stdout=subprocess.PIPE) as there, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        assert there.stdout.readline() == 'listening\n'
        line.bind((host.here, 0))

        def ask(word, patience_s):
            line.settimeout(patience_s)
            line.sendto(word, (host.there, PORT))
            try:
                return line.recv(100) == word
            except TimeoutError:
                return False
        yield ask
        there.kill()


def test_words_pass_while_the_cable_is_in(host, echo):
    assert echo(b'one', PATIENCE_S)
    host.unplug()
    assert not echo(b'two', SILENCE_S)
    host.plug()
    assert echo(b'three', PATIENCE_S)


def test_a_process_there_has_its_address_and_runs_on_another_machine(host):
    def there(*words):
        return subprocess.run([*host.prefix, *words], text=True, capture_output=True, check=True).stdout
    assert host.there in there('ip', '-br', 'address')
    assert host.here not in there('ip', '-br', 'address')
    assert there('cat', BOOT_ID) != Path(BOOT_ID).read_text()
    assert there('pwd').strip() == str(Path.cwd())


def test_ros_finds_the_way_from_one_host_to_the_other(host):
    from vla_async.launcher.domain import claim_free_domain
    claim = claim_free_domain()
    surroundings = {**environment(claim.id, os.environ), **host.environment}
    end = [sys.executable, '-m', 'vla_async.doctor.loopback']
    with subprocess.Popen([*host.prefix, *end, 'talk', '10000'], env=surroundings) as talker:
        try:
            heard = subprocess.run([*end, 'listen'], env=surroundings, text=True, capture_output=True, check=False)
        finally:
            talker.terminate()
    claim.release()
    assert heard.returncode == 0, heard.stderr


def test_two_processes_have_cables_of_their_own():
    ends = {end for process in range(1000, 1100) for end in addresses(process)}
    assert len(ends) == 200
    assert addresses(1 << 22)[0].startswith('198.18.')


def test_nothing_is_left(tmp_path):
    with ExitStack() as stack:
        host = enter(stack, tmp_path)
        assert f'vla{os.getpid()}' in links()
        holders = [word for word in host.prefix if '/proc/' in word]
    assert f'vla{os.getpid()}' not in links()
    assert not any(Path(word.partition('=')[2]).exists() for word in holders)


@pytest.mark.parametrize(('tools', 'why'), [(('no_such_tool',), 'no_such_tool is missing; install'),
                                            (('sh',), 'root is needed: unshare: ')])
def test_what_keeps_a_machine_from_it_is_told(tmp_path, monkeypatch, tools, why):
    monkeypatch.setattr(hosts, 'TOOLS', tools)
    (tmp_path / 'unshare').write_text('#!/bin/sh\necho unshare: not permitted\n')
    (tmp_path / 'unshare').chmod(0o755)
    monkeypatch.setenv('PATH', f'{tmp_path}:{os.environ["PATH"]}')
    with pytest.raises(EnvironmentFault, match=why), second_host(tmp_path):
        pass


def enter(stack, folder):
    try:
        return stack.enter_context(second_host(folder))
    except EnvironmentFault as why:
        pytest.skip(str(why))


def links():
    return subprocess.run(['ip', '-br', 'link'], text=True, capture_output=True, check=True).stdout
