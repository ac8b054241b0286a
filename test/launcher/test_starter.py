"""The starter with real processes: nothing of them is left, however the run ends."""
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from vla_async.launcher import process as process_module
from vla_async.launcher import shared_memory, starter
from vla_async.launcher.domain import claim_free_domain
from vla_async.launcher.environment import environment
from vla_async.launcher.starter import MAX_RESTARTS, SPARE_DELAY_S, SPARE_PERIOD_S, ProcessDied, Starter


def up(process) -> bool:
    return process.log.is_file() and 'up' in process.log.read_text()


@pytest.fixture
def start(tmp_path, program_environment):
    def make(*commands, **options):
        return Starter(commands, program_environment, tmp_path / 'logs', **options)
    return make


def all_children():
    return {int(pid) for task in Path('/proc/self/task').iterdir()
            for pid in (task / 'children').read_text().split()}


@pytest.fixture
def children():
    """Those of this process since the test began; others may be left from other tests."""
    before = all_children()
    return lambda: all_children() - before


def pids(run):
    return [process.pid for process in run.processes.values()]


def test_all_processes_are_gone_after_the_block(start, program, until, alive):
    with start(program('waits'), program('polite')) as run:
        until(lambda: all(up(p) for p in run.processes.values()), 'both up')
        left = pids(run)
        assert all(alive(pid) for pid in left)
    assert not any(alive(pid) for pid in left)


def test_a_prefix_stands_before_the_words_of_a_process_and_of_its_spare(start, program, until):
    prefix = ('env', 'PROGRAM_IS=brought')
    with start(program('waits', prefix=prefix), spare_delay_s=0.0) as run:
        (process,) = run.processes.values()
        until(lambda: up(process), 'up')
        until(lambda: run.poll(time.monotonic()) == [] and process.replaceable, 'a spare')
        for pid in process.pids:
            assert b'PROGRAM_IS=brought' in Path(f'/proc/{pid}/environ').read_bytes().split(b'\0')
        assert len(process.pids) == 2


def test_all_processes_are_gone_after_an_exception(start, program, alive):
    run = start(program('waits'))
    with pytest.raises(RuntimeError), run:
        raise RuntimeError
    left = pids(run)
    assert left
    assert not any(alive(pid) for pid in left)


def test_a_signal_at_a_processs_birth_leaves_no_orphan(start, program, alive, monkeypatch):
    born = []

    def interrupted_popen(*args, **options):
        born.append(subprocess_popen(*args, **options))
        os.kill(os.getpid(), signal.SIGTERM)  # comes before the starter has got hold of the process
        return born[-1]
    subprocess_popen = subprocess.Popen
    monkeypatch.setattr(process_module.subprocess, 'Popen', interrupted_popen)
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        with pytest.raises(SystemExit), start(program('waits')):
            pytest.fail('the signal got lost')
    finally:
        signal.signal(signal.SIGTERM, before)
    assert len(born) == 1
    assert not alive(born[0].pid)


def test_a_process_runs_what_is_installed_whatever_lies_where_it_is_started(program, tmp_path, monkeypatch, until):
    (tmp_path / 'vla_async').mkdir()
    (tmp_path / 'vla_async/__init__.py').write_text('raise RuntimeError("of the working directory")')
    monkeypatch.chdir(tmp_path)
    program('waits')
    with Starter([program('waits')], {**os.environ, 'PYTHONPATH': str(start_folder(tmp_path))}, tmp_path / 'l') as run:
        until(lambda: up(run.processes['waits']) or not run.processes['waits'].running, 'the process, or its end')
        assert run.processes['waits'].running, run.processes['waits'].log_tail()


def start_folder(tmp_path):
    """The small programs alone, in a folder of their own."""
    folder = tmp_path / 'programs'
    folder.mkdir()
    (tmp_path / 'waits.py').rename(folder / 'waits.py')
    return folder


def test_a_process_that_ignores_every_polite_signal_is_killed(start, program, monkeypatch, until):
    monkeypatch.setattr(starter, 'ESCALATION', ((signal.SIGINT, 0.1), (signal.SIGTERM, 0.1), (signal.SIGKILL, 5.0)))
    with start(program('stubborn')) as run:
        until(lambda: up(run.processes['stubborn']), 'stubborn up')
    assert run.processes['stubborn'].exit_status == -signal.SIGKILL


def test_a_dead_process_is_started_again_and_counted(start, program):
    with start(program('waits')) as run:
        process = run.processes['waits']
        first = process.pid
        os.kill(first, signal.SIGKILL)
        assert process.wait(5.0)
        assert run.poll(0.0) == ['waits']
        assert run.restarts == 1
        assert process.pid != first
        assert run.poll(0.1) == []


