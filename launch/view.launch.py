"""Chunks, fused motion, ghost and pictures in rviz, beside a running suite: `ros2 launch vla_async view.launch.py`.

The ghost is the robot where its fused motion ends, pale by a description of its own. The robot itself is shown where a
robot_state_publisher runs, as it does on most robots; `robot_state_publisher:=true` starts one.
"""
import os

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription, OpaqueFunction
from launch.conditions import IfCondition
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

from vla_async.embodiment import load
from vla_async.graph import VIEW
from vla_async.launcher.transport import transport
from vla_async.resources import share
from vla_async.security.policy import enclave
from vla_async.urdf import expand
from vla_async.viz.forward_kinematics import ForwardKinematics
from vla_async.viz.ghost import ghost_description

ARGUMENTS = {
    'robot': ('astribot_s1', 'name from config/robots/ or the path of a robot file'),
    'namespace': ('', 'namespace of all nodes and topics'),
    'params_file': (str(share() / 'config/vla_async.yaml'), 'parameters of the marker node'),
    'use_sim_time': ('false', 'follow /clock, as when a bag is played'),
    'rviz_config': ('', 'what rviz shows; by default the file in config/ that is made for the robot'),
    'robot_state_publisher': ('false', "whether to start one for the robot's own joint_states"),
}
NAMESPACE, SIM_TIME = LaunchConfiguration('namespace'), {'use_sim_time': LaunchConfiguration('use_sim_time')}
GHOST = 'ghost'


def generate_launch_description():
    """The marker node, the ghost's frames, and rviz."""
    declared = [DeclareLaunchArgument(name, default_value=default, description=text)
                for name, (default, text) in ARGUMENTS.items()]
    security = IncludeLaunchDescription(PythonLaunchDescriptionSource(str(share() / 'launch/security.launch.py')))
    return LaunchDescription([*declared, security, *map(markers, VIEW), OpaqueFunction(function=robot_and_rviz)])


def markers(spec):
    """A node of the table."""
    return Node(
        package='vla_async', executable=spec.executable, name=spec.name, namespace=NAMESPACE,
        parameters=[LaunchConfiguration('params_file'), {'robot': LaunchConfiguration('robot'), **SIM_TIME}],
        arguments=['--ros-args', '--enclave', enclave(spec.name)],
        additional_env=transport(os.environ, pictures=spec.pictures), output='screen')


def robot_and_rviz(context):
    """What depends on which robot it is."""
    robot = load(LaunchConfiguration('robot').perform(context))
    urdf = expand(robot)
    root = ForwardKinematics(robot, urdf).root
    return [
        other('robot_state_publisher', 'robot_state_publisher', 'robot_state_publisher', NAMESPACE, [],
              [description(urdf), SIM_TIME], IfCondition(LaunchConfiguration('robot_state_publisher'))),
        other('robot_state_publisher', 'robot_state_publisher', 'ghost_state_publisher', [NAMESPACE, f'/{GHOST}'], [],
              [description(ghost_description(robot)), {'frame_prefix': f'{GHOST}/'}, SIM_TIME]),
        other('tf2_ros', 'static_transform_publisher', 'ghost_place', NAMESPACE,
              ['--frame-id', root, '--child-frame-id', f'{GHOST}/{root}'], [SIM_TIME]),
        other('rviz2', 'rviz2', 'rviz', NAMESPACE, ['-d', rviz_config(robot, context), '-f', root], [SIM_TIME])]


def rviz_config(robot, context):
    """Path of the file that was asked for or is the robot's; one with other cameras is shown without these."""
    own, usual = (share() / f'config/{name}.rviz' for name in (robot.name, 'vla_async'))
    return LaunchConfiguration('rviz_config').perform(context) or str(own if own.is_file() else usual)


def description(urdf):
    """A parameter for a robot_state_publisher."""
    return {'robot_description': ParameterValue(urdf.toxml(), value_type=str)}


def other(package, executable, name, namespace, arguments, parameters, condition=None):
    """A process of the ROS distribution."""
    return Node(package=package, executable=executable, name=name, namespace=namespace, parameters=parameters,
                arguments=[*arguments, '--ros-args', '--enclave', enclave(name)], output='log', condition=condition)
