"""Robot files are trusted for what they say, and for nothing else."""
from __future__ import annotations

from pathlib import Path

import pytest

from vla_async import embodiment
from vla_async.errors import ConfigError
from vla_async.resources import share

GOOD = (share() / 'config/robots/so101.yaml').read_text()


@pytest.mark.parametrize('tag', ['!!python/object/apply:os.mkdir', '!!python/object/new:os.mkdir',
                                 '!!python/name:os.mkdir'])
def test_a_robot_file_runs_nothing(tmp_path: Path, tag: str) -> None:
    mark, path = tmp_path / 'mark', tmp_path / 'robot.yaml'
    path.write_text(GOOD.replace('name: so101', f'name: {tag} [{str(mark)!r}]', 1))
    with pytest.raises(ConfigError, match='robot.yaml: cannot be read'):
        embodiment.load(str(path))
    assert not mark.exists()


@pytest.mark.parametrize('number', ['.inf', '.nan', '1e400', '[1]', '"2"', 'yes', '-1.0', '0.0'])
def test_a_limit_that_is_none_is_refused(tmp_path: Path, number: str) -> None:
    path = tmp_path / 'robot.yaml'
    path.write_text(GOOD.replace('velocity: 2.5', f'velocity: {number}', 1))
    with pytest.raises(ConfigError, match='shoulder_pan'):
        embodiment.load(str(path))


@pytest.mark.parametrize('text', ['', '[]', '7', 'name: so101', '\0', '- ' * 2000, '&a [*a]'])
def test_whatever_a_robot_file_holds_it_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / 'robot.yaml'
    path.write_text(text)
    with pytest.raises(ConfigError, match=r'robot\.yaml'):
        embodiment.load(str(path))
