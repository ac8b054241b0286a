"""The environment in which every process of the suite runs."""
from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from vla_async.launcher.transport import LOCALHOST, RANGE, transport


def environment(domain: int, base: Mapping[str, str], *, pictures: bool = False) -> dict[str, str]:
    """`base` plus ROS domain, discovery and transport of this machine only, and one thread a process.

    `pictures`: this process sends or reads them.
    """
    return {
        **base,
        'ROS_DOMAIN_ID': str(domain),
        **transport({RANGE: LOCALHOST}, pictures=pictures),
        'RMW_IMPLEMENTATION': 'rmw_fastrtps_cpp',
        'AMENT_PREFIX_PATH': ament_prefix_path(base),
        'PYTHONUNBUFFERED': '1',  # a log is complete up to the moment of death
        'RCUTILS_COLORIZED_OUTPUT': '0',
        # two busy OpenMP pools on two cores slow each other down twentyfold
        'OMP_NUM_THREADS': '1',
        'OMP_WAIT_POLICY': 'PASSIVE',
        'MUJOCO_GL': base.get('MUJOCO_GL', 'egl'),
    }


def ament_prefix_path(base: Mapping[str, str]) -> str:
    """The prefixes of `base`, this Python's own first: the ROS wheels install there and do not say so."""
    known = [entry for entry in base.get('AMENT_PREFIX_PATH', '').split(os.pathsep) if entry]
    own = sys.prefix
    if (Path(own) / 'share/ament_index').is_dir() and own not in known:
        known.insert(0, own)
    return os.pathsep.join(known)
