"""The one table of rights: the topics, services and actions of each node. Whatever is not in it is denied.

Names as in the nodes' code: relative to the namespace, `~` for the node's own, absolute with a leading slash.
"""
from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields

from vla_async.embodiment import Embodiment, TrajectoryOutput
from vla_async.errors import ConfigError
from vla_async.graph import ALL, PIPELINE

OPERATOR = 'operator'  # people and task planners
VIEWER = 'viewer'  # `vla-async view`
STOP_STATION = 'stop_station'  # a stop button or safety controller that speaks ROS
BRIDGE_SERVICES = ('stop', 'hold', 'release')
TOPIC = re.compile(r'/?[A-Za-z_]\w*(/[A-Za-z_]\w*)*', re.ASCII)
SPECTATOR = 'camera/spectator/image_raw'
TRANSFORMS = ('/tf', '/tf_static')
MOTION = ('action_chunk', 'trajectory', 'latent', 'system_status')  # what displays show of the suite


@dataclass(frozen=True, slots=True)
class Rights:
    """Names by what may be done with them; a field is a rule of SROS2."""

    publish: tuple[str, ...] = ()  # topics
    subscribe: tuple[str, ...] = ()
    reply: tuple[str, ...] = ()  # services
    request: tuple[str, ...] = ()
    execute: tuple[str, ...] = ()  # actions
    call: tuple[str, ...] = ()

    def __add__(self, other: Rights) -> Rights:
        return Rights(**{f.name: (*getattr(self, f.name), *getattr(other, f.name)) for f in fields(self)})


# what every node of a client library has: log, parameters, and time where `use_sim_time` asks for it
NODE = Rights(
    publish=('/rosout', '/parameter_events'), subscribe=('/clock',),
    reply=tuple(f'~/{name}' for name in (
        'describe_parameters', 'get_parameter_types', 'get_parameters', 'get_type_description', 'list_parameters',
        'set_parameters', 'set_parameters_atomically')))
LIFECYCLE = Rights(
    publish=('~/transition_event',),
    reply=tuple(f'~/{name}' for name in ('change_state', 'get_available_states', 'get_available_transitions',
                                         'get_state', 'get_transition_graph')))
HEALTH = Rights(publish=('/diagnostics',))


def rights(robot: Embodiment) -> Mapping[str, Rights]:
    """All rights by node, in the order of the table of nodes; last those who are no process of the suite."""
    special = _special(robot)
    table = {spec.name: special[spec.name] + HEALTH + NODE + (LIFECYCLE if spec.lifecycle else Rights())
             for spec in ALL}
    return {**table, OPERATOR: _operator() + NODE, STOP_STATION: Rights(publish=('stop_signal',)) + NODE,
            VIEWER: Rights(subscribe=(*MOTION, 'joint_states', *_cameras(robot))) + NODE}


def _special(robot: Embodiment) -> dict[str, Rights]:
    """What a node has beyond what all have."""
    cameras = _cameras(robot)
    controllers = tuple(_plain(robot, output.topic) for output in robot.outputs)
    streams = tuple(_plain(robot, output.topic) for output in robot.outputs if isinstance(output, TrajectoryOutput))
    arrows = ('task', 'latent_update', 'latent', 'action_chunk', 'trajectory', 'fusion_status', 'joint_set_point',
              'reserve_set_point', 'joint_states', 'stop_signal', 'system_status', 'simulation_status', '/diagnostics')
    return {
        'vlm_reasoner': Rights(publish=('latent_update',), subscribe=('task', 'joint_states', *cameras)),
        'latent_buffer': Rights(publish=('latent',), subscribe=('task', 'latent_update')),
        'action_generator': Rights(publish=('action_chunk',), subscribe=('task', 'latent', 'joint_states', *cameras)),
        'chunk_fuser': Rights(
            publish=('trajectory', 'fusion_status'), reply=('~/reset',),
            subscribe=('task', 'action_chunk', 'joint_set_point', 'joint_states')),
        'hardware_bridge': Rights(
            publish=(*controllers, 'joint_set_point', 'reserve_set_point'),  # its reserve is in the same enclave
            subscribe=('trajectory', 'joint_states', 'joint_set_point', 'reserve_set_point', 'stop_signal',
                       *_trajectory_controllers(robot, 'controller_state'), *streams),
            reply=tuple(f'~/{name}' for name in BRIDGE_SERVICES),
            request=_trajectory_controllers(robot, 'get_parameters', 'list_parameters')),
        'lifecycle_manager': Rights(
            publish=('system_status',), subscribe=('/diagnostics',),
            request=tuple(f'{spec.name}/{name}' for spec in PIPELINE for name in ('get_state', 'change_state'))),
        'task_server': Rights(
            publish=('task',), execute=('run_task',),
            subscribe=('latent', 'action_chunk', 'joint_set_point', 'simulation_status')),
        'robot_simulator': Rights(
            publish=('joint_states', 'simulation_status', 'robot_description', *cameras, SPECTATOR),
            subscribe=controllers,
            reply=('~/reset',)),
        'recorder': Rights(subscribe=(*arrows, *cameras, SPECTATOR, *controllers, 'robot_description', *TRANSFORMS)),
        'motion_markers': Rights(publish=('motion_markers', 'ghost/joint_states'), subscribe=(*MOTION, 'joint_states')),
    }


def _cameras(robot: Embodiment) -> tuple[str, ...]:
    return tuple(_plain(robot, camera.topic) for camera in robot.cameras)


def _trajectory_controllers(robot: Embodiment, *names: str) -> tuple[str, ...]:
    """What trajectory controllers have under these names. They tell the bridge their state, and their parameters, which
    it may not set.
    """
    controllers = [output.controller for output in robot.outputs if isinstance(output, TrajectoryOutput)]
    return tuple(f'{controller}/{name}' for controller in controllers for name in names)


def _operator() -> Rights:
    """Gives work, stops and releases, and looks at how things are; neither commands nor configures."""
    return Rights(
        subscribe=('/diagnostics', '/rosout', 'fusion_status', 'joint_set_point', 'system_status'), call=('run_task',),
        request=(*(f'hardware_bridge/{name}' for name in BRIDGE_SERVICES), 'chunk_fuser/reset'),
        reply=('/_ros2cli_*/get_type_description',))  # the commands of ros2cli are nodes, named after their process


def _plain(robot: Embodiment, topic: str) -> str:
    """A topic of the robot file, which must be a plain name: permissions read `*` and `?` as patterns."""
    if not TOPIC.fullmatch(topic):
        raise ConfigError(f'robot {robot.name}: {topic!r} is no name of a topic')
    return topic
