"""The suite with the simulated robot: `ros2 launch vla_async sim.launch.py checkpoint:=<folder>`.

Give it work with `ros2 action send_goal /run_task vla_async_msgs/action/RunTask "{instruction: touch the red cube}"`.
With `record:=true` everything is recorded, as on a real robot.
"""
import os

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

from vla_async.graph import SIMULATION
from vla_async.launcher.transport import transport
from vla_async.resources import share
from vla_async.security.policy import enclave

ARGUMENTS = {
    'robot': ('astribot_s1', 'name from config/robots/ or the path of a robot file'),
    'task': ('touch', 'family of scenes'),
    'seed': ('0', 'seed of the first scene'),
    'namespace': ('', 'namespace of all nodes and topics'),
    'params_file': (str(share() / 'config/vla_async.yaml'), 'parameters of all nodes'),
}


def generate_launch_description():
    """The simulator, and everything that bringup.launch.py starts, with its arguments."""
    declared = [DeclareLaunchArgument(name, default_value=default, description=text)
                for name, (default, text) in ARGUMENTS.items()]
    bringup = IncludeLaunchDescription(PythonLaunchDescriptionSource(str(share() / 'launch/bringup.launch.py')))
    # the bringup first: it sets the environment of security, which the simulator needs, too
    return LaunchDescription([*declared, bringup, *map(simulator, SIMULATION)])


def simulator(spec):
    """The simulated robot."""
    return Node(
        package='vla_async', executable=spec.executable, name=spec.name, namespace=LaunchConfiguration('namespace'),
        parameters=[LaunchConfiguration('params_file'),
                    {name: LaunchConfiguration(name) for name in ('robot', 'task', 'seed')}],
        arguments=['--ros-args', '--enclave', enclave(spec.name)],
        additional_env=transport(os.environ, pictures=spec.pictures), output='screen')
