"""A stand-in for the few classes of launch and launch_ros that launch files use: they exist on ROS machines only."""
from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import pytest

from vla_async.resources import share


@dataclass(frozen=True)
class LaunchConfiguration:
    name: str

    def perform(self, context: dict[str, str]) -> str:
        return context[self.name]


@dataclass(frozen=True)
class NotEqualsSubstitution:
    left: Any
    right: Any


@dataclass(frozen=True)
class IfCondition:
    predicate: Any


@dataclass
class DeclareLaunchArgument:
    name: str
    default_value: str
    description: str
    choices: list[str] | None = None


@dataclass
class SetEnvironmentVariable:
    name: str
    value: Any
    condition: Any = None


@dataclass
class PythonLaunchDescriptionSource:
    path: str


@dataclass
class IncludeLaunchDescription:
    source: PythonLaunchDescriptionSource


@dataclass
class OpaqueFunction:
    function: Callable[[dict[str, str]], list[Any]]


@dataclass(frozen=True)
class ParameterValue:
    value: Any
    value_type: type


@dataclass
class LaunchDescription:
    entities: list[Any]


@dataclass
class Node:
    package: str
    executable: str
    name: str
    namespace: Any
    output: str
    parameters: list[Any] = field(default_factory=list)
    arguments: list[Any] = field(default_factory=list)
    respawn: bool = False
    respawn_delay: float = 0.0
    sigterm_timeout: str = '5'
    exec_name: str = ''
    condition: Any = None
    remappings: list[tuple[str, str]] = field(default_factory=list)
    additional_env: dict[str, str] = field(default_factory=dict)


STAND_INS = {
    'launch': [LaunchDescription],
    'launch.actions': [DeclareLaunchArgument, IncludeLaunchDescription, OpaqueFunction, SetEnvironmentVariable],
    'launch.launch_description_sources': [PythonLaunchDescriptionSource],
    'launch.conditions': [IfCondition],
    'launch.substitutions': [LaunchConfiguration, NotEqualsSubstitution],
    'launch_ros': [],
    'launch_ros.actions': [Node],
    'launch_ros.parameter_descriptions': [ParameterValue],
}


@dataclass
class Launched:
    """What a launch file describes."""

    nodes: dict[str, Node]
    arguments: dict[str, DeclareLaunchArgument]
    includes: list[str]
    entities: list[Any]  # all of it, in order


@pytest.fixture
def launch(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Launched]:
    """Load a launch file by name, with whatever arguments it is told."""
    for name, classes in STAND_INS.items():
        module = ModuleType(name)
        for kind in classes:
            setattr(module, kind.__name__, kind)
        monkeypatch.setitem(sys.modules, name, module)

    def load(name: str, **told: str) -> Launched:
        spec = importlib.util.spec_from_file_location('launched', share() / 'launch' / name)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        described = module.generate_launch_description().entities
        arguments = {e.name: e for e in described if isinstance(e, DeclareLaunchArgument)}
        context = {name: argument.default_value for name, argument in arguments.items()} | told
        entities = [entity for e in described
                    for entity in (e.function(context) if isinstance(e, OpaqueFunction) else [e])]
        return Launched(
            {e.name: e for e in entities if isinstance(e, Node)}, arguments,
            [e.source.path for e in entities if isinstance(e, IncludeLaunchDescription)], entities)
    return load
