"""A camera that goes on sending one picture: frozen, unless nothing moves that it could see."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vla_async.joint_order import JointReading
from vla_async.timebase import seconds
from vla_async.types import FloatArray, ImageArray


@dataclass(frozen=True)
class FrozenRules:
    """When equal pictures tell of a frozen camera."""

    after_s: float = 1.0  # bit-identical for longer than this [s]
    motion: float = 0.02  # while a joint that moves the camera went this far [rad or m]; 0: also at rest


class StillPicture:
    """The present row of bit-identical pictures of one camera, and how far its joints have moved meanwhile."""

    def __init__(self, joints: NDArray[np.intp], names: Sequence[str], rules: FrozenRules) -> None:
        """`joints`: indices of the joints that move the camera, among `names` of all D."""
        self._joints, self._names, self._rules = joints, [names[i] for i in joints], rules
        self._pixels: ImageArray | None = None
        self._first_ns = self._last_ns = 0
        self._start: FloatArray | None = None  # of the carrying joints, where they were when the row began
        self._moved = np.zeros(len(joints))  # farthest from there so far [rad or m]

    def see(self, stamp_ns: int, pixels: ImageArray, joints: JointReading | None) -> None:
        """A picture (h, w, 3), and the newest joint state then; None: there was none.

        Where the joints were before the row began tells nothing of it: joint states that fail for a while leave a gap,
        in which the robot went to where it rests and sees the same.
        """
        if self._pixels is None or not np.array_equal(pixels, self._pixels):
            self._pixels, self._first_ns, self._start = pixels, stamp_ns, None
            self._moved[:] = 0.0
        self._last_ns = stamp_ns
        if joints is None or joints.stamp_ns < self._first_ns:
            return
        position = joints.position[self._joints]
        if self._start is None:
            self._start = position
        np.maximum(self._moved, np.abs(position - self._start), out=self._moved)

    @property
    def fault(self) -> str:
        """Why the camera counts as frozen, or nothing."""
        same_s, worst = seconds(self._last_ns - self._first_ns), int(self._moved.argmax())
        if same_s <= self._rules.after_s or self._moved[worst] < self._rules.motion:
            return ''
        return (f'is frozen: the same picture for {same_s:.2f} s, in which {self._names[worst]} moved by '
                f'{self._moved[worst]:.3f}')
