"""Who may import what. The rooms are those of the README; also imports inside functions count."""
from __future__ import annotations

import ast
import sys
from collections.abc import Callable
from pathlib import Path

from vla_async.graph import ALL

PACKAGE = Path(__file__).resolve().parents[1] / 'vla_async'
NODES = {f'vla_async.nodes.{node.name}' for node in ALL}

FOUNDATION = {'types', 'timebase', 'errors', 'embodiment', 'graph', 'resources'}
# where the core meets ROS, processes and people
SHELLS = {'nodes', 'cli', 'demo', 'doctor', 'launcher', 'bench', 'nudge', 'recording', 'view'}
OUTSIDE_CORE = SHELLS | {'sim', 'training'}
ROS = {'rclpy', 'ament_index_python', 'launch', 'launch_ros', 'builtin_interfaces', 'rcl_interfaces'}

EXPERT = ('vla_async.sim.expert', 'vla_async.sim.inverse_kinematics')

# third-party package -> rooms that may import it
ONLY_IN = {
    'torch': {'reasoning', 'acting', 'training', 'doctor'},  # doctor asks it whether it sees a GPU
    'safetensors': {'reasoning', 'acting', 'training'},
    'transformers': {'reasoning'},
    'mujoco': {'sim', 'kinematics'},
    'mink': {'sim'},
    'xacro': {'urdf'},
    'viser': {'viz'},
    'trimesh': {'viz'},
}


def room(module: str) -> str:
    """`vla_async.fusion.fuser` is in the room `fusion`, `vla_async.types` is the room `types`."""
    return [*module.split('.'), ''][1]


def imports(path: Path) -> set[str]:
    """Absolute names of everything that the file imports, anywhere in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f'{path}:{node.lineno}: say vla_async.… instead of a relative import'
            found.add(str(node.module))
            found |= {f'{node.module}.{alias.name}' for alias in node.names}
    return found


SOURCES = {'.'.join(path.relative_to(PACKAGE.parent).with_suffix('').parts).removesuffix('.__init__'): path
           for path in sorted(PACKAGE.rglob('*.py'))}
IMPORTS = {module: imports(path) for module, path in SOURCES.items()}


def offenders(rooms: Callable[[str], bool], forbidden: Callable[[str, str], bool]) -> list[str]:
    """`module imports name` for each forbidden (module, name) in the chosen rooms."""
    return [f'{module} imports {name}' for module, names in IMPORTS.items() if rooms(room(module))
            for name in sorted(names) if forbidden(module, name)]


def top(name: str) -> str:
    return name.split('.')[0]


def is_ros(name: str) -> bool:
    return top(name) in ROS or top(name).endswith(('_msgs', '_srvs'))


def is_ours(name: str) -> bool:
    return name.startswith('vla_async.')


def everywhere(_room: str) -> bool:
    return True


def in_core(where: str) -> bool:
    return where not in OUTSIDE_CORE


def test_the_tree_was_found() -> None:
    assert {'vla_async.types', 'vla_async.cli', 'vla_async.nodes.chunk_fuser'} <= set(IMPORTS)


def test_the_core_knows_no_ros() -> None:
    assert not offenders(in_core, lambda _, name: is_ros(name))


def test_the_core_knows_nothing_of_what_runs_it() -> None:
    assert not offenders(in_core, lambda _, name: is_ours(name) and not in_core(room(name)))


def test_the_foundation_needs_the_standard_library_numpy_and_yaml_only() -> None:
    allowed = {*sys.stdlib_module_names, 'numpy', 'yaml', 'vla_async'}
    assert not offenders(FOUNDATION.__contains__, lambda _, name: top(name) not in allowed)
    assert not offenders(FOUNDATION.__contains__, lambda _, name: is_ours(name) and room(name) not in FOUNDATION)


def test_heavy_packages_stay_in_their_rooms() -> None:
    def misplaced(module: str, name: str) -> bool:
        return top(name) in ONLY_IN and room(module) not in ONLY_IN[top(name)]

    assert not offenders(everywhere, misplaced)


def test_the_scripted_expert_makes_demonstrations_and_nothing_else() -> None:
    """It knows where everything is, so it must never be in the loop."""
    def used(module: str, name: str) -> bool:
        return name.startswith(EXPERT) and module not in EXPERT

    assert not offenders(lambda where: where != 'training', used)
    assert all(module in SOURCES for module in EXPERT)


def test_nobody_imports_a_node() -> None:
    assert not offenders(everywhere, lambda module, name: name in NODES - {module})
