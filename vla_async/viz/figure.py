"""A robot in the scene of a web page: its links, moved by their frames."""
from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from viser import SceneApi
from viser.transforms import SE3

from vla_async.types import FloatArray
from vla_async.viz.ghost import COLOUR, OPACITY
from vla_async.viz.solids import Solid

ALIKE = 0.03  # frames with no number (turn or metre) farther apart than this look the same


class Figure:
    """The solid robot, or its ghost."""

    def __init__(self, scene: SceneApi, name: str, looks: Sequence[Solid], *, ghost: bool = False) -> None:
        self._root = scene.add_frame(f'/{name}', show_axes=False, visible=not ghost)
        self._links = {link: scene.add_frame(f'/{name}/{link}', show_axes=False)
                       for link in dict.fromkeys(solid.link for solid in looks)}
        self.frames: Mapping[str, FloatArray] = {}
        for number, solid in enumerate(looks):
            scene.add_mesh_simple(
                f'/{name}/{solid.link}/{number}', solid.vertices, solid.faces, flat_shading=True,
                color=COLOUR if ghost else solid.colour, opacity=OPACITY if ghost else None,
                cast_shadow=not ghost, receive_shadow=not ghost)

    def move(self, frames: Mapping[str, FloatArray], unlike: Mapping[str, FloatArray] | None = None) -> None:
        """Put the links where `frames` (4, 4) have them, and hide those which `unlike` has there, too."""
        self.frames = frames
        poses = SE3.from_matrix(np.stack([frames[link] for link in self._links])).wxyz_xyz
        for (link, handle), pose in zip(self._links.items(), poses, strict=True):
            handle.visible = unlike is None or bool(np.abs(frames[link] - unlike[link]).max() > ALIKE)
            if handle.visible:
                handle.wxyz, handle.position = pose[:4], pose[4:]
        self._root.visible = True
