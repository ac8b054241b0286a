"""The pipeline beside a bag that is being played: `ros2 launch vla_async replay.launch.py checkpoint:=<folder>`.

Then, in another terminal, the bag's inputs and its time, for robot astribot_s1:
`ros2 bag play <bag> --clock 1000 --topics /task /joint_states /camera/head/image_raw /camera/left_wrist/image_raw ...`

All nodes follow /clock. What the bridge would tell the controllers goes to `replayed/<topic>`, so that a robot on the
same network does not move. docs/recording.md tells more.
"""
import os

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription, OpaqueFunction
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

from vla_async.embodiment import load
from vla_async.graph import PIPELINE, SUPERVISION
from vla_async.launcher.transport import transport
from vla_async.resources import share
from vla_async.security.policy import enclave

ARGUMENTS = {
    'robot': ('astribot_s1', 'name from config/robots/ or the path of a robot file'),
    'checkpoint': ('', 'policy folder'),
    'namespace': ('', 'namespace of all nodes and topics'),
    'params_file': (str(share() / 'config/vla_async.yaml'), 'parameters of all nodes'),
    'log_level': ('info', 'debug, info, warn or error'),
}
NODES = (*PIPELINE, *(spec for spec in SUPERVISION if spec.name == 'lifecycle_manager'))  # tasks come from the bag


def generate_launch_description():
    """The nodes that think and move, but nothing that gives them work."""
    declared = [DeclareLaunchArgument(name, default_value=default, description=text)
                for name, (default, text) in ARGUMENTS.items()]
    security = IncludeLaunchDescription(PythonLaunchDescriptionSource(str(share() / 'launch/security.launch.py')))
    return LaunchDescription([*declared, security, OpaqueFunction(function=nodes)])


def nodes(context):
    """Actions for the nodes, once it is known which robot's controllers are to be spared."""
    robot = load(LaunchConfiguration('robot').perform(context))
    aside = [(output.topic, f'replayed/{output.topic.lstrip("/")}') for output in robot.outputs]
    return [node(spec, aside) for spec in NODES]


def node(spec, aside):
    """Action for one line of the table of nodes; `aside`: what each topic of a controller is called instead."""
    told = {'robot': LaunchConfiguration('robot'), 'use_sim_time': True}
    if spec.name in ('vlm_reasoner', 'action_generator'):
        told['checkpoint'] = LaunchConfiguration('checkpoint')
    return Node(
        package='vla_async', executable=spec.executable, name=spec.name,
        # name and namespace both: otherwise launch_ros writes the dict below `/**` and the file's section wins
        namespace=LaunchConfiguration('namespace'), remappings=aside,
        parameters=[LaunchConfiguration('params_file'), told],
        arguments=['--ros-args', '--log-level', LaunchConfiguration('log_level'), '--enclave', enclave(spec.name)],
        output='screen', additional_env=transport(os.environ, pictures=spec.pictures), respawn=True, respawn_delay=0.2)
