"""What a robot file says of the body is read whole or refused with the name of the culprit."""
from __future__ import annotations

import copy

import pytest
import yaml

from vla_async import embodiment
from vla_async.embodiment import Box, Collision
from vla_async.errors import ConfigError
from vla_async.resources import share

DATA = yaml.safe_load((share() / 'config/robots/so101.yaml').read_text())
BOX = {'lower': [-1, -1, 0], 'upper': [1, 1.5, 2]}


def with_entry(key: str, entry: object) -> dict[str, object]:
    """The SO-101's data with another entry; None: without it."""
    data = copy.deepcopy(DATA)
    del data[key]
    return data if entry is None else {**data, key: entry}


def test_boxes_and_pairs_are_read():
    robot = embodiment.parse(with_entry('workspace', {'arm': BOX}), 'it')
    assert robot.workspace == {'arm': Box((-1.0, -1.0, 0.0), (1.0, 1.5, 2.0))}
    robot = embodiment.parse(with_entry('collision', {'margin': 0.02, 'ignore': [['palm', 'wrist']]}), 'it')
    assert robot.collision == Collision(0.02, (('palm', 'wrist'),))


def test_a_robot_without_them_may_reach_anywhere_and_is_guarded_against_itself():
    robot = embodiment.parse(with_entry('workspace', None), 'it')
    assert not robot.workspace
    robot = embodiment.parse(with_entry('collision', None), 'it')
    assert robot.collision == Collision(margin=0.01, ignore=())


@pytest.mark.parametrize('key, entry, culprit', [
    ('workspace', ['arm'], 'workspace must map hands to boxes'),
    ('workspace', {'leg': BOX}, "workspace names the unknown hand 'leg'"),
    ('workspace', {'arm': [0, 1]}, 'workspace of arm: a box is a mapping with lower and upper'),
    ('workspace', {'arm': {**BOX, 'middle': [0, 0, 0]}}, 'workspace of arm: unknown key middle'),
    ('workspace', {'arm': {'lower': [0, 0, 0]}}, 'workspace of arm: upper must be a list of x, y, z, got None'),
    ('workspace', {'arm': {**BOX, 'lower': [0, 0]}}, 'workspace of arm: lower must be a list of x, y, z'),
    ('workspace', {'arm': {**BOX, 'lower': [0, 0, float('nan')]}}, 'workspace of arm: lower must be a finite number'),
    ('workspace', {'arm': {**BOX, 'lower': [0, 0, 2]}}, 'workspace of arm: lower must be below upper'),
    ('collision', 0.01, 'collision is a mapping with margin and ignore'),
    ('collision', {'margin': 5}, 'collision: margin must lie between 0.001 and 0.1, got 5'),
    ('collision', {'margins': 0.01}, 'collision: unknown key margins'),
    ('collision', {'ignore': ['palm', 'wrist']}, 'collision: ignore must be a list of pairs of links'),
    ('collision', {'ignore': [['palm']]}, 'collision: ignore must be a list of pairs of links'),
])
def test_a_wrong_entry_is_named(key, entry, culprit):
    with pytest.raises(ConfigError, match=rf'it: {culprit}'):
        embodiment.parse(with_entry(key, entry), 'it')
