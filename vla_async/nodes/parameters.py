"""Node parameters as frozen dataclasses: each field carries description, unit and range, and is declared from them.

    @dataclass(frozen=True)
    class Parameters(RobotParameters):
        rate_hz: float = parameter(2.0, 'passes a second at most [Hz]', low=0.01, high=100.0)

    parameters.declare(node, Parameters)             # in the constructor
    values = parameters.read(node, Parameters)       # when configured
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import Field, dataclass, field, fields
from itertools import pairwise
from typing import Any, TypeVar

import yaml
from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
from rclpy.exceptions import InvalidParameterTypeException, InvalidParameterValueException
from rclpy.node import Node
from rclpy.parameter import parameter_dict_from_yaml_file, parameter_value_to_python

from vla_async.errors import ConfigError
from vla_async.nodes.arguments import full_name

SINGLE = ('-p', '--param')
P = TypeVar('P')


def parameter(default: Any, description: str, *, low: float | None = None, high: float | None = None) -> Any:
    """A dataclass field that is a node parameter; `low` and `high` bound a number, both or none."""
    return field(default=default, metadata={'description': description, 'low': low, 'high': high})


@dataclass(frozen=True)
class RobotParameters:
    """What every node is told."""

    robot: str = parameter('astribot_s1', 'robot: a name from config/robots/ or the path of such a file')


@dataclass(frozen=True)
class SceneParameters(RobotParameters):
    """What stands in a simulation."""

    task: str = parameter('touch', 'family of scenes: a name from vla_async/sim/tasks/')


@dataclass(frozen=True)
class PolicyParameters(RobotParameters):
    """What the nodes that run a model are told."""

    checkpoint: str = parameter('', 'checkpoint folder of the policy')
    device: str = parameter('cpu', 'where the model runs: cpu, cuda or cuda:<number>')
    seed: int = parameter(0, 'seed of everything random', low=0, high=2**31 - 1)


def declare(node: Node, parameters: type) -> None:
    """Declare every field on the node; raises ConfigError that names node and parameter."""
    for entry in fields(parameters):
        try:
            node.declare_parameter(entry.name, entry.default, _descriptor(entry))
        except (InvalidParameterTypeException, InvalidParameterValueException) as error:
            raise ConfigError(f'parameter {entry.name} of {node.get_name()}: {error}') from error


def read(node: Node, parameters: type[P]) -> P:
    """The node's present values."""
    return parameters(**{f.name: node.get_parameter(f.name).value for f in fields(parameters)})  # type: ignore[arg-type]


def foretold(arguments: Sequence[str], parameters: type[P]) -> P:
    """What a process' arguments, and parameter files among them, say before there is a node to ask; else the defaults.

    Raises ConfigError for files that cannot be read.
    """
    name = full_name(arguments)
    told: dict[str, Any] = {}
    for word, what in pairwise(arguments):
        if word == '--params-file':
            told |= _in_file(what, name)
        elif word in SINGLE:
            key, _, value = what.partition(':=')
            told[key] = yaml.safe_load(value)
    known = {entry.name for entry in fields(parameters)}  # type: ignore[arg-type]
    return parameters(**{key: value for key, value in told.items() if key in known})


def _in_file(file: str, name: str) -> dict[str, Any]:
    """Parameters in a file for the node of this full name; none where it says nothing of that."""
    try:
        told = parameter_dict_from_yaml_file(file, True, [name])
    except RuntimeError:
        return {}
    except (OSError, yaml.YAMLError, AttributeError, KeyError, TypeError) as error:
        raise ConfigError(f'parameter file: {error}') from error
    return {key: parameter_value_to_python(parameter.value) for key, parameter in told.items()}


def _descriptor(entry: Field[Any]) -> ParameterDescriptor:
    descriptor = ParameterDescriptor(description=entry.metadata['description'])
    low, high = entry.metadata['low'], entry.metadata['high']
    if low is not None and isinstance(entry.default, float):
        descriptor.floating_point_range = [FloatingPointRange(from_value=float(low), to_value=float(high))]
    elif low is not None:
        descriptor.integer_range = [IntegerRange(from_value=int(low), to_value=int(high), step=1)]
    return descriptor