def test_a_spare_that_has_prepared_everything_takes_over_with_the_arguments_of_the_first(start, program, until):
    with start(program('prepared', arguments=('one', 'two'))) as run:
        process = run.processes['prepared']
        until(lambda: 'up' in process.log.read_text(), 'first up')
        run.poll(0.0)
        assert not process.prepared  # it would take its share of the first one's time
        run.poll(SPARE_DELAY_S)
        assert process.prepared
        assert not process.replaceable
        until(lambda: process.replaceable, 'the spare')
        os.kill(process.pid, signal.SIGKILL)
        assert process.wait(5.0)
        assert run.poll(SPARE_DELAY_S + 0.1) == ['prepared']
        until(lambda: process.log.read_text().count('up') == 2, 'second up')
        assert process.log.read_text().splitlines() == [
            "up  ['one', 'two']", "preparing ['one', 'two']", "up well ['one', 'two']"]


def test_a_spare_joins_the_others_before_it_is_ready_and_learns_whom_it_replaces(start, program, until):
    with start(program('member', membership='member')) as run:
        process = run.processes['member']
        until(lambda: up(process), 'up')
        process.prepare()
        until(lambda: process.replaceable, 'the spare')
        assert process.log.read_text().splitlines() == ['up', 'joined']
        os.kill(replaced := process.pid, signal.SIGKILL)
        assert process.wait(5.0)
        run.poll(0.0)
        until(lambda: process.log.read_text().splitlines() == ['up', 'joined', f'after {replaced}', 'up'], 'second up')


def test_a_spare_is_among_the_processes_whose_shared_memory_is_removed(start, program, until, children):
    with start(program('waits')) as run:
        process = run.processes['waits']
        assert process.pids == [process.pid]
        process.prepare()
        assert set(process.pids) == children()
        assert len(process.pids) == 2


def test_a_spare_that_is_not_ready_is_not_waited_for(start, program, until, alive, children):
    with start(program('never_ready')) as run:
        process = run.processes['never_ready']
        until(lambda: up(process), 'up')
        process.prepare()
        (spare,) = children() - {process.pid}
        until(lambda: 'begun' in process.log.read_text(), 'the preparation')
        os.kill(process.pid, signal.SIGKILL)
        assert process.wait(5.0)
        assert run.poll(0.0) == ['never_ready']
        assert process.pid != spare
        assert not alive(spare)
        until(lambda: process.log.read_text().count('up') == 2, 'second up')


def test_a_spare_that_cannot_prepare_says_why_and_is_never_called_up(start, program, until):
    with start(program('never_able')) as run:
        process = run.processes['never_able']
        run.poll(0.0)
        run.poll(SPARE_DELAY_S)
        assert process.prepared
        until(lambda: not process.prepared, 'its end')
        assert not process.replaceable
        assert 'no memory for two' in process.log.read_text()
        run.poll(SPARE_DELAY_S + SPARE_PERIOD_S)
        assert not process.prepared  # nor is it tried again and again


def test_what_a_spare_has_started_itself_ends_with_it(start, program, until, alive):
    with start(program('parent')) as run:
        process = run.processes['parent']
        process.prepare()
        until(lambda: process.replaceable, 'the spare')
        grandchild = int(process.log.read_text().split()[-1])
        assert alive(grandchild)
    until(lambda: not alive(grandchild), 'its end')


def test_a_spare_that_died_is_no_hindrance(start, program, until, children):
    with start(program('waits')) as run:
        process = run.processes['waits']
        process.prepare()
        (spare,) = children() - {process.pid}
        os.kill(spare, signal.SIGKILL)
        os.kill(process.pid, signal.SIGKILL)
        assert process.wait(5.0)
        until(lambda: not process.prepared, 'death of the spare')
        assert run.poll(0.0) == ['waits']
        until(lambda: up(process), 'up')


def test_spares_come_one_at_a_time_and_are_gone_after_the_block(start, program, alive, children):
    with start(program('waits', 'one'), program('waits', 'two'), program('waits', 'three', essential=True)) as run:
        run.poll(0.0)
        run.poll(SPARE_DELAY_S)
        assert [p.prepared for p in run.processes.values()] == [True, False, False]
        run.poll(SPARE_DELAY_S + SPARE_PERIOD_S)
        run.poll(SPARE_DELAY_S + 2 * SPARE_PERIOD_S)
        assert [p.prepared for p in run.processes.values()] == [True, True, False]  # an essential one has none
        left = children()
        assert len(left) == 5
    assert not any(alive(pid) for pid in left)


def test_a_process_that_dies_again_and_again_ends_the_run_with_its_last_words(start, program):
    with start(program('fails')) as run:
        for now_s in range(MAX_RESTARTS):
            assert run.processes['fails'].wait(5.0)
            assert run.poll(float(now_s)) == ['fails']
        assert run.processes['fails'].wait(5.0)
        with pytest.raises(ProcessDied, match=r'exit status 3 after 5 restarts(.|\n)*the disk is full'):
            run.poll(float(MAX_RESTARTS))


