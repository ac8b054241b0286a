"""Builds the ROS message package in msg/ with CMake and rosidl while setuptools builds vla_async."""
from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from setuptools.command.build_ext import build_ext
from setuptools.dist import Distribution

SOURCE = Path(__file__).resolve().parent.parent
MESSAGES = 'vla_async_msgs'


def installed_files(root: Path) -> list[tuple[str, list[str]]]:
    """`data_files` that lay everything below `root` at the same place below the installation prefix.

    The top folder's own files are left out: CMake puts only shell set-up scripts of a workspace there.
    """
    found = []
    for folder, _, names in os.walk(root):
        inside = Path(folder).relative_to(root)
        if names and inside != Path('.'):
            found.append((str(inside), [os.path.relpath(Path(folder, name), SOURCE) for name in sorted(names)]))
    return found


def wheel_prefixes() -> list[Path]:
    """Prefixes behind sys.path that hold the rosidl tools: pip's build environment, the virtual environment."""
    sites = (Path(entry) for entry in sys.path if Path(entry).name in ('site-packages', 'dist-packages'))
    prefixes = (site.parents[2] for site in sites)
    return list(dict.fromkeys(prefix for prefix in prefixes if (prefix / 'share/rosidl_cmake').is_dir()))


def in_a_workspace() -> bool:
    """Whether a ROS workspace brings the messages itself, as when colcon builds msg/ as a package of its own."""
    ours = Path(sys.prefix).resolve()
    others = filter(None, os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep))
    return any(Path(p).resolve() != ours and Path(p, 'share', MESSAGES, 'package.xml').is_file() for p in others)


def tool_environment(prefixes: list[Path]) -> dict[str, str]:
    """The environment in which CMake finds the rosidl tools, and they their libraries, below `prefixes`."""
    libraries = [folder for p in prefixes for folder in (p / 'lib', *p.glob('lib/python3*/site-packages/ros_*.libs'))]
    added = {'AMENT_PREFIX_PATH': prefixes, 'CMAKE_PREFIX_PATH': prefixes, 'LD_LIBRARY_PATH': libraries}
    env = dict(os.environ)
    for name, paths in added.items():
        env[name] = os.pathsep.join([*map(str, paths), *filter(None, [env.get(name)])])
    return env


def build(source: Path, work: Path) -> Path:
    """Build the message package in the folder `source` below `work`; returns the prefix that it is installed to."""
    env, prefix = tool_environment(wheel_prefixes()), work / 'install'
    configure = ['cmake', '-S', str(source), '-B', str(work / 'build'), '-DCMAKE_BUILD_TYPE=Release',
                 f'-DCMAKE_INSTALL_PREFIX={prefix}', '-DBUILD_TESTING=OFF', f'-DPython3_EXECUTABLE={sys.executable}']
    subprocess.check_call(configure, env=env)
    jobs = str(os.cpu_count() or 1)
    subprocess.check_call(['cmake', '--build', str(work / 'build'), '--target', 'install', '--parallel', jobs], env=env)
    return prefix


def node_names(distribution: Distribution) -> list[str]:
    """The console scripts, all of which `ros2 run vla_async` offers."""
    return [script.split('=')[0].strip() for script in distribution.entry_points['console_scripts']]


class BuildMessages(build_ext):
    """`build_ext` that runs CMake instead of a compiler and hands its output on as data files."""

    def run(self) -> None:
        self.add_run_scripts()
        if not in_a_workspace():
            self.build_messages()

    def get_outputs(self) -> list[str]:
        return []

    def get_output_mapping(self) -> dict[str, str]:
        return {}

    def get_source_files(self) -> list[str]:
        return []

    def add_run_scripts(self) -> None:
        """`ros2 run` and launch look for executables below lib/<package>; pip puts them into bin/."""
        folder = Path(self.build_temp).resolve() / 'run/lib/vla_async'
        folder.mkdir(parents=True, exist_ok=True)
        for name in node_names(self.distribution):
            (folder / name).write_text(f'#!/bin/sh\nexec "$(dirname "$0")/../../bin/{name}" "$@"\n')
            (folder / name).chmod(0o755)
        self.distribution.data_files += installed_files(folder.parents[1])

    def build_messages(self) -> None:
        work = Path(self.build_temp).resolve() / MESSAGES
        # a configuration kept from an earlier run names a build environment that is gone
        shutil.rmtree(work, ignore_errors=True)
        self.distribution.data_files += installed_files(build(SOURCE / 'msg', work))


class DataDistribution(Distribution):
    """Makes an editable install carry data files, which setuptools leaves out otherwise."""

    def has_data(self) -> bool:
        return bool(self.data_files)
