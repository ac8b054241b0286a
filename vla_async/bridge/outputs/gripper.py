"""Grippers that are told open or closed, and go there by themselves.

A policy's gripper wavers; a gripper that is told something new thirty times a second wears out. So only what leaves a
band about the middle counts, not before the last change is some time old. Until the motion has moved a gripper for the
first time nothing is sent: it may hold something. A stop of the motion leaves it what it was told last.
"""
from __future__ import annotations

import numpy as np

from vla_async.bridge.outputs.base import Tick
from vla_async.embodiment import Embodiment, GripperOutput
from vla_async.timebase import NS_PER_MS, nanoseconds
from vla_async.types import FloatArray

REPEAT_NS = 500 * NS_PER_MS  # controllers read best effort: a single message may be lost


class Gripper:
    """The grippers of one output; lower limit: open, upper limit: closed."""

    def __init__(self, output: GripperOutput, robot: Embodiment) -> None:
        self._joints = robot.indices(output.joints)
        self._open, self._closed = robot.array('lower')[self._joints], robot.array('upper')[self._joints]
        self._middle = (self._open + self._closed) / 2
        self._band = output.hysteresis / 2 * (self._closed - self._open)  # to either side of the middle
        self._hold_ns = nanoseconds(output.hold_s)
        self._began: FloatArray | None = None  # where the motion found them, (J,)
        self._moved = np.zeros(self._joints.size, dtype=bool)
        self._changed_ns = np.full(self._joints.size, -self._hold_ns)  # steady time
        self._sent_ns: int | None = None

    def take(self, tick: Tick) -> FloatArray | None:
        """Targets (J,) [rad or m], each open or closed, or where it began; None: nothing to say this tick."""
        position = tick.command.position[self._joints]
        changed = bool(np.isfinite(position).all()) and self._change(position, tick.steady_ns)
        if not changed and (self._sent_ns is None or tick.steady_ns - self._sent_ns < REPEAT_NS):
            return None
        self._sent_ns = tick.steady_ns
        return self._target.copy()

    def _change(self, position: FloatArray, steady_ns: int) -> bool:
        """Take note of where the motion has the grippers (J,); returns whether one has to change."""
        if self._began is None:
            self._began = position
            self._target = np.clip(position, self._open, self._closed)
        self._moved |= np.abs(position - self._began) > self._band
        wanted = np.where(position > self._middle + self._band, self._closed,
                          np.where(position < self._middle - self._band, self._open, self._target))
        edges = (wanted != self._target) & self._moved & (steady_ns - self._changed_ns >= self._hold_ns)
        self._target[edges] = wanted[edges]
        self._changed_ns[edges] = steady_ns
        return bool(edges.any())