def test_rare_deaths_are_forgiven_for_ever(start, program):
    with start(program('fails')) as run:
        for hour in range(MAX_RESTARTS + 2):
            assert run.processes['fails'].wait(5.0)
            assert run.poll(3600.0 * hour) == ['fails']


def test_an_essential_process_is_not_started_again(start, program):
    with start(program('fails', essential=True)) as run:
        assert run.processes['fails'].wait(5.0)
        with pytest.raises(ProcessDied, match=r'^fails died'):
            run.poll(0.0)


def test_processes_stop_in_stages(start, program, until):
    commands = [program('polite', name) for name in ('recorder', 'worker', 'manager')]
    with start(*commands, stop_first=('manager',), stop_last=('recorder',)) as run:
        until(lambda: all(up(p) for p in run.processes.values()), 'all up')
    ended = {name: int(p.log.read_text().split('bye ')[1]) for name, p in run.processes.items()}
    assert ended['manager'] < ended['worker'] < ended['recorder']


def test_processes_end_when_their_starter_is_killed(tmp_path, program, program_environment, until, alive):
    assert program('waits')
    script = tmp_path / 'runs.py'
    script.write_text(
        'import os, sys, time\nfrom pathlib import Path\n'
        'from vla_async.launcher.process import Command\nfrom vla_async.launcher.starter import Starter\n'
        f'with Starter([Command("waits", "waits")], os.environ, Path({str(tmp_path)!r})) as run:\n'
        '    print(run.processes["waits"].pid, flush=True)\n    time.sleep(600)\n')
    root = Path(__file__).parents[2]
    child_environment = {**program_environment, 'PYTHONPATH': f'{tmp_path}:{root}'}
    runs = subprocess.Popen([sys.executable, str(script)], env=child_environment, stdout=subprocess.PIPE, text=True)
    pid = int(runs.stdout.readline())
    until(lambda: (tmp_path / 'waits.log').read_text().startswith('up'), 'child up')
    runs.kill()
    runs.wait()
    runs.stdout.close()
    until(lambda: not alive(pid), 'child gone')


def test_shared_memory_of_a_killed_participant_is_removed_and_of_a_living_one_kept(
        start, program, tmp_path, program_environment, until):
    claim = claim_free_domain()
    ros = environment(claim.id, program_environment)
    keeps, dies = (replace(program('participant', name), pictures=True) for name in ('keeper', 'victim'))
    with Starter([keeps], ros, tmp_path / 'keeper') as keeper:
        until(lambda: up(keeper.processes['keeper']), 'keeper up')
        kept = shared_memory.owned_by(keeper.processes['keeper'].pid)
        assert kept
        with Starter([dies], ros, tmp_path / 'victim') as run:
            victim = run.processes['victim']
            until(lambda: up(victim), 'victim up')
            run.poll(time.monotonic())
            lost = shared_memory.owned_by(victim.pid)
            assert lost
            os.kill(victim.pid, signal.SIGKILL)
            assert victim.wait(5.0)
            assert any((shared_memory.FOLDER / name).exists() for name in lost)
        assert not any((shared_memory.FOLDER / name).exists() for name in lost)
        assert all((shared_memory.FOLDER / name).exists() for name in kept)
    claim.release()
    assert not any((shared_memory.FOLDER / name).exists() for name in kept)


def test_a_port_that_was_only_written_to_is_removed_and_a_neighbouring_domains_kept(
        program, program_environment, tmp_path):
    claim = claim_free_domain()
    ours, neighbours = (shared_memory.FOLDER / f'fastdds_port{7400 + 250 * number + 249}'
                        for number in (claim.id, claim.id + 1))
    try:
        with Starter([program('waits')], environment(claim.id, program_environment), tmp_path / 'logs'):
            ours.touch()  # as a process that died leaves it: without a lock file that would tell whose it was
            neighbours.touch()
        assert not ours.exists()
        assert neighbours.exists()
    finally:
        neighbours.unlink(missing_ok=True)
        claim.release()


def test_files_that_are_not_there_are_no_reason_to_fail():
    assert shared_memory.remove_abandoned({'fastdds_0000000000000000'}) == []
    assert shared_memory.owned_by(2**22 + 1) == set()
    assert shared_memory.children_of(2**22 + 1) == []


@pytest.mark.skipif(os.getuid() != 0, reason='only root can leave what belongs to another user')
def test_what_belongs_to_another_user_is_left_alone(tmp_path):
    port = shared_memory.FOLDER / 'fastdds_port7399'  # below all domains
    port.touch()
    os.chown(port, 65534, 65534)
    try:
        script = f"""
import os
from vla_async.launcher import shared_memory
os.setuid(65533)
assert shared_memory.remove_abandoned({{{port.name!r}}}) == []
"""
        subprocess.run([sys.executable, '-c', script], check=True, cwd=tmp_path)
        assert port.exists()
    finally:
        port.unlink()
