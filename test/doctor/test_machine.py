"""The doctor: every finding is a line with its cure, and one that breaks does not keep the others from being asked."""
import shutil
import sys

import numpy as np
import pytest

from vla_async.doctor import command, machine, models, ros
from vla_async.doctor.check import FAIL, OK, WARN, Check, Finding
from vla_async.errors import EnvironmentFault


def test_all_is_well_is_status_zero(capsys):
    assert command.examine((Check('one', lambda: Finding(OK, 'fine')), Check('two', lambda: Finding(WARN, 'old')))) == 0
    assert 'everything is in place' in capsys.readouterr().out


def test_a_failure_is_status_one_and_shows_the_cure(capsys):
    assert command.examine((Check('one', lambda: Finding(FAIL, 'gone', 'bring it back')),)) == 1
    out = capsys.readouterr().out
    assert 'fail  one: gone' in out
    assert 'mend: bring it back' in out


@pytest.mark.parametrize('error', [EnvironmentFault('no EGL; install libegl1'), OSError('cannot load')])
def test_a_check_that_breaks_is_a_finding_and_the_next_one_is_asked(error, capsys):
    def broken():
        raise error
    assert command.examine((Check('one', broken), Check('two', lambda: Finding(OK, 'fine')))) == 1
    out = capsys.readouterr().out
    assert str(error) in out
    assert 'ok  two: fine' in out


def test_a_missing_compiler_names_its_package(monkeypatch):
    monkeypatch.setattr(shutil, 'which', lambda name: None)
    assert machine.build_tools().cure == 'sudo apt-get install g++ cmake make'


def test_a_python_without_wheels_fails(monkeypatch):
    monkeypatch.setattr(sys, 'version_info', (3, 9, 1))
    assert machine.python().level == FAIL


def test_an_import_that_fails_is_named(monkeypatch):
    monkeypatch.setattr(ros, 'PACKAGES', ('no_such_wheel',))
    finding = ros.wheels()
    assert finding.level == FAIL
    assert 'no_such_wheel' in finding.what
    assert 'install' in finding.cure


def test_a_missing_checkpoint_lists_what_there_is(monkeypatch):
    monkeypatch.setattr(models, 'TASK', 'dance')
    finding = models.checkpoint()
    assert finding.level == FAIL
    assert 'astribot_s1_dance' in finding.what


def test_two_processes_hear_each_other():
    finding = ros.loopback()
    assert finding.level == OK, finding


def test_a_picture_can_be_drawn():
    assert models.rendering().level != FAIL


def test_a_port_of_which_only_a_bare_file_is_left_is_removed():
    port = machine.FOLDER / 'fastdds_port7398'  # below all domains
    port.touch()
    assert machine.shared_memory().level == OK
    assert not port.exists()


def test_shared_memory_has_room():
    assert machine.shared_memory().level == OK


def test_too_little_shared_memory_fails_with_the_cure(monkeypatch):
    monkeypatch.setattr(machine, 'NEEDED_MB', 10**9)
    finding = machine.shared_memory()
    assert (finding.level, finding.cure) == (FAIL, 'remove what lies there; in a container: --shm-size=1g')


def test_processes_that_do_not_hear_each_other_fail_with_the_last_word_of_the_listener(monkeypatch):
    sane = ros.environment
    monkeypatch.setattr(ros, 'environment', lambda *args, **options: {
        **sane(*args, **options), 'RMW_IMPLEMENTATION': 'rmw_of_nobody'})
    finding = ros.loopback()
    assert finding.level == FAIL
    assert f'no messages of {ros.SMALL} bytes between two processes: ' in finding.what
    assert 'rmw_of_nobody' in finding.what
    assert 'loopback interface' in finding.cure


def test_a_machine_that_cannot_draw_fails_with_what_to_install(monkeypatch):
    def no_graphics(_width, _height):
        raise ImportError('no EGL')
    monkeypatch.setattr('mujoco.egl.GLContext', no_graphics)
    monkeypatch.setenv('MUJOCO_GL', 'egl')
    finding = models.rendering()
    assert finding.level == FAIL
    assert 'libegl1' in finding.cure


def test_a_black_picture_fails_and_a_slow_one_is_warned_of(monkeypatch):
    monkeypatch.setattr(models, 'SLOW_MS', 0.0)
    assert models.rendering().level == WARN
    monkeypatch.setattr('vla_async.sim.cameras.Renderer.render', lambda _renderer, _name: np.zeros((4, 4, 3), np.uint8))
    finding = models.rendering()
    assert finding.level == FAIL
    assert 'libosmesa6' in finding.cure
