"""The bridge learns a controller's parameters through its services, whichever of them its version has."""
import time

import numpy as np
import pytest
from rcl_interfaces.srv import GetParameters, ListParameters
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.node import Node

from vla_async import embodiment
from vla_async.bridge.outputs.controller_settings import AUTO, judge, parameter_names
from vla_async.nodes import topics
from vla_async.nodes.controller_parameters import ControllerParameters, controller_of
from vla_async.nodes.conversions import joint_state_message
from vla_async.nodes.hardware_bridge import HardwareBridgeNode

JOINTS = ('a', 'b')
JAZZY = {'joints': ['a', 'b'], 'interpolate_from_desired_state': True, 'constraints.goal_time': 0.5, 'unrelated': 7}
MASTER = JAZZY | {'allow_trajectory_replacement': True}
STREAMED = embodiment.load('so101_ros2_control')
ARM = STREAMED.outputs[0]


class StandIn(Node):
    """Has these parameters; told of a name that it does not know it tells nothing, as a node of rclcpp does."""

    def __init__(self, graph, parameters, dumb=False, name='arm_controller'):
        super().__init__(name, context=graph.context, start_parameter_services=False)
        for name, value in parameters.items():
            self.declare_parameter(name, value)
        self.asked = 0
        self._dumb = dumb
        self.create_service(ListParameters, '~/list_parameters', self._list)
        self.create_service(GetParameters, '~/get_parameters', self._get)

    def _list(self, _request, response):
        response.result.names = list(self._parameters)
        return response

    def _get(self, request, response):
        self.asked += 1
        if not self._dumb and all(self.has_parameter(name) for name in request.names):
            response.values = [p.get_parameter_value() for p in self.get_parameters(request.names)]
        return response


def ask(graph, parameters):
    graph.add(StandIn(graph, parameters))
    asking = ControllerParameters(graph.probe, '/arm_controller', parameter_names(JOINTS))
    graph.until(lambda: asking.ask() or asking.values is not None, 'an answer')
    return asking.values


@pytest.mark.parametrize(('parameters', 'variant'), [(JAZZY, 'absolute'), (MASTER, 'splice')])
def test_the_variant_follows_from_what_the_controller_says(graph, parameters, variant):
    values = ask(graph, parameters)
    assert values == {name: value for name, value in parameters.items() if name != 'unrelated'}
    judgement = judge(values, JOINTS, AUTO)
    assert judgement.variant == variant
    assert any('constraints.goal_time to 0.0' in advice for advice in judgement.advice)


def test_a_node_of_rclpy_answers_too(graph):
    controller = graph.add(Node('arm_controller', context=graph.context))
    controller.declare_parameter('allow_trajectory_replacement', True)
    asking = ControllerParameters(graph.probe, '/arm_controller', parameter_names(JOINTS))
    graph.until(lambda: asking.ask() or asking.values is not None, 'an answer')
    assert asking.values == {'allow_trajectory_replacement': True}


def test_a_controller_that_is_not_there_stays_unknown_until_it_comes(graph):
    asking = ControllerParameters(graph.probe, '/arm_controller', parameter_names(JOINTS))
    asking.ask()
    graph.during(0.2)
    assert asking.values is None
    graph.add(StandIn(graph, JAZZY))
    graph.until(lambda: asking.ask() or asking.values is not None, 'an answer')


def test_an_answer_without_values_is_none(graph):
    controller = graph.add(StandIn(graph, JAZZY, dumb=True))
    asking = ControllerParameters(graph.probe, '/arm_controller', parameter_names(JOINTS))
    graph.until(lambda: asking.ask() or controller.asked > 1, 'questions')
    assert asking.values is None
    asking.destroy()


def test_the_controller_is_the_node_whose_topic_it_is():
    assert controller_of('/robot/arm_controller/joint_trajectory') == '/robot/arm_controller'


# -- in the bridge -------------------------------------------------------------------------------------------------

@pytest.fixture
def start_bridge(graph):
    """A configured bridge of an arm whose controller has these parameters, too."""
    def start(parameters, **values):
        graph.add(StandIn(graph, {'joints': list(ARM.joints), 'interpolate_from_desired_state': True, **parameters},
                          name=controller_of(ARM.topic)))
        say, home = topics.JOINT_STATES.advertise(graph.probe), STREAMED.array('home')
        graph.probe.create_timer(0.02, lambda: say.publish(joint_state_message(
            time.time_ns(), STREAMED.joint_names, home, np.zeros(STREAMED.dof))))
        bridge = graph.start(HardwareBridgeNode, robot='so101_ros2_control', **values)
        assert bridge.trigger_configure() == TransitionCallbackReturn.SUCCESS, bridge.problems
        return bridge
    return start


@pytest.mark.parametrize(('parameters', 'values', 'variant'), [
    ({}, {}, 'absolute'), ({'allow_trajectory_replacement': True}, {}, 'splice'),
    ({'allow_trajectory_replacement': False}, {}, 'absolute'), ({}, {'trajectory_replacement': 'splice'}, 'splice')])
def test_windows_are_of_the_variant_that_the_controller_needs_or_that_the_parameter_names(
        graph, start_bridge, parameters, values, variant):
    bridge, windows = start_bridge(parameters, **values), graph.hear(topics.controller(ARM))
    graph.until(lambda: bridge.trigger_activate() == TransitionCallbackReturn.SUCCESS, 'activation')
    graph.until(lambda: windows, 'windows')
    first = windows[-1].points[0].time_from_start
    assert first.sec * 10**9 + first.nanosec < 0 if variant == 'splice' else (first.sec, first.nanosec) == (0, 0)


@pytest.mark.parametrize(('parameters', 'values', 'says'), [
    ({'interpolation_method': 'none'}, {}, 'interpolation_method'),
    ({'allow_trajectory_replacement': True}, {'trajectory_replacement': 'absolute'}, 'allow_trajectory_replacement')])
def test_a_controller_that_would_move_the_robot_wrongly_is_left_alone(graph, start_bridge, parameters, values, says):
    bridge, windows = start_bridge(parameters, **values), graph.hear(topics.controller(ARM))
    graph.until_diagnosed('hardware_bridge', f'controller {ARM.name}', says)
    assert bridge.trigger_activate() != TransitionCallbackReturn.SUCCESS
    graph.during(0.3)
    assert not windows
