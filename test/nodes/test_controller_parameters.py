"""The bridge learns a controller's parameters through its services, whichever of them its version has."""
import pytest
from rcl_interfaces.srv import GetParameters, ListParameters
from rclpy.node import Node

from vla_async.bridge.outputs.controller_settings import AUTO, judge, parameter_names
from vla_async.nodes.controller_parameters import ControllerParameters, controller_of

JOINTS = ('a', 'b')
JAZZY = {'joints': ['a', 'b'], 'interpolate_from_desired_state': True, 'constraints.goal_time': 0.5, 'unrelated': 7}
MASTER = JAZZY | {'allow_trajectory_replacement': True}


class StandIn(Node):
    """Has these parameters; told of a name that it does not know it tells nothing, as a node of rclcpp does."""

    def __init__(self, graph, parameters, dumb=False):
        super().__init__('arm_controller', context=graph.context, start_parameter_services=False)
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
