from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import pytest

from vla_async import embodiment
from vla_async.demo import command


@pytest.fixture(scope='session')
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained policy for the robot: it moves, but touches nothing on purpose."""
    from vla_async.training.initialise import initialise
    folder = tmp_path_factory.mktemp('policy') / 'tiny'
    return Path(initialise(folder, embodiment.load('astribot_s1'), 'tiny', seed=0))


@pytest.fixture
def parse(checkpoint: Path, tmp_path: Path) -> Callable[..., argparse.Namespace]:
    """Arguments of the command line, parsed; checkpoint and report folder are given already."""
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return lambda *words: parser.parse_args(
        ['--checkpoint', str(checkpoint), '--report', str(tmp_path / 'report'), *words])
