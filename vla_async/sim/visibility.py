"""What a camera can see at all: software that draws spends a quarter of its time on what lies beside the picture."""
from __future__ import annotations

import mujoco
import numpy as np
from numpy.typing import NDArray


def within_view(model: mujoco.MjModel, data: mujoco.MjData, camera: int) -> NDArray[np.bool_]:
    """Whether the sphere around each shape reaches into the pyramid that the camera sees, (ngeom,).

    True as well for some that stand near its edge, and for shapes without end, such as a floor.
    """
    radius = np.where(model.geom_rbound > 0.0, model.geom_rbound, np.inf)
    right, up, back = ((data.geom_xpos - data.cam_xpos[camera]) @ data.cam_xmat[camera].reshape(3, 3)).T
    width, height = model.cam_resolution[camera]
    slope = np.tan(np.radians(model.cam_fovy[camera]) / 2)
    seen: NDArray[np.bool_] = back < radius  # not behind the camera
    for across, tangent in ((right, slope * width / height), (up, slope)):
        beyond = (np.abs(across) + back * tangent) / np.hypot(1.0, tangent)  # distance outside of the nearer side
        seen &= beyond < radius
    return seen
