"""Rendering, GPU and the checkpoint of the demo."""
from __future__ import annotations

import time
from collections.abc import Callable

from vla_async import checkpoints, embodiment
from vla_async.doctor.check import FAIL, OK, WARN, Finding
from vla_async.errors import VlaAsyncError

ROBOT, TASK = 'astribot_s1', 'touch'
FRAMES = 5
SLOW_MS = 15.0  # three cameras at 30 Hz would take more than a core


def rendering() -> Finding:
    """A real picture, drawn off-screen."""
    from vla_async.sim.cameras import Renderer
    from vla_async.sim.world import World
    robot = embodiment.load(ROBOT)
    renderer = Renderer(World(robot, TASK))
    try:
        times_ms = [_draw_ms(renderer.render, robot.cameras[0].name) for _ in range(FRAMES)]
        empty = not renderer.render(robot.cameras[0].name).any()
    except VlaAsyncError as error:
        return Finding(FAIL, 'no picture can be drawn', str(error))
    finally:
        renderer.close()
    if empty:
        return Finding(FAIL, 'the picture is all black', 'try MUJOCO_GL=osmesa with the Debian package libosmesa6')
    best_ms = min(times_ms)  # the first ones load the scene
    if best_ms > SLOW_MS:
        return Finding(WARN, f'a picture takes {best_ms:.0f} ms; the simulation will be short of pictures',
                       'close other programs, or use a machine with a GPU')
    return Finding(OK, f'a picture of {robot.cameras[0].width}x{robot.cameras[0].height} takes {best_ms:.1f} ms')


def _draw_ms(render: Callable[[str], object], camera: str) -> float:
    began = time.perf_counter()
    render(camera)
    return (time.perf_counter() - began) * 1e3


def gpu() -> Finding:
    """Whether torch sees a GPU; the demo does without."""
    import torch
    if not torch.cuda.is_available():
        return Finding(OK, f'torch {torch.__version__} on the CPU; no GPU, none is needed for the demo')
    return Finding(OK, f'torch {torch.__version__} on {torch.cuda.get_device_name(0)}')


def checkpoint() -> Finding:
    """Whether the demo's policy is there and loads."""
    name = checkpoints.default(ROBOT, TASK)
    try:
        folder = checkpoints.find(name)
        from vla_async.acting.policy import load_policy  # takes seconds, so only when there is something to load
        began = time.perf_counter()
        load_policy(folder, embodiment.load(ROBOT))
    except VlaAsyncError as error:
        return Finding(FAIL, str(error), 'get the whole repository, or train one: vla-async train --help')
    return Finding(OK, f'{name} loads in {time.perf_counter() - began:.1f} s')
