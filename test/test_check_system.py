"""tools/check_system.sh names what is missing and how to get it."""
from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[1] / 'tools/check_system.sh'
NEEDED = ('sh', 'basename', 'ls', 'grep', 'cmake', 'g++', 'make')


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A folder for PATH in which everything is there, with stand-ins where this machine lacks something."""
    for name in NEEDED:
        (tmp_path / name).symlink_to(shutil.which(name) or '/bin/true')
    (tmp_path / 'python3').symlink_to('/bin/true')  # agrees to every question about Python and its libraries
    return tmp_path


def check(path: Path, python: str = 'python3') -> tuple[int, list[str]]:
    done = subprocess.run([str(path / 'sh'), str(SCRIPT)], env={'PATH': str(path), 'PYTHON': python},
                          capture_output=True, text=True, check=False)
    assert not done.stderr
    return done.returncode, done.stdout.splitlines()


def python_that_answers(path: Path, name: str, answer: str) -> str:
    """A Python called `name` to which the shell code `answer` (of the question $2) is the exit status."""
    (path / name).unlink(missing_ok=True)  # writing through the link would overwrite the machine's own program
    (path / name).write_text(f'#!{shutil.which("sh")}\n{answer}\n')
    (path / name).chmod(0o755)
    return name


def test_nothing_is_said_when_nothing_is_missing(path: Path) -> None:
    assert check(path) == (0, [])


@pytest.mark.parametrize('tool', ['cmake', 'g++', 'make'])
def test_a_missing_tool_is_one_line_with_its_cure(path: Path, tool: str) -> None:
    (path / tool).unlink()
    status, (line,) = check(path)
    assert status == 1
    assert line.startswith(f'missing: {tool},')
    assert line.endswith(f'sudo apt install {tool}')


def test_all_that_is_missing_is_said_at_once(path: Path) -> None:
    for tool in ('cmake', 'g++'):
        (path / tool).unlink()
    status, lines = check(path)
    assert (status, len(lines)) == (1, 2)


def test_without_python_nothing_more_is_asked(path: Path) -> None:
    (path / 'python3').unlink()
    status, (line,) = check(path)
    assert status == 1
    assert line.endswith('sudo apt install python3 python3-venv python3-dev')


@pytest.mark.parametrize(('asked', 'package'), [('ensurepip', 'python3.12-venv'), ('Python.h', 'python3.12-dev')])
def test_packages_are_those_of_the_python_in_use(path: Path, asked: str, package: str) -> None:
    python = python_that_answers(path, 'python3.12', f'case $2 in *{asked}*) exit 1 ;; esac')
    status, (line,) = check(path, python)
    assert status == 1
    assert line.endswith(f'sudo apt install {package}')


def test_an_old_python_is_named_with_its_version(path: Path) -> None:
    python = python_that_answers(path, 'python3', 'case $2 in *version_info*) exit 1 ;; *platform*) echo 3.9.2 ;; esac')
    status, (line,) = check(path, python)
    assert status == 1
    assert 'python3 is 3.9.2' in line


def test_one_driver_to_render_with_is_enough(path: Path) -> None:
    python = python_that_answers(path, 'python3', 'case $2 in *libEGL_mesa*) exit 1 ;; esac')
    assert check(path, python) == (0, [])


def test_without_egl_nothing_is_drawn_whatever_else_is_there(path: Path) -> None:
    """The demo tells its processes to draw by EGL."""
    python = python_that_answers(path, 'python3', 'case $2 in *libEGL.so*) exit 1 ;; esac')
    status, (line,) = check(path, python)
    assert status == 1
    assert line.endswith('sudo apt install libegl1')


def test_this_machine_runs_the_tests_so_it_lacks_nothing(path: Path) -> None:
    path.joinpath('python3').unlink()
    path.joinpath('python3').symlink_to(sys.executable)
    assert check(path)[0] == 0
