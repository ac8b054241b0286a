"""A robot's URDF, the one truth about its geometry, expanded from its xacro below urdf/."""
from __future__ import annotations

import math
from xml.dom.minidom import Document

import numpy as np
import xacro

from vla_async.embodiment import Embodiment
from vla_async.errors import ConfigError
from vla_async.resources import share
from vla_async.types import FloatArray


def expand(robot: Embodiment) -> Document:
    """The robot's URDF from its xacro; raises ConfigError naming the file and what is wrong with it."""
    path = share() / 'urdf' / robot.urdf
    if not path.is_file():
        raise ConfigError(f'{robot.name}: the URDF {path} does not exist; see the key urdf of its robot file')
    try:
        document: Document = xacro.process_file(str(path))
    except Exception as error:  # xacro raises its own, expat's and evaluation errors of any kind
        raise ConfigError(f'{path}: xacro cannot expand it: {error}') from error
    return document


def effort_limits(robot: Embodiment) -> FloatArray:
    """Largest effort of each joint (D,) [N or Nm] by its URDF, infinite where that names none."""
    limits = dict.fromkeys(robot.joint_names, math.inf)
    for joint in expand(robot).getElementsByTagName('joint'):
        for limit in joint.getElementsByTagName('limit'):
            if joint.getAttribute('name') in limits and limit.getAttribute('effort'):
                limits[joint.getAttribute('name')] = float(limit.getAttribute('effort')) or math.inf
    return np.array(list(limits.values()))
