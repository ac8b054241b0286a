"""Does the robot move at all when it is told to?

Controllers that have stopped, or that nothing reaches any more, leave set-points and joints close together for as long
as the policy sees its robot stand still and asks for little: too close for the limit of the tracking error to tell.
"""
from __future__ import annotations

import numpy as np

from vla_async.bridge.config import FollowerConfig
from vla_async.joint_order import JointReading
from vla_async.timebase import NS_PER_MS, nanoseconds
from vla_async.types import FloatArray

PERIOD_NS = 50 * NS_PER_MS  # from a joint state that is looked at to the next one
TOLD_NS = 1500 * NS_PER_MS  # how long a way is remembered
TOLD = 0.03  # a way shorter than this may be lost between gears [rad or m]
STANDING = 0.1  # share of the way; joints that have moved less stand still


class ResponseWatch:
    """Compares the ways of set-points and of joints, for all joints of a controller together: one may be blocked."""

    def __init__(self, config: FollowerConfig) -> None:
        self._names, self._controllers = config.joint_names, config.controllers
        self._late = nanoseconds(config.tolerances.response_s) // PERIOD_NS  # looks until an answer must be there
        self._late += config.lead_ns // PERIOD_NS
        looks = TOLD_NS // PERIOD_NS + self._late
        self._sent = np.zeros((looks, len(self._names)))
        self._measured = np.zeros_like(self._sent)
        self._count, self._next_ns = 0, 0

    def forget(self) -> None:
        """What was is over: the robot rests, or is somewhere else."""
        self._count = 0

    def fault(self, sent: FloatArray, reading: JointReading) -> str:
        """Which controller does not move its joints, or nothing.

        From the set-point (D,) [rad or m] and the newest joint state: one that is known already tells nothing.
        """
        if self._count and reading.stamp_ns < self._next_ns:
            return ''
        self._next_ns = reading.stamp_ns + PERIOD_NS
        for history, now in ((self._sent, sent), (self._measured, reading.position)):
            history[:-1] = history[1:]
            history[-1] = now
        self._count = min(self._count + 1, len(self._sent))
        return self._judge() if self._count > self._late else ''

    def _judge(self) -> str:
        first = len(self._sent) - self._count
        told = np.ptp(self._sent[first:len(self._sent) - self._late], axis=0)
        moved = np.ptp(self._measured[first:], axis=0)
        for name, joints in self._controllers.items():
            joint = joints[told[joints].argmax()]
            if told[joint] > TOLD and moved[joints].max() < STANDING * told[joint]:
                return (f'{name} does not move the robot: {self._names[joint]} was told to go '
                        f'{told[joint]:.3f} and went {moved[joint]:.3f}')
        return ''
