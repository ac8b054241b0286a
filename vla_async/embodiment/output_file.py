"""Outputs of a robot file: each kind has keys of its own, and joints that it can drive."""
from __future__ import annotations

from typing import Any

from vla_async.embodiment.checks import no_other_keys, number, positive, within
from vla_async.embodiment.output import (
    OUTPUT_KINDS,
    TWIST_FRAMES,
    GripperOutput,
    Output,
    TrajectoryOutput,
    TwistOutput,
    VelocityOutput,
)
from vla_async.embodiment.robot import Embodiment
from vla_async.errors import ConfigError

COMMON = ('kind', 'topic', 'joints')
# of the feedback from measured positions, which come late by up to 0.1 s: with more the joints would swing
GAINS = (0.01, 10.0)  # [1/s]
LATENCIES_S = (0.001, 1.0)
HOLDS_S = (0.0, 60.0)
_Common = tuple[str, str, str, tuple[str, ...]]  # name, kind, topic, joints


def parse_output(source: str, name: str, entry: Any) -> Output:
    """One entry of `outputs`; raises ConfigError that names file, output and key."""
    where = f'{source}: output {name}'
    if not isinstance(entry, dict) or entry.get('kind') not in OUTPUT_KINDS:
        raise ConfigError(f'{where}: kind must be one of {", ".join(OUTPUT_KINDS)}')
    kind, topic, joints = entry['kind'], entry.get('topic'), entry.get('joints')
    if not isinstance(topic, str) or not topic:
        raise ConfigError(f'{where}: topic must be the name of a topic, got {topic!r}')
    if not isinstance(joints, list) or not joints:
        raise ConfigError(f'{where}: joints must be a list of joint names, got {joints!r}')
    common = str(name), kind, topic, tuple(map(str, joints))
    own = {key: value for key, value in entry.items() if key not in COMMON}
    if kind == 'forward_velocity':
        no_other_keys(where, own, ('gain',))
        return VelocityOutput(*common, gain=within(f'{where}: gain', own.get('gain'), *GAINS))
    if kind == 'joint_trajectory':
        no_other_keys(where, own, ('latency_s',))
        return TrajectoryOutput(*common, latency_s=within(f'{where}: latency_s', own.get('latency_s'), *LATENCIES_S))
    if kind == 'twist':
        return _twist(where, common, own)
    if kind == 'gripper':
        return _gripper(where, common, own)
    no_other_keys(where, own, ())
    return Output(*common)


def check_outputs(source: str, robot: Embodiment) -> None:
    """Raises ConfigError unless each joint has exactly one output, which can drive it, and each output its topic."""
    commanded = [name for output in robot.outputs for name in output.joints]
    if sorted(commanded) != sorted(robot.joint_names):
        wrong = (sorted(set(robot.joint_names) ^ set(commanded))
                 or sorted({name for name in commanded if commanded.count(name) > 1}))
        raise ConfigError(f'{source}: every joint belongs to exactly one output; see {", ".join(wrong)}')
    topics: set[str] = set()
    for output in robot.outputs:
        if output.topic in topics:
            raise ConfigError(f'{source}: output {output.name}: topic {output.topic} has an output already')
        topics.add(output.topic)
        _check_kinds(f'{source}: output {output.name}', output, robot)


def _twist(where: str, common: _Common, own: dict[str, Any]) -> TwistOutput:
    frame = own.get('frame')
    if frame not in TWIST_FRAMES:
        raise ConfigError(f'{where}: frame must be one of {", ".join(TWIST_FRAMES)}, got {frame!r}')
    no_other_keys(where, own, ('frame', 'linear', 'angular', *(('gain',) if frame == 'world' else ())))
    return TwistOutput(*common, frame=frame, linear=positive(f'{where}: linear', own.get('linear')),
                       angular=positive(f'{where}: angular', own.get('angular')),
                       gain=within(f'{where}: gain', own.get('gain'), *GAINS) if frame == 'world' else 0.0)


def _gripper(where: str, common: _Common, own: dict[str, Any]) -> GripperOutput:
    no_other_keys(where, own, ('hysteresis', 'hold_s'))
    hysteresis = number(f'{where}: hysteresis', own.get('hysteresis'))
    if not 0 < hysteresis < 1:
        raise ConfigError(f'{where}: hysteresis must lie between 0 and 1')
    return GripperOutput(*common, hysteresis=hysteresis,
                         hold_s=within(f'{where}: hold_s', own.get('hold_s'), *HOLDS_S))


def _check_kinds(where: str, output: Output, robot: Embodiment) -> None:
    kinds = [robot.joints[i].kind for i in robot.indices(output.joints)]
    if isinstance(output, GripperOutput) and set(kinds) != {'gripper'}:
        raise ConfigError(f'{where}: its joints must be of kind gripper')
    if not isinstance(output, TwistOutput):
        return
    if len(kinds) != 3:
        raise ConfigError(f'{where}: joints must be x, y and yaw of the base, got {len(kinds)}')
    if output.frame == 'body' and kinds != ['velocity'] * 3:
        raise ConfigError(f'{where}: joints of a twist in the frame body must be of kind velocity')
    if output.frame == 'world' and (kinds[:2] != ['prismatic'] * 2 or kinds[2] not in ('revolute', 'continuous')):
        raise ConfigError(f'{where}: joints of a twist in the frame world must be of kind prismatic, prismatic, and '
                          'revolute or continuous')
