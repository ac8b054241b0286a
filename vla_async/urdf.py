"""A robot's URDF, the one truth about its geometry, expanded from its xacro below urdf/."""
from __future__ import annotations

from xml.dom.minidom import Document

import xacro

from vla_async.embodiment import Embodiment
from vla_async.errors import ConfigError
from vla_async.resources import share


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
