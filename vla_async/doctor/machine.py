"""Python, build tools and shared memory."""
from __future__ import annotations

import shutil
import sys

from vla_async.doctor.check import FAIL, OK, WARN, Finding
from vla_async.launcher.shared_memory import FOLDER, all_names, remove_abandoned

PYTHONS = ((3, 10), (3, 13))
BUILD_TOOLS = {'c++': 'g++', 'cmake': 'cmake', 'make': 'make'}  # command -> Debian package
NEEDED_MB = 512  # segments of up to 32 MiB for each process of the graph, and for the one in reserve


def python() -> Finding:
    """The version that the ROS wheels exist for."""
    version = '.'.join(map(str, sys.version_info[:3]))
    if PYTHONS[0] <= sys.version_info[:2] <= PYTHONS[1]:
        return Finding(OK, f'Python {version}')
    return Finding(FAIL, f'Python {version}; the ROS 2 wheels exist for 3.10 to 3.13',
                   'make the virtual environment anew with one of these')


def build_tools() -> Finding:
    """Compiler and CMake; needed only when the messages are built anew."""
    missing = [package for command, package in BUILD_TOOLS.items() if shutil.which(command) is None]
    if not missing:
        return Finding(OK, 'compiler, cmake and make')
    return Finding(WARN, f'missing: {", ".join(missing)}; messages cannot be built anew',
                   f'sudo apt-get install {" ".join(missing)}')


def shared_memory() -> Finding:
    """Room in /dev/shm, and segments that killed processes left there."""
    if not FOLDER.is_dir():
        return Finding(WARN, f'no {FOLDER}: pictures travel through the network stack', f'mount a tmpfs at {FOLDER}')
    free_mb = shutil.disk_usage(FOLDER).free // 2**20
    if free_mb < NEEDED_MB:
        return Finding(FAIL, f'{FOLDER}: {free_mb} MB free, {NEEDED_MB} MB needed',
                       'remove what lies there; in a container: --shm-size=1g')
    removed = remove_abandoned(all_names())
    note = f', {len(removed)} segments of dead processes removed' if removed else ''
    return Finding(OK, f'{FOLDER}: {free_mb} MB free{note}')
