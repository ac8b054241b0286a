"""pyproject.toml, setup.py, the package.xml files and the lock say the same, and what is installed is complete."""
from __future__ import annotations

import ast
import functools
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from importlib.metadata import distribution
from pathlib import Path

import pytest

from vla_async.graph import ALL

ROOT = Path(__file__).resolve().parents[1]
LAUNCH_ONLY = {'launch_ros'}  # imported by launch files, which run where ROS is installed
# import name -> name of the distribution, where they differ
DISTRIBUTIONS = {'yaml': 'pyyaml', 'PIL': 'pillow'}
# declared, but loaded by others: what the built messages load
UNIMPORTED = {'ros-rosidl-default-runtime'}
FOR_OLD_NUMPY = ('numpy', 'pyarrow')  # ROS distributions have numpy 1.26
# an extra, and what there is no wheel of; where they are missing is a way without
OPTIONAL = {'ray', 'ros-control-msgs', 'ros-tf2-msgs'}


def package_xml(folder: str) -> ElementTree.Element:
    return ElementTree.parse(ROOT / folder / 'package.xml').getroot()


def declared() -> set[str]:
    """Names of the run-time dependencies in pyproject.toml."""
    required = distribution('vla_async').requires or []
    return {re.split(r'[\[<>=; ]', line)[0].lower() for line in required if 'extra ==' not in line}


@functools.cache
def imported(folder: str) -> set[str]:
    """Top-level names that the Python files below `folder` import."""
    found: set[str] = set()
    for path in (ROOT / folder).rglob('*.py'):
        for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
            if isinstance(node, ast.Import):
                found |= {alias.name.split('.')[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                found.add(str(node.module).split('.')[0])
    return found - set(sys.stdlib_module_names) - {'vla_async', 'vla_async_msgs'}


def is_ros(name: str) -> bool:
    return name.endswith(('_msgs', '_srvs', '_interfaces')) or name in {'rclpy', 'launch_ros', 'ament_index_python'}


def distribution_of(name: str) -> str:
    return f'ros-{name.replace("_", "-")}' if is_ros(name) else DISTRIBUTIONS.get(name, name)


def test_there_is_one_version() -> None:
    versions = {package_xml(folder).findtext('version') for folder in ('.', 'msg')}
    assert versions == {distribution('vla_async').version}


def test_a_ros_distribution_is_given_what_it_does_not_bring() -> None:
    lines = [line.partition('#')[0].strip() for line in (ROOT / 'requirements-ros.txt').read_text().splitlines()]
    given = {line for line in lines if line and not line.startswith(FOR_OLD_NUMPY)}
    required = {line for line in distribution('vla_async').requires or [] if 'extra ==' not in line}
    wanted = {line for line in required if not line.startswith(('ros-', 'pyyaml', 'xacro', *FOR_OLD_NUMPY))}
    assert {_sorted_limits(line) for line in given} == {_sorted_limits(line) for line in wanted}
    assert {'numpy>=1.26,<2', 'pyarrow>=20,<22'} <= set(lines)


def _sorted_limits(line: str) -> tuple[str, ...]:
    """Name and limits of a requirement; tools write these in their own order."""
    name, limits = re.fullmatch(r'([\w-]+)(.*)', line.replace(' ', '')).groups()  # type: ignore[union-attr]
    return name.lower(), *sorted(limits.split(','))


def test_console_scripts_are_the_table_of_nodes() -> None:
    scripts = {e.name: e.value for e in distribution('vla_async').entry_points if e.group == 'console_scripts'}
    nodes = {node.executable: f'vla_async.nodes.{node.executable}:main' for node in ALL}
    assert scripts == {'vla-async': 'vla_async.cli:main', 'keep': 'vla_async.launcher.keeper:main', **nodes}


@pytest.mark.parametrize('entry', distribution('vla_async').entry_points, ids=lambda entry: entry.name)
def test_every_entry_point_names_a_function(entry: object) -> None:
    module, function = entry.value.split(':')  # type: ignore[attr-defined]
    path = ROOT / Path(*module.split('.')).with_suffix('.py')
    tree = ast.parse((path if path.is_file() else path.with_suffix('') / '__init__.py').read_text(encoding='utf-8'))
    assert function in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_ros2_run_finds_every_node() -> None:
    folder = Path(sys.prefix) / 'lib/vla_async'
    for executable in ('keep', *(node.executable for node in ALL)):
        assert (folder / executable).stat().st_mode & 0o111
        assert f'bin/{executable}' in (folder / executable).read_text()


def test_data_is_installed_whole(tmp_path: Path) -> None:
    command = [sys.executable, 'setup.py', '--quiet', 'install_data', '--install-dir', str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    folders = ('checkpoints', 'config', 'launch', 'urdf')
    there = {p.relative_to(ROOT) for folder in folders for p in (ROOT / folder).rglob('*') if p.is_file()}
    installed = {p.relative_to(tmp_path / 'share/vla_async') for p in tmp_path.rglob('*') if p.is_file()
                 if (tmp_path / 'share/vla_async') in p.parents}
    assert {path for path in there if '__pycache__' not in path.parts} == installed - {Path('package.xml')}


def test_the_messages_are_installed_as_a_ros_package() -> None:
    assert (Path(sys.prefix) / 'share/vla_async_msgs/package.xml').is_file()
    assert (Path(sys.prefix) / 'share/ament_index/resource_index/packages/vla_async_msgs').is_file()


def test_package_xml_names_the_ros_packages_that_are_imported() -> None:
    named = {e.text for kind in ('depend', 'exec_depend') for e in package_xml('.').iter(kind)}
    assert {name for name in imported('vla_async') if is_ros(name)} <= named
    assert {name for name in named if is_ros(str(name))} - {'vla_async_msgs'} <= imported('vla_async') | LAUNCH_ONLY


def test_declared_dependencies_are_those_imported() -> None:
    assert {distribution_of(name) for name in imported('vla_async')} - OPTIONAL == declared() - UNIMPORTED


def test_the_message_package_names_what_its_definitions_use() -> None:
    text = '\n'.join(p.read_text() for kind in ('msg', 'srv', 'action') for p in (ROOT / 'msg').rglob(f'*.{kind}'))
    used = set(re.findall(r'^(\w+)/\w+', text, re.MULTILINE)) | {'action_msgs'}
    assert used == {e.text for e in package_xml('msg').iter('depend')}


def test_the_lock_pins_every_dependency_and_names_no_host() -> None:
    lock = (ROOT / 'requirements.lock').read_text()
    pinned = set(re.findall(r'^([a-z0-9-]+)==', lock, re.MULTILINE))
    assert declared() <= pinned
    assert '://' not in lock
    assert not {name for name in pinned if name.startswith(('nvidia-', 'cuda-', 'triton'))}


def test_what_builds_the_messages_is_pinned_too() -> None:
    required = distribution('vla_async').requires or []
    extra = {line.split(';')[0].strip() for line in required if 'extra == "build"' in line}
    system = re.search(r'requires = \[(.*?)\n\]', (ROOT / 'pyproject.toml').read_text(), re.DOTALL)
    assert system
    names = {re.split('[<>=]', entry)[0] for entry in re.findall(r'"([^"]+)"', system[1])}
    assert names <= {re.split('[<>=]', entry)[0] for entry in extra} | declared()
