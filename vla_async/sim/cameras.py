"""Pictures of a world, drawn off-screen and by software where there is no GPU.

Shadows, reflections and multisampling are off: on two cores a 224x224 frame then takes 3 ms and not 60.
A renderer belongs to the thread that draws first with it; `capture` may be called by the thread that steps the world.
"""
from __future__ import annotations

import copy
import ctypes.util
import os

import mujoco
import numpy as np

from vla_async.errors import EnvironmentFault, unknown
from vla_async.sim.furniture import SPECTATOR
from vla_async.sim.visibility import within_view
from vla_async.sim.world import World, WorldState
from vla_async.types import ImageArray

CURE = ('install it with `apt-get install libegl1 libegl-mesa0 libgl1-mesa-dri` (or `apt-get install libosmesa6` and '
        'set MUJOCO_GL=osmesa)')
HIDDEN = 5  # MuJoCo's group of shapes that are not drawn


class Renderer:
    """Draws what the cameras of a world see."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._model: mujoco.MjModel | None = None
        self._gl: mujoco.gl_context.GLContext | None = None
        self._context: mujoco.MjrContext | None = None
        self._state = world.snapshot()
        self._drawn: WorldState | None = None

    @property
    def cameras(self) -> tuple[str, ...]:
        """Names of all cameras, the spectator's last."""
        return (*(camera.name for camera in self._world.robot.cameras), SPECTATOR)

    def capture(self) -> None:
        """Copy the world's present state; what `render` draws from now on. Takes some microseconds."""
        self._state = self._world.snapshot()

    def render(self, name: str) -> ImageArray:
        """Picture (height, width, 3) RGB of one camera at the captured state.

        Raises:
            ConfigError: no camera of that name.
            EnvironmentFault: this machine cannot draw.
        """
        return self.render_from(self._state, name)

    def images(self) -> dict[str, ImageArray]:
        """Pictures of all the robot's cameras at the world's present state."""
        self.capture()
        return {camera.name: self.render(camera.name) for camera in self._world.robot.cameras}

    def render_from(self, state: WorldState, name: str) -> ImageArray:
        """Picture (height, width, 3) RGB of one camera at a state that `World.snapshot` returned."""
        if name not in self.cameras:
            raise unknown('camera', name, self.cameras)
        self._prepare(state)
        model, camera = self._own, self._own.camera(name).id
        model.geom_group[:] = np.where(within_view(model, self._data, camera), self._groups, HIDDEN)
        self._view.fixedcamid = camera
        mujoco.mjv_updateScene(model, self._data, self._options, None, self._view, mujoco.mjtCatBit.mjCAT_ALL,
                               self._scene)
        return self._draw(*model.cam_resolution[camera])

    def close(self) -> None:
        """Free what the graphics hold; draw no more afterwards."""
        if self._gl is not None and self._context is not None:
            self._gl.make_current()
            self._context.free()
            self._gl.free()
            self._gl = self._context = self._model = None

    def _draw(self, width: int, height: int) -> ImageArray:
        viewport = mujoco.MjrRect(0, 0, int(width), int(height))
        mujoco.mjr_render(viewport, self._scene, self._context)
        upside_down = np.empty((height, width, 3), np.uint8)
        mujoco.mjr_readPixels(upside_down, None, viewport, self._context)
        return np.ascontiguousarray(upside_down[::-1])

    def _prepare(self, state: WorldState) -> None:
        """Bring the renderer's own model data to the state; a new model is loaded into the graphics first."""
        if self._gl is not None:
            self._gl.make_current()  # another renderer of this thread may have drawn meanwhile
        if state.model is not self._model:
            self._load(state.model)
        if state is not self._drawn:
            self._data.qpos[:] = state.qpos
            mujoco.mj_kinematics(self._own, self._data)
            mujoco.mj_comPos(self._own, self._data)
            mujoco.mj_camlight(self._own, self._data)
            self._drawn = state

    def _load(self, model: mujoco.MjModel) -> None:
        if self._gl is None:
            self._gl = make_gl_context(int(model.cam_resolution[:, 0].max()), int(model.cam_resolution[:, 1].max()))
            self._gl.make_current()
        if self._context is not None:
            self._context.free()
        self._context = mujoco.MjrContext(model, mujoco.mjtFontScale.mjFONTSCALE_100)
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN, self._context)
        self._scene = mujoco.MjvScene(model, maxgeom=model.ngeom + 50)
        for flag in (mujoco.mjtRndFlag.mjRND_SHADOW, mujoco.mjtRndFlag.mjRND_REFLECTION, mujoco.mjtRndFlag.mjRND_HAZE):
            self._scene.flags[flag] = False
        self._options = mujoco.MjvOption()
        self._options.geomgroup[HIDDEN] = 0
        self._view = mujoco.MjvCamera()
        self._view.type = mujoco.mjtCamera.mjCAMERA_FIXED
        self._own = copy.copy(model)  # to say in it what is drawn; the world's own belongs to the physics
        self._groups = model.geom_group.copy()
        self._data = mujoco.MjData(self._own)
        self._drawn = None
        self._model = model


def make_gl_context(width: int, height: int) -> mujoco.gl_context.GLContext:
    """An off-screen OpenGL context: EGL, or OSMesa where MUJOCO_GL says so or EGL is not installed.

    Raises:
        EnvironmentFault: neither works; names the missing system packages.
    """
    # Draw in the calling thread: handing over to one of Mesa's own takes three times as long on busy cores.
    os.environ.setdefault('LP_NUM_THREADS', '0')
    backend = os.environ.get('MUJOCO_GL') or ('egl' if ctypes.util.find_library('EGL') else 'osmesa')
    try:
        if backend == 'osmesa':
            from mujoco.osmesa import GLContext
        else:
            from mujoco.egl import GLContext
        return GLContext(width, height)
    except (ImportError, AttributeError, OSError, RuntimeError) as error:
        raise EnvironmentFault(f'off-screen rendering by {backend} does not work here ({error}); {CURE}') from error
