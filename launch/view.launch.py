"""Chunks, fused motion and pictures in rviz, beside a running suite: `ros2 launch vla_async view.launch.py`.

The robot itself is shown where a robot_state_publisher runs, as it does on most robots.
"""
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

from vla_async.graph import VIEW
from vla_async.resources import share
from vla_async.security.policy import enclave

ARGUMENTS = {
    'robot': ('astribot_s1', 'name from config/robots/ or the path of a robot file'),
    'namespace': ('', 'namespace of all nodes and topics'),
    'rviz_config': (str(share() / 'config/rviz/vla_async.rviz'), 'what rviz shows'),
}


def generate_launch_description():
    """The marker node and rviz."""
    declared = [DeclareLaunchArgument(name, default_value=default, description=text)
                for name, (default, text) in ARGUMENTS.items()]
    security = IncludeLaunchDescription(PythonLaunchDescriptionSource(str(share() / 'launch/security.launch.py')))
    markers = [Node(
        package='vla_async', executable=spec.executable, name=spec.name, namespace=LaunchConfiguration('namespace'),
        parameters=[{'robot': LaunchConfiguration('robot')}], arguments=['--ros-args', '--enclave', enclave(spec.name)],
        output='screen') for spec in VIEW]
    rviz = Node(package='rviz2', executable='rviz2', name='rviz', namespace=LaunchConfiguration('namespace'),
                arguments=['-d', LaunchConfiguration('rviz_config'), '--ros-args', '--enclave', enclave('rviz')],
                output='log')
    return LaunchDescription([*declared, security, *markers, rviz])
