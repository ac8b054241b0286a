"""config/controllers/: what ros2_control is told agrees with what the bridge sends, and can be streamed to."""
import pytest
import yaml

from vla_async import embodiment
from vla_async.resources import share

FOLDER = share() / 'config/controllers'
NAMES = sorted(path.stem for path in FOLDER.glob('*.yaml'))
TYPES = {
    'forward_position': ('forward_command_controller/ForwardCommandController', 'commands'),
    'gripper': ('forward_command_controller/ForwardCommandController', 'commands'),
    'joint_trajectory': ('joint_trajectory_controller/JointTrajectoryController', 'joint_trajectory'),
    'twist': ('omni_wheel_drive_controller/OmniWheelDriveController', 'cmd_vel'),
}  # kind of output -> type of controller, and the last part of its topic
STREAMED = {'interpolate_from_desired_state': True, 'allow_trajectory_replacement': False, 'cmd_timeout': 0.0,
            'allow_partial_joints_goal': False, 'allow_nonzero_velocity_at_trajectory_end': False}


def settings(name):
    return yaml.safe_load((FOLDER / f'{name}.yaml').read_text())


def parameters(name, controller):
    return settings(name)[controller]['ros__parameters']


def outputs(name, kind=None):
    """(robot, output) of the robot's files: as it is, and behind stock controllers."""
    robots = [embodiment.load(name), embodiment.load(f'{name}_ros2_control')]
    return [(robot, output) for robot in robots for output in robot.outputs if kind in (None, output.kind)]


def test_every_simulated_robot_has_settings():
    assert sorted({embodiment.load(name).name for name in embodiment.available()}) == NAMES


@pytest.mark.parametrize('name', NAMES)
def test_each_output_has_a_controller_of_its_kind_on_its_topic(name):
    known = settings(name)['controller_manager']['ros__parameters']
    for _, output in outputs(name):
        kind, last = TYPES[output.kind]
        assert known[output.name] == {'type': kind}
        assert output.topic == f'{output.name}/{last}'
    controllers = {key for key, value in known.items() if isinstance(value, dict)}
    assert controllers == {output.name for _, output in outputs(name)} | {'joint_state_broadcaster'}
    assert set(settings(name)) == controllers | {'controller_manager'}
    assert known['enforce_command_limits'] is True


@pytest.mark.parametrize('name', NAMES)
def test_joints_are_those_of_the_outputs_in_their_order(name):
    for _, output in outputs(name):
        if output.kind != 'twist':  # a base has wheels instead
            assert tuple(parameters(name, output.name)['joints']) == output.joints


@pytest.mark.parametrize('name', NAMES)
def test_trajectory_controllers_are_set_for_streaming_and_brake_as_the_robot_file_says(name):
    assert outputs(name, 'joint_trajectory')
    for robot, output in outputs(name, 'joint_trajectory'):
        told = parameters(name, output.name)
        assert told | STREAMED == told
        assert told['command_interfaces'] == ['position']
        assert 'velocity' in told['state_interfaces']  # or decelerate_on_cancel cannot
        constraints = told['constraints']
        assert constraints['goal_time'] == 0.0 and constraints['decelerate_on_cancel'] is True
        for joint in output.joints:
            limit = robot.joints[robot.joint_names.index(joint)].acceleration
            assert constraints[joint] == {'trajectory': 0.2, 'goal': 0.0, 'max_deceleration_on_cancel': limit}


@pytest.mark.parametrize('name', NAMES)
def test_controllers_run_at_least_as_often_as_the_bridge_commands(name):
    rates = embodiment.load(name).rates
    assert settings(name)['controller_manager']['ros__parameters']['update_rate'] >= rates.command_hz


@pytest.mark.parametrize('name', NAMES)
def test_joint_states_come_as_often_as_the_robot_file_says(name):
    assert parameters(name, 'joint_state_broadcaster')['update_rate'] == embodiment.load(name).rates.joint_state_hz


def test_a_base_stops_when_commands_cease():
    for _, output in outputs('astribot_s1', 'twist'):
        assert parameters('astribot_s1', output.name)['cmd_vel_timeout'] == 0.5
