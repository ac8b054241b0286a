"""A controller's parameters tell which variant it needs, and each wrong one is named with its cure."""
import pytest
import yaml

from vla_async import embodiment
from vla_async.bridge.outputs.controller_settings import AUTO, CHOICES, Judgement, judge, parameter_names
from vla_async.errors import ConfigError
from vla_async.resources import share

JOINTS = ('a', 'b')
GOOD = {
    'joints': ['b', 'a'], 'interpolation_method': 'splines', 'interpolate_from_desired_state': True,
    'allow_nonzero_velocity_at_trajectory_end': False, 'allow_partial_joints_goal': False, 'cmd_timeout': 0.0,
    'constraints.goal_time': 0.0, 'constraints.decelerate_on_cancel': True,
    'speed_scaling.initial_scaling_factor': 1.0, 'constraints.a.trajectory': 0.2, 'constraints.b.trajectory': 0.2,
}
HUMBLE = {name: value for name, value in GOOD.items() if name not in (
    'interpolate_from_desired_state', 'constraints.decelerate_on_cancel',
    'speed_scaling.initial_scaling_factor')} | {'open_loop_control': True}


@pytest.mark.parametrize(('values', 'variant'), [
    (GOOD, 'absolute'), (HUMBLE, 'absolute'),
    (GOOD | {'allow_trajectory_replacement': False}, 'absolute'),
    (GOOD | {'allow_trajectory_replacement': True}, 'splice'),
])
def test_auto_chooses_by_whether_the_controller_replaces_trajectories(values, variant):
    judgement = judge(values, JOINTS, AUTO)
    assert judgement.variant == variant
    assert judgement.faults == ()


@pytest.mark.parametrize('values', [GOOD, HUMBLE, GOOD | {'allow_trajectory_replacement': False}])
def test_there_is_nothing_to_say_against_good_settings(values):
    assert judge(values, JOINTS, AUTO) == Judgement('absolute')


@pytest.mark.parametrize(('change', 'words'), [
    ({'joints': ['a']}, ('refuses every window', 'differ in b')),
    ({'interpolation_method': 'none'}, ('interpolation_method to splines',)),
    ({'allow_trajectory_replacement': True}, ('late', 'allow_trajectory_replacement to false')),
])
def test_what_cannot_work_is_a_fault(change, words):
    (fault,) = judge(GOOD | change, JOINTS, 'absolute').faults
    assert all(word in fault for word in words)


@pytest.mark.parametrize(('change', 'cure'), [
    ({'interpolate_from_desired_state': False}, 'interpolate_from_desired_state (Humble: open_loop_control) to true'),
    ({'allow_nonzero_velocity_at_trajectory_end': True}, 'allow_nonzero_velocity_at_trajectory_end to false'),
    ({'allow_partial_joints_goal': True}, 'allow_partial_joints_goal to false'),
    ({'cmd_timeout': 0.5}, 'cmd_timeout to 0.0'),
    ({'constraints.goal_time': 0.5}, 'constraints.goal_time to 0.0'),
    ({'constraints.decelerate_on_cancel': False}, 'constraints.decelerate_on_cancel to true'),
    ({'speed_scaling.initial_scaling_factor': 0.5}, 'speed_scaling.initial_scaling_factor to 1.0'),
    ({'constraints.b.trajectory': 0.0}, 'when b cannot follow: set its constraints.<joint>.trajectory'),
    ({'allow_trajectory_replacement': True}, 'allow_trajectory_replacement to false'),
])
def test_what_could_be_better_is_advice_with_its_cure(change, cure):
    judgement = judge(GOOD | change, JOINTS, AUTO)
    assert judgement.faults == ()
    (advice,) = judgement.advice
    assert cure in advice


@pytest.mark.parametrize(('choice', 'variant'), [(AUTO, 'absolute'), ('absolute', 'absolute'), ('splice', 'splice')])
def test_a_silent_controller_is_said_to_be_unknown(choice, variant):
    judgement = judge(None, JOINTS, choice)
    assert judgement.variant == variant
    assert 'does not tell its parameters' in judgement.advice[0]


def test_splices_are_sent_to_whom_they_are_asked_for():
    assert judge(GOOD, JOINTS, 'splice') == Judgement('splice')


def test_another_choice_is_refused_with_those_there_are():
    with pytest.raises(ConfigError, match='blend.*absolute, auto, splice'):
        judge(GOOD, JOINTS, 'blend')


def test_all_that_is_judged_is_asked_for():
    assert set(GOOD) | set(HUMBLE) | {'allow_trajectory_replacement'} == set(parameter_names(JOINTS))
    assert CHOICES == ('auto', 'absolute', 'splice')


def flat(tree, prefix=''):
    """Parameters as a controller has them, `constraints.a.trajectory`, of their YAML."""
    found = {}
    for name, value in tree.items():
        found |= flat(value, f'{prefix}{name}.') if isinstance(value, dict) else {f'{prefix}{name}': value}
    return found


@pytest.mark.parametrize('robot', ['astribot_s1_ros2_control'])
def test_the_settings_that_the_suite_ships_are_good(robot):
    outputs = [o for o in embodiment.load(robot).outputs if o.kind == 'joint_trajectory']
    assert outputs
    settings = yaml.safe_load((share() / 'config/controllers/astribot_s1.yaml').read_text())
    for output in outputs:
        values = flat(settings[output.topic.partition('/')[0]]['ros__parameters'])
        assert judge(values, output.joints, AUTO) == Judgement('absolute')
