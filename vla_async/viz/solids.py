"""What a robot looks like, from its URDF: the surfaces of its links, simple solids and meshes alike, as triangles."""
from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.dom.minidom import Document, Element

import numpy as np
import trimesh
from numpy.typing import NDArray

from vla_async.errors import ConfigError
from vla_async.resources import share
from vla_async.types import FloatArray
from vla_async.viz.urdf_elements import children, numbers, origin

GREY = (0.6, 0.6, 0.6)
SIDES = 24  # of a cylinder


@dataclass(frozen=True)
class Solid:
    """All surfaces of one colour that a link has."""

    link: str
    colour: tuple[float, ...]  # RGB, 0 to 1
    vertices: FloatArray  # (V, 3) [m], the link's frame
    faces: NDArray[np.int64]  # (F, 3) rows of vertices


def solids(urdf: Document) -> list[Solid]:
    """Looks of all links; raises ConfigError naming a mesh that cannot be read."""
    palette = {material.getAttribute('name'): material for material in urdf.getElementsByTagName('material')
               if children(material, 'color')}
    found: dict[tuple[str, tuple[float, ...]], list[trimesh.Trimesh]] = {}
    for link in urdf.getElementsByTagName('link'):
        for visual in children(link, 'visual'):
            key = link.getAttribute('name'), _colour(visual, palette)
            found.setdefault(key, []).append(_mesh(visual).apply_transform(origin(visual)))
    merged = ((*key, trimesh.util.concatenate(meshes)) for key, meshes in found.items())
    return [Solid(link, colour, np.asarray(mesh.vertices), np.asarray(mesh.faces)) for link, colour, mesh in merged]


def _colour(visual: Element, palette: Mapping[str, Element]) -> tuple[float, ...]:
    """RGB of the visual's own material, or of that which it names."""
    for material in children(visual, 'material'):
        for colour in children(palette.get(material.getAttribute('name'), material), 'color'):
            return tuple(numbers(colour.getAttribute('rgba'))[:3].tolist())
    return GREY


def _mesh(visual: Element) -> trimesh.Trimesh:
    """Surface in the frame of the visual's origin."""
    shape = next(child for geometry in children(visual, 'geometry') for child in geometry.childNodes
                 if isinstance(child, Element))
    told = shape.getAttribute
    if shape.tagName == 'box':
        return trimesh.creation.box(extents=numbers(told('size')))
    if shape.tagName == 'cylinder':
        return trimesh.creation.cylinder(float(told('radius')), float(told('length')), sections=SIDES)
    if shape.tagName == 'sphere':
        return trimesh.creation.icosphere(subdivisions=2, radius=float(told('radius')))
    return _read(told('filename')).apply_scale(numbers(told('scale') or '1 1 1'))


def _read(name: str) -> trimesh.Trimesh:
    """Mesh of a file: `package://...` in the packages of this environment, else a path, a relative one below urdf/."""
    inside = name.removeprefix('package://')
    places = [Path(prefix) / 'share' / inside for prefix in os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep)]
    if inside == name:
        places = [share() / 'urdf' / name.removeprefix('file://')]
    path = next((place for place in places if place.is_file()), None)
    if path is None:
        raise ConfigError(f'the mesh {name} of the URDF does not exist; looked at {", ".join(map(str, places))}')
    try:
        return trimesh.load(path, force='mesh')
    except Exception as error:  # readers of many formats, some of them not installed, raise anything
        raise ConfigError(f'the mesh {path} cannot be read: {error}; formats that can: stl, obj, ply, glb') from error
