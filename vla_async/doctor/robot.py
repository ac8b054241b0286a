"""A robot's file beside its URDF: what neither the bridge nor the simulation would notice."""
from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from xml.dom.minidom import Element

from vla_async import embodiment
from vla_async.doctor.check import FAIL, OK, Check, Finding
from vla_async.embodiment import Embodiment, Joint
from vla_async.embodiment.robot import UNBOUNDED_KINDS
from vla_async.urdf import expand

KINDS = {'revolute': ('revolute', 'continuous'), 'continuous': ('continuous',), 'prismatic': ('prismatic',)}
ROUNDING = 1e-4  # a file may say 1.5708 where its URDF computes pi / 2 [rad, m, rad/s or m/s]
WITHIN, NARROW = 'within the URDF', 'narrow the robot file: drives and ros2_control stop the joint short of it'


def checks(name_or_path: str) -> tuple[Check, ...]:
    """All checks of one robot; raises ConfigError for a file that cannot be read."""
    robot = embodiment.load(name_or_path)
    return (Check('robot file', lambda: _described(robot)), Check('joints', lambda: joints(robot)),
            Check('positions', lambda: positions(robot)), Check('velocities', lambda: velocities(robot)),
            Check('workspace', lambda: workspace(robot)), Check('body', lambda: body(robot)))


def joints(robot: Embodiment) -> Finding:
    """Whether the URDF has the joints, movable, by themselves, and of that kind."""
    return _finding(robot, _joint_faults, f'all {robot.dof} in {robot.urdf}',
                    'use the names and kinds of the URDF in the robot file')


def positions(robot: Embodiment) -> Finding:
    """Whether no joint may go further than by the URDF."""
    return _finding(robot, _position_faults, WITHIN, NARROW)


def velocities(robot: Embodiment) -> Finding:
    """Whether no joint may be faster than by the URDF."""
    return _finding(robot, _velocity_faults, WITHIN, NARROW)


def workspace(robot: Embodiment) -> Finding:
    """Whether hands at home are inside theirs."""
    from vla_async.bridge.body_guard import BodyGuard
    fault = BodyGuard(robot).fault(robot.array('home'))
    if fault:
        return Finding(FAIL, f'at home {fault}', 'choose another home, or a larger workspace in the robot file')
    return Finding(OK, 'at home all hands are inside it' if robot.workspace else 'none is given: hands may be anywhere')


def body(robot: Embodiment) -> Finding:
    """Whether links are too near each other at home: the bridge takes such for meant to be, and never looks at them."""
    from vla_async.kinematics.body import Body
    margin, pairs = robot.collision.margin, Body(robot).pairs
    everywhere = Body(replace(robot, collision=replace(robot.collision, margin=-math.inf)))
    near = Counter(everywhere.pairs) - Counter(pairs)
    if near:
        names = ', '.join(f'{one} and {other}' for one, other in near)
        return Finding(FAIL, f'within {margin:g} m of each other at home, so never looked at: {names}',
                       'choose another home, or name them under collision: ignore if they are meant to be near')
    return Finding(OK, f'{len(pairs)} pairs of shapes are looked at, all {margin:g} m and more apart at home')


def _described(robot: Embodiment) -> Finding:
    outputs = ', '.join(f'{output.topic} ({output.kind})' for output in robot.outputs)
    return Finding(OK, f'{robot.name}: {robot.dof} joints, {len(robot.cameras)} cameras, commands to {outputs}')


def _finding(robot: Embodiment, faults: Callable[[Joint, Element], Iterator[str]], fine: str, cure: str) -> Finding:
    """What `faults` says of each joint and its element; of joints that the URDF lacks only `joints` speaks."""
    there = {element.getAttribute('name'): element for element in expand(robot).getElementsByTagName('joint')}
    found = [f'{joint.name} {fault}' for joint in robot.joints
             for fault in faults(joint, there.get(joint.name, Element('joint')))]
    return Finding(FAIL, '; '.join(found), cure) if found else Finding(OK, fine)


def _joint_faults(joint: Joint, urdf: Element) -> Iterator[str]:
    kind = urdf.getAttribute('type')
    if not kind:
        yield 'is missing'
    elif kind == 'fixed':
        yield 'is fixed'
    elif urdf.getElementsByTagName('mimic'):
        yield 'follows another joint'
    elif kind not in KINDS.get(joint.kind, (kind,)):
        yield f'is {joint.kind} in the robot file and {kind} in the URDF'


def _position_faults(joint: Joint, urdf: Element) -> Iterator[str]:
    bounded = urdf.getAttribute('type') in ('revolute', 'prismatic') and joint.kind not in UNBOUNDED_KINDS
    for key, beyond in (('lower', -1.0), ('upper', 1.0)):
        allowed, wanted = _limit(urdf, key, 0.0), getattr(joint, key)  # URDF: a limit that is not given is zero
        if bounded and beyond * (wanted - allowed) > ROUNDING:
            yield f'may go to {wanted:g}, in the URDF to {allowed:g}'


def _velocity_faults(joint: Joint, urdf: Element) -> Iterator[str]:
    allowed = _limit(urdf, 'velocity', math.inf)
    if joint.velocity > allowed + ROUNDING:
        yield f'may be as fast as {joint.velocity:g}, in the URDF {allowed:g}'


def _limit(urdf: Element, key: str, absent: float) -> float:
    given = (limit.getAttribute(key) for limit in urdf.getElementsByTagName('limit'))
    return next((float(value) for value in given if value), absent)
