"""Is a joint_trajectory_controller set for streaming, and which variant does it need? Judged by its parameters.

Defaults and meaning are those of ros2_controllers' joint_trajectory_controller_parameters.yaml, from Humble to master.
"""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from vla_async.bridge.outputs.trajectory_settings import ABSOLUTE, SPLICE, VARIANTS
from vla_async.errors import unknown

AUTO = 'auto'
CHOICES = (AUTO, *VARIANTS)
REPLACES = 'allow_trajectory_replacement'  # master since #2419, there true by default; elsewhere unknown
FROM_COMMAND = ('interpolate_from_desired_state', 'open_loop_control')  # the second on Humble, on Jazzy both
# parameter: value that is as it should be, and what another one does
WANTED: Mapping[str, tuple[object, str]] = {
    'allow_nonzero_velocity_at_trajectory_end': (False, 'who sends a motion that ends at speed has it frozen there'),
    'allow_partial_joints_goal': (False, 'others can command some of its joints meanwhile'),
    'cmd_timeout': (0.0, 'so long after a window it jumps to the measured position'),
    'constraints.goal_time': (0.0, 'a joint that is late is held where it was measured, with a jump'),
    'constraints.decelerate_on_cancel': (True, 'a joint out of tolerance is held with a jump, not braked'),
    'speed_scaling.initial_scaling_factor': (1.0, 'it runs behind the motion and jumps with every window'),
}


@dataclass(frozen=True, slots=True)
class Judgement:
    """Which variant to send; `faults` make the robot move wrongly or not at all, `advice` makes it safer or better."""

    variant: str
    faults: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()


def parameter_names(joints: tuple[str, ...]) -> tuple[str, ...]:
    """What to ask a controller of these joints for; which of it exists depends on its version."""
    return ('joints', 'interpolation_method', REPLACES, *FROM_COMMAND, *WANTED, *map(_tolerance, joints))


def judge(values: Mapping[str, object] | None, joints: tuple[str, ...], choice: str) -> Judgement:
    """Judge a controller that is to drive these joints; `choice` is one of CHOICES.

    `values` are its parameters by name, those that it has; None: it did not answer. Raises ConfigError for another
    choice.
    """
    if choice not in CHOICES:
        raise unknown('trajectory_replacement', choice, CHOICES)
    if values is None:
        variant = ABSOLUTE if choice == AUTO else choice
        return Judgement(variant, advice=(f'it does not tell its parameters, so nobody knows whether the variant '
                                          f'{variant} is right: is it running?',))
    variant = choice
    if choice == AUTO:
        variant = SPLICE if values.get(REPLACES) else ABSOLUTE
    return Judgement(variant, tuple(_faults(values, joints, variant)), tuple(_advice(values, joints, variant)))


def _faults(values: Mapping[str, object], joints: tuple[str, ...], variant: str) -> Iterator[str]:
    theirs = values.get('joints')
    if isinstance(theirs, (list, tuple)) and (wrong := sorted(set(theirs) ^ set(joints))):
        yield (f'it refuses every window: joints of the controller and of the output differ in {", ".join(wrong)}; '
               'name the same ones in its parameter joints and in the robot file')
    if values.get('interpolation_method') == 'none':
        yield 'it jumps from point to point: set its interpolation_method to splines'
    if variant == ABSOLUTE and values.get(REPLACES):
        yield (f'it plays every window late: set its {REPLACES} to false, or trajectory_replacement of the bridge to '
               f'{AUTO}')


def _advice(values: Mapping[str, object], joints: tuple[str, ...], variant: str) -> Iterator[str]:
    if variant == SPLICE and values.get(REPLACES):
        yield f'the robot reacts later than it could: set its {REPLACES} to false'
    if not any(values.get(name) for name in FROM_COMMAND):
        yield (f'a window that begins in the future starts at the measured position, with a jump back: set its '
               f'{FROM_COMMAND[0]} (Humble: {FROM_COMMAND[1]}) to true')
    for name, (good, otherwise) in WANTED.items():
        if values.get(name, good) != good:
            yield f'{otherwise}: set its {name} to {str(good).lower()}'
    if loose := [joint for joint in joints if not values.get(_tolerance(joint))]:
        yield (f'nothing stops it when {", ".join(loose)} cannot follow: set its {_tolerance("<joint>")}, '
               'to 0.1 or 0.2 rad')


def _tolerance(joint: str) -> str:
    return f'constraints.{joint}.trajectory'
