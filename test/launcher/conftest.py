"""Small real programs for the process starter, written into a folder of the test."""
from __future__ import annotations

import os
import textwrap
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from vla_async.launcher.process import Command

PROGRAMS = {
    'waits': """
        import time
        def main():
            print('up', flush=True)
            time.sleep(600)
    """,
    'prepared': """
        import sys, time
        def main(ahead=''):
            print('up', ahead, sys.argv[1:], flush=True)
            time.sleep(600)
        def prepare(arguments):
            print('preparing', arguments[1:], flush=True)
            return lambda: main('well')
    """,
    'member': """
        import time
        def join():
            print('joined', flush=True)
        def succeed(process):
            print('after', process, flush=True)
        def leave():
            print('left', flush=True)
        def main():
            print('up', flush=True)
            time.sleep(600)
    """,
    'never_ready': """
        import time
        def main():
            print('up', flush=True)
            time.sleep(600)
        def prepare(arguments):
            print('begun', flush=True)
            time.sleep(600)
    """,
    'never_able': """
        import time
        def main():
            print('up', flush=True)
            time.sleep(600)
        def prepare(arguments):
            raise RuntimeError('no memory for two')
    """,
    'stubborn': """
        import signal, time
        def main():
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.SIG_IGN)
            print('up', flush=True)
            time.sleep(600)
    """,
    'polite': """
        import time
        def main():
            try:
                print('up', flush=True)
                time.sleep(600)
            except KeyboardInterrupt:
                print('bye', time.monotonic_ns(), flush=True)
    """,
    'parent': """
        import subprocess, sys, time
        def main():
            time.sleep(600)
        def prepare(arguments):
            print(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']).pid, flush=True)
            return main
    """,
    'fails': """
        def main():
            print('the disk is full', flush=True)
            return 3
    """,
    'participant': """
        import rclpy, time
        def main():
            rclpy.init()
            node = rclpy.create_node('participant')
            print('up', flush=True)
            time.sleep(600)
    """,
}


@pytest.fixture
def program(tmp_path: Path) -> Callable[..., Command]:
    """Command of one of PROGRAMS, as a process `name`."""
    for name, text in PROGRAMS.items():
        (tmp_path / f'{name}.py').write_text(textwrap.dedent(text))
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
