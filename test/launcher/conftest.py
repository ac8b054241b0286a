"""Small real programs for the process starter, written into a folder of the test."""
from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from vla_async.launcher.process import Command

PROGRAMS = {
    'waits': "import time\nprint('up', flush=True)\ntime.sleep(600)\n",
    'stubborn': (
        'import signal, time\nfor n in (signal.SIGINT, signal.SIGTERM):\n    signal.signal(n, signal.SIG_IGN)\n'
        "print('up', flush=True)\ntime.sleep(600)\n"),
    'polite': (
        "import time\nprint('up', flush=True)\ntry:\n    time.sleep(600)\n"
        "except KeyboardInterrupt:\n    print('bye', time.monotonic_ns(), flush=True)\n"),
    'fails': "print('the disk is full', flush=True)\nraise SystemExit(3)\n",
    'participant': (
        "import time, rclpy\nrclpy.init()\nnode = rclpy.create_node('participant')\n"
        "print('up', flush=True)\ntime.sleep(600)\n"),
}


@pytest.fixture
def program(tmp_path: Path) -> Callable[..., Command]:
    """Command of one of PROGRAMS, as a process `name`."""
    for name, text in PROGRAMS.items():
        (tmp_path / f'{name}.py').write_text(text)
    return lambda module, name='', **options: Command(name or module, module, **options)


@pytest.fixture
def program_environment(tmp_path: Path) -> Mapping[str, str]:
    return {**os.environ, 'PYTHONPATH': str(tmp_path), 'PYTHONUNBUFFERED': '1'}


@pytest.fixture
def until() -> Callable[[Callable[[], bool], str], None]:
    """Wait for a condition; fails, naming what was waited for, when it does not come true in time."""
    def wait(condition: Callable[[], bool], what: str, limit_s: float = 20.0) -> None:
        deadline = time.monotonic() + limit_s
        while not condition():
            assert time.monotonic() < deadline, f'{what}: not within {limit_s} s'
            time.sleep(0.02)
    return wait


@pytest.fixture
def alive() -> Callable[[int], bool]:
    """Whether a process exists and is no zombie."""
    def look(pid: int) -> bool:
        try:
            state = Path(f'/proc/{pid}/stat').read_text().rsplit(')', 1)[1].split()[0]
        except FileNotFoundError:
            return False
        return state != 'Z'
    return look
