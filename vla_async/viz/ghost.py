"""How the robot's ghost looks: pale and transparent, so that nobody takes it for a second robot."""
from __future__ import annotations

from xml.dom.minidom import Document, Element

from vla_async.embodiment import Embodiment
from vla_async.urdf import expand
from vla_async.viz.urdf_elements import children

COLOUR, OPACITY = (0.75, 0.45, 1.0), 0.3  # red, green, blue


def ghost_description(robot: Embodiment) -> Document:
    """The robot's URDF with every visible part in the ghost's colour, meshes included that bring none.

    Viewers multiply an opacity of their own with this one, or have none. Raises ConfigError as `expand` does, which is
    called anew: what xacro makes cannot be cloned.
    """
    urdf = expand(robot)
    for visual in urdf.getElementsByTagName('visual'):
        for material in children(visual, 'material'):
            visual.removeChild(material)
        visual.appendChild(_material(urdf))
    for colour in urdf.getElementsByTagName('color'):
        colour.setAttribute('rgba', ' '.join(map(str, (*COLOUR, OPACITY))))
    return urdf


def _material(urdf: Document) -> Element:
    material, colour = urdf.createElement('material'), urdf.createElement('color')
    material.setAttribute('name', 'ghost')
    material.appendChild(colour)
    return material
