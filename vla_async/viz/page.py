"""A web page with the robot, its motion, its cameras and its state; viser serves it, all from this machine."""
from __future__ import annotations

import html
import io
import logging
import socket
from collections.abc import Sequence
from contextlib import AbstractContextManager, redirect_stdout

import numpy as np
from viser import GuiImageHandle, LineSegmentsHandle, ViserServer

from vla_async.embodiment import Embodiment
from vla_async.errors import EnvironmentFault
from vla_async.types import FloatArray, ImageArray
from vla_async.urdf import expand
from vla_async.viz.caption import Caption
from vla_async.viz.figure import Figure
from vla_async.viz.forward_kinematics import ForwardKinematics
from vla_async.viz.paths import Line, segments
from vla_async.viz.solids import Solid, solids

EVERYWHERE = '0.0.0.0'  # noqa: S104
BACKGROUND = np.array([0.10, 0.10, 0.12])  # RGB; what is old fades towards it
GAMMA = 2.2  # viser takes colours of lines for intensities of light
THICKNESS = {'chunk': 0.004, 'fused': 0.010, 'base': 0.010}  # of lines, in sizes of the robot
LOOK_FROM = np.array([0.8, -0.45, 0.2])  # from the robot's middle to whoever looks, in sizes of the robot


class _Server(ViserServer):
    """viser's, which would open a way in from the internet where a page asks for it."""

    def request_share_url(self, verbose: bool = True) -> None:
        """Nothing."""


class Page:
    """What a browser at `address` shows; to be closed in the end."""

    def __init__(self, robot: Embodiment, host: str, port: int) -> None:
        """Serves at once; raises EnvironmentFault where the port is taken."""
        _check_free(host, port)
        urdf = expand(robot)
        self.kinematics, looks = ForwardKinematics(robot, urdf), solids(urdf)
        # a browser that opens a connection and thinks better of it is no news
        logging.getLogger('websockets.server').setLevel(logging.CRITICAL)
        with redirect_stdout(io.StringIO()):  # it prints a table
            self._server = _Server(host, port, label=f'vla_async {robot.name}', verbose=False)
        self.address = f'http://{socket.gethostname() if host == EVERYWHERE else host}:{port}'
        self._server.gui.configure_theme(dark_mode=True, control_layout='fixed', show_logo=False,
                                         show_share_button=False)
        self._size = self._set_scene(looks, self.kinematics.frames(robot.array('home')))
        self._robot = Figure(self._server.scene, 'robot', looks)
        self._ghost = Figure(self._server.scene, 'ghost', looks, ghost=True)
        self._lines: dict[str, LineSegmentsHandle] = {}
        self._words = self._server.gui.add_html('')
        self._pictures: dict[str, GuiImageHandle] = {
            camera.name: self._server.gui.add_image(np.zeros((camera.height, camera.width, 3), np.uint8),
                                                    label=camera.name, format='jpeg') for camera in robot.cameras}
        self.show_robot(robot.array('home'))

    @property
    def watched(self) -> bool:
        """Whether a browser shows it."""
        return bool(self._server.get_clients())

    def at_once(self) -> AbstractContextManager[None]:
        """Whatever is shown inside appears in the browser together."""
        return self._server.atomic()

    def show_robot(self, position: FloatArray) -> None:
        """The robot at joint positions (D,) [rad or m]."""
        self._robot.move(self.kinematics.frames(position))

    def show_ghost(self, position: FloatArray | None) -> None:
        """Its ghost at joint positions (D,), None: where the robot is; of links that stay there is none."""
        frames = self._robot.frames if position is None else self.kinematics.frames(position)
        self._ghost.move(frames, unlike=self._robot.frames)

    def show_lines(self, lines: Sequence[Line]) -> None:
        """These lines instead of those before."""
        for kind in THICKNESS:
            self._show(kind, *segments([line for line in lines if line.kind == kind]))

    def show_caption(self, caption: Caption) -> None:
        """State, reason and ages; the texts are others', and no part of the page's own."""
        rows = ''.join(f'<div>{html.escape(line)}</div>' for line in caption.text.splitlines())
        self._words.content = f'<div style="padding: 0 1em; font-size: 0.9em">{rows}</div>'

    def show_picture(self, camera: str, picture: ImageArray) -> None:
        """Newest picture (height, width, 3) RGB of a camera."""
        self._pictures[camera].image = picture

    def close(self) -> None:
        """Serve no longer."""
        with redirect_stdout(io.StringIO()):
            self._server.stop()

    def _set_scene(self, looks: Sequence[Solid], frames: dict[str, FloatArray]) -> float:
        """A floor, and a point of view from which the robot (at home) fills the page; returns the robot's size [m]."""
        corners = np.concatenate([
            solid.vertices @ frames[solid.link][:3, :3].T + frames[solid.link][:3, 3] for solid in looks])
        low, high = corners.min(axis=0), corners.max(axis=0)
        middle, size = (low + high) / 2, float(np.linalg.norm(high - low))
        self._server.initial_camera.position, self._server.initial_camera.look_at = middle + size * LOOK_FROM, middle
        self._server.scene.add_grid('/floor', cell_size=0.5, section_size=1.0, cell_color=(60, 60, 66),
                                    section_color=(80, 80, 88), position=(0.0, 0.0, min(float(low[2]), 0.0)))
        return size

    def _show(self, kind: str, ends: FloatArray, colours: FloatArray) -> None:
        opacity = colours[:, :, 3:]
        mixed = opacity * colours[:, :, :3] + (1.0 - opacity) * BACKGROUND
        painted = (255 * mixed**GAMMA).astype(np.uint8)
        if kind in self._lines:
            self._lines[kind].points, self._lines[kind].colors = ends.astype(np.float32), painted
        elif len(ends):
            self._lines[kind] = self._server.scene.add_line_segments(
                f'/motion/{kind}', ends, painted, thickness=THICKNESS[kind] * self._size)


def _check_free(host: str, port: int) -> None:
    """viser would take another port without a word."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise EnvironmentFault(f'{host}:{port} cannot be served: {error.strerror}; choose another with --port '
                                   'or --host') from error
