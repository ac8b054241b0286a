"""Robots from `config/robots/<name>.yaml`; a new robot is such a file and a URDF, no code."""
from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from vla_async.embodiment.body_limits import CORNERS, parse_collision, parse_corners, parse_workspace
from vla_async.embodiment.checks import no_other_keys, number, positive
from vla_async.embodiment.output_file import check_outputs, parse_output
from vla_async.embodiment.rates_file import parse_camera, parse_rates
from vla_async.embodiment.robot import (
    JOINT_KINDS,
    REPRESENTATIONS,
    UNBOUNDED_KINDS,
    Action,
    Embodiment,
    HandLimits,
    Joint,
)
from vla_async.embodiment.yaml_file import content
from vla_async.errors import ConfigError, unknown
from vla_async.resources import share

KEYS = ('name', 'urdf', 'joints', 'groups', 'hands', 'cameras', 'outputs', 'rates', 'action', 'workspace', 'collision')


def available() -> tuple[str, ...]:
    """Names of the robots that have a file in config/robots/."""
    return tuple(sorted(p.stem for p in (share() / 'config/robots').glob('*.yaml')))


def load(name_or_path: str) -> Embodiment:
    """Embodiment by name, or from a YAML file's path; raises ConfigError that names the file and the key.

    A file may say `like: <name or path>` and give only the keys in which it differs from that one, each as a whole:
    the same robot with other controllers, say.
    """
    path = _path(name_or_path)
    return parse(_read(path), path.name)


def files(name_or_path: str) -> tuple[Path, ...]:
    """The robot's file and, if it has one, that which it is like; raises ConfigError."""
    path = _path(name_or_path)
    data = content(path, path)
    like = data.get('like') if isinstance(data, dict) else None
    return (path,) if like is None else (path, _path(str(like)))


def _path(name_or_path: str) -> Path:
    path = Path(name_or_path)
    if path.suffix in ('.yaml', '.yml'):
        return path
    if name_or_path not in available():
        raise unknown('robot', name_or_path, available())
    return share() / 'config/robots' / f'{name_or_path}.yaml'


def _read(path: Path) -> Any:
    """Content of a robot file, and of the one that it is like."""
    data = content(path, path)
    if not isinstance(data, dict) or 'like' not in data:
        return data
    like = _path(str(data.pop('like')))
    base = content(like, path)
    if not isinstance(base, dict) or 'like' in base:
        raise ConfigError(f'{path.name}: like must name a whole robot file, which {like.name} is not')
    return {**base, **data}


def parse(data: Any, source: str) -> Embodiment:
    """Embodiment from the YAML's content; `source` names the file in errors."""
    if not isinstance(data, dict):
        raise ConfigError(f'{source}: a robot file is a mapping with name, urdf, joints, groups, ...')
    no_other_keys(source, data, KEYS)
    try:
        robot = Embodiment(
            name=str(data['name']),
            urdf=str(data['urdf']),
            joints=tuple(_joint(source, name, entry) for name, entry in data['joints'].items()),
            groups={str(k): tuple(v) for k, v in data['groups'].items()},
            hands={str(k): str(v) for k, v in data['hands'].items()},
            cameras=tuple(parse_camera(source, k, v) for k, v in data['cameras'].items()),
            outputs=tuple(parse_output(source, k, v) for k, v in data['outputs'].items()),
            rates=parse_rates(source, data['rates']),
            action=_action(source, data.get('action', {'representation': 'joints'})),
            workspace=parse_workspace(source, data.get('workspace', {})),
            collision=parse_collision(source, data.get('collision', {})),
        )
    except KeyError as error:
        raise ConfigError(f'{source}: key {error} is missing') from error
    except (TypeError, AttributeError, ValueError) as error:
        raise ConfigError(f'{source}: {error}') from error
    _check(source, robot)
    return robot


def _joint(source: str, name: str, entry: Any) -> Joint:
    if not isinstance(entry, dict) or entry.get('kind') not in JOINT_KINDS:
        raise ConfigError(f'{source}: joint {name}: kind must be one of {", ".join(JOINT_KINDS)}')
    unbounded = entry['kind'] in UNBOUNDED_KINDS
    numbers = (*(() if unbounded else ('lower', 'upper')), 'velocity', 'acceleration', 'jerk', 'home')
    no_other_keys(f'{source}: joint {name}', entry, ('kind', *numbers))
    values = {'lower': -math.inf, 'upper': math.inf}
    values |= {key: number(f'{source}: joint {name}: {key}', entry.get(key)) for key in numbers}
    if not values['lower'] < values['upper']:
        raise ConfigError(f'{source}: joint {name}: lower must be below upper')
    if not values['lower'] <= values['home'] <= values['upper']:
        raise ConfigError(f'{source}: joint {name}: home must lie between lower and upper')
    for key in ('velocity', 'acceleration', 'jerk'):
        if values[key] <= 0:
            raise ConfigError(f'{source}: joint {name}: {key} must be positive')
    return Joint(name=str(name), kind=entry['kind'], **values)


def _action(source: str, entry: Any) -> Action:
    if not isinstance(entry, dict) or entry.get('representation') not in REPRESENTATIONS:
        raise ConfigError(f'{source}: action: representation must be one of {", ".join(REPRESENTATIONS)}')
    poses = entry['representation'] == 'poses'
    if extra := sorted(set(entry) - {'representation', *(['hands', 'grippers'] if poses else [])}):
        raise ConfigError(f'{source}: action: unknown key {extra[0]} for {entry["representation"]}')
    if not poses:
        return Action()
    if not isinstance(entry.get('hands'), dict) or not entry['hands']:
        raise ConfigError(f'{source}: action: hands must map each hand to its limits')
    hands = tuple(_hand(f'{source}: action: hand {k}', str(k), v) for k, v in entry['hands'].items())
    grippers = entry.get('grippers', [])
    if not isinstance(grippers, list) or len(set(map(str, grippers))) != len(grippers):
        raise ConfigError(f'{source}: action: grippers must be a list of different joints, got {grippers!r}')
    return Action('poses', hands, tuple(map(str, grippers)))


def _hand(where: str, name: str, entry: Any) -> HandLimits:
    speeds = ('velocity', 'acceleration', 'jerk', 'angular_velocity', 'angular_acceleration')
    if not isinstance(entry, dict):
        raise ConfigError(f'{where}: limits are a mapping with {", ".join((*CORNERS, *speeds))}')
    no_other_keys(where, entry, (*CORNERS, *speeds))
    lower, upper = parse_corners(where, entry)
    return HandLimits(name, lower, upper, **{key: positive(f'{where}: {key}', entry.get(key)) for key in speeds})


def _check(source: str, robot: Embodiment) -> None:
    known = set(robot.joint_names)
    for where, names in [*((f'group {k}', v) for k, v in robot.groups.items()),
                         *((f'output {o.name}', o.joints) for o in robot.outputs)]:
        for name in names:
            if name not in known:
                raise ConfigError(f'{source}: {where} names the unknown joint {name!r}')
    check_outputs(source, robot)
    for hand in robot.action.hands:
        if hand.name not in robot.hands:
            raise ConfigError(f'{source}: action names the unknown hand {hand.name!r}')
    for name in robot.action.grippers:
        if name not in {joint.name for joint in robot.joints if joint.kind == 'gripper'}:
            raise ConfigError(f'{source}: action: grippers names {name!r}, which is no joint of the kind gripper')
    for name in robot.workspace:
        if name not in robot.hands:
            raise ConfigError(f'{source}: workspace names the unknown hand {name!r}')
