"""All nodes of the suite on a real robot: `ros2 launch vla_async bringup.launch.py checkpoint:=<folder>`.

Cameras, joint states and controllers are the robot's own; their topics are named in config/robots/<robot>.yaml.
With `record:=true` every topic goes into a bag as well, in the folder `record_folder`.

A reserve stands by for every node but the recorder: that of the bridge brakes the robot when the bridge dies. Those of
the two nodes with a model hold it in memory a second time, unless it is on a GPU; `model_reserves:=false` does without.
With `computer:=policy` on one computer and `computer:=robot` on another each runs its share of the nodes.
"""
import os
import time

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription
from launch.conditions import IfCondition
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration, NotEqualsSubstitution
from launch_ros.actions import Node

from vla_async.graph import PIPELINE, RECORDING, SUPERVISION
from vla_async.launcher.transport import transport
from vla_async.resources import share
from vla_async.security.policy import enclave

KEEPER, PATIENCE_S = 'keep', '12'  # PATIENCE_S: in which a robot comes to rest, and its node ends
WITH_MODEL = ('vlm_reasoner', 'action_generator')
ARGUMENTS = {
    'robot': ('astribot_s1', 'name from config/robots/ or the path of a robot file'),
    'checkpoint': ('', 'policy folder'),
    'namespace': ('', 'namespace of all nodes and topics'),
    'params_file': (str(share() / 'config/vla_async.yaml'), 'parameters of all nodes'),
    'use_sim_time': ('false', 'follow /clock, as when a bag is played'),
    'log_level': ('info', 'debug, info, warn or error'),
    'model_reserves': ('true', 'reserves also for the nodes with a model, which take its memory a second time'),
    'computer': ('all', 'which nodes run here: all, those of the policy, or those of the robot'),
    'record': ('false', 'every topic into a bag'),
    'record_folder': (f'runs/{time.strftime("%Y-%m-%d_%H-%M-%S")}/bag', 'folder of that bag; it must not hold one yet'),
}

CHOICES = {'computer': ['all', 'policy', 'robot']}


def generate_launch_description():
    """A reserve takes the place of a node that dies; lifecycle_manager brings it up again."""
    declared = [DeclareLaunchArgument(name, default_value=default, description=text, choices=CHOICES.get(name))
                for name, (default, text) in ARGUMENTS.items()]
    security = IncludeLaunchDescription(PythonLaunchDescriptionSource(str(share() / 'launch/security.launch.py')))
    # the recorder first: it shall miss nothing
    return LaunchDescription([*declared, security, *map(recorder, RECORDING), *map(node, (*PIPELINE, *SUPERVISION))])


def recorder(spec):
    """Action for the recorder, which is not started again: its folder would hold a bag already."""
    told = {name: LaunchConfiguration(name) for name in ('robot', 'checkpoint', 'use_sim_time')}
    return Node(
        package='vla_async', executable=spec.executable, name=spec.name, namespace=LaunchConfiguration('namespace'),
        parameters=[LaunchConfiguration('params_file'), {**told, 'folder': LaunchConfiguration('record_folder')}],
        arguments=['--ros-args', '--log-level', LaunchConfiguration('log_level'), '--enclave', enclave(spec.name)],
        output='screen', additional_env=transport(os.environ, pictures=spec.pictures),
        condition=IfCondition(LaunchConfiguration('record')))


def node(spec):
    """Action for one line of the table of nodes."""
    told = {name: LaunchConfiguration(name) for name in ('robot', 'use_sim_time')}
    reserve = 'true'
    if spec.name in WITH_MODEL:
        told['checkpoint'], reserve = LaunchConfiguration('checkpoint'), LaunchConfiguration('model_reserves')
    return Node(
        package='vla_async', executable=KEEPER, exec_name=spec.name, name=spec.name,
        # name and namespace both: otherwise launch_ros writes the dict below `/**` and the file's section wins
        namespace=LaunchConfiguration('namespace'),
        parameters=[LaunchConfiguration('params_file'), told],
        arguments=[spec.name, '--reserve', reserve, '--ros-args', '--log-level', LaunchConfiguration('log_level'),
                   '--enclave', enclave(spec.name)],
        output='screen', additional_env=transport(os.environ, pictures=spec.pictures),
        respawn=True, respawn_delay=0.2, sigterm_timeout=PATIENCE_S,
        condition=IfCondition(NotEqualsSubstitution(LaunchConfiguration('computer'),
                                                    'robot' if spec.policy else 'policy')))
