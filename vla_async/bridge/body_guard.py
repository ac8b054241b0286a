"""The guard that knows the robot's body: no motion into itself, out of its workspace, or with too fast a hand.

A motion is looked at whole before the robot sets out on it, down to its rest. What is refused leaves the motion that is
under way, which was looked at, and runs to its rest. So the robot never begins to move into itself, whatever comes
next, and also when nothing comes any more.

Where the robot is when the motion begins is what it is compared with: one that is too near to itself or outside of its
workspace already may move out, and nothing may make it worse. Of links that are in each other depth is what counts, to
the nearest face: out of deep overlap, which only a crude shape allows, another way may be needed than the straight one.

What the robot does instead of the motion it was to make is near it. Servos trail on nearly the same path. Brakes, which
stop each joint as fast as it can and so leave the path, brought no two links of the Astribot nearer than 8 mm (margin
5) and of the SO-101 nearer than 15 mm (margin 10): 1185 and 1446 brakes out of motions that jump between random
postures at the limits of all joints. Out of demonstrations they lost 1 mm at most.

25 joints, 167 pairs: a window of the demo is decoded, checked and looked at in 1.1 ms (median; 90 % below 1.3 ms).
"""
from __future__ import annotations

import math
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from vla_async.bridge.motion import Motion
from vla_async.bridge.self_collision import Approach, first_approach, reach
from vla_async.embodiment import Box, Embodiment
from vla_async.kinematics.body import Body
from vla_async.timebase import NS_PER_MS, NS_PER_S, seconds
from vla_async.types import FloatArray

STEP_NS = 20 * NS_PER_MS  # between two samples joints go straight: off by 0.4 mrad at 8 rad/s^2
LONGEST_NS = 10 * NS_PER_S  # a longer motion would keep the bridge busy for too long
SAME = 1e-5  # places of the same posture, computed again, differ by less [m]


class BodyGuard:
    """Judges motions; may be used from several threads.

    `refused` counts the motions that were, by what was wrong with them.
    """

    def __init__(self, robot: Embodiment, hand_speed_max: float = math.inf) -> None:
        """hand_speed_max [m/s] in the root frame; raises ConfigError when the URDF lacks what the robot file names."""
        self._body, self._margin, self._hand_speed_max = Body(robot), robot.collision.margin, hand_speed_max
        self._hands, anywhere = tuple(robot.hands), Box((-math.inf,) * 3, (math.inf,) * 3)
        boxes = [robot.workspace.get(hand, anywhere) for hand in self._hands]
        self._lower = np.array([box.lower for box in boxes]).reshape(-1, 3)  # (P, 3) [m]
        self._upper = np.array([box.upper for box in boxes]).reshape(-1, 3)
        self._lock = Lock()
        self.refused = {'self-collision': 0, 'workspace': 0, 'hand speed': 0}

    def motion_fault(self, motion: Motion, now_ns: int) -> str:
        """Why the robot, which is where `motion` is at `now_ns`, must not go along it, or nothing."""
        if motion.end_ns - now_ns > LONGEST_NS:
            return f'guard: a motion of {seconds(motion.end_ns - now_ns):.1f} s is too long to be looked at'
        stamps = np.append(np.arange(now_ns, motion.end_ns, STEP_NS), max(motion.end_ns, now_ns))
        path = motion.positions(stamps)
        if not np.isfinite(path).all():
            return 'guard: the motion is not finite'
        with self._lock:
            return self._judge((stamps - now_ns) / NS_PER_S, path)

    def fault(self, position: FloatArray) -> str:
        """What is wrong with a robot that rests at `position` (D,) [rad or m], or nothing."""
        path = position[None]
        with self._lock:
            postures = self._body.look(path, self._margin)
        distance, beyond = postures.distance[0], self._beyond(postures.hands_in_base)[0]
        if (distance < self._margin).any():
            one, other = self._body.pairs[int(distance.argmin())]
            return f'{one} and {other} are within {1e3 * distance.min():.0f} mm of each other'
        if (beyond > 0).any():
            return f'the {self._hands[_worst(beyond)]} hand is {1e3 * beyond.max():.0f} mm out of its workspace'
        return ''

    def _judge(self, times: FloatArray, path: FloatArray) -> str:
        postures = self._body.look(path, reach(self._body.travel(path), self._margin))
        approach = first_approach(self._body, self._margin, times, path, postures)
        return (self._count('self-collision', _collision(approach))
                or self._count('workspace', self._departure(times, self._beyond(postures.hands_in_base)))
                or self._count('hand speed', self._haste(times, postures.hands)))

    def _count(self, kind: str, fault: str) -> str:
        self.refused[kind] += bool(fault)
        return fault and f'guard: {fault}'

    def _departure(self, times: FloatArray, beyond: FloatArray) -> str:
        """From how far hands are out of their boxes, (N, P, 3) [m]."""
        further = beyond - beyond[0]
        row = _first(further > SAME)
        if row is None:
            return ''
        hand = _worst(further[row])
        return (f'the {self._hands[hand]} hand would be {1e3 * beyond[row, hand].max():.0f} mm out of its workspace '
                f'{times[row]:.2f} s ahead')

    def _haste(self, times: FloatArray, hands: FloatArray) -> str:
        """From the hands' points (N, P, 3) in the root frame [m]."""
        speed = np.linalg.norm(np.diff(hands, axis=0), axis=2) / np.diff(times)[:, None]
        row = _first(speed > self._hand_speed_max)
        if row is None:
            return ''
        return (f'the {self._hands[speed[row].argmax()]} hand would move at {speed[row].max():.2f} m/s '
                f'{times[row]:.2f} s ahead, allowed are {self._hand_speed_max:.2f}')

    def _beyond(self, hands: FloatArray) -> FloatArray:
        """How far hands (N, P, 3) in the base frame are out of their boxes along each axis, 0 inside [m]."""
        return np.maximum(np.maximum(self._lower - hands, hands - self._upper), 0.0)


def _collision(approach: Approach | None) -> str:
    if approach is None:
        return ''
    one, other = approach.links
    return (f'{one} and {other} would come within {1e3 * approach.distance:.0f} mm of each other '
            f'{approach.time:.2f} s ahead')


def _worst(amount: FloatArray) -> int:
    """The hand with the greatest of (P, 3)."""
    return int(amount.max(axis=1).argmax())


def _first(bad: NDArray[np.bool_]) -> int | None:
    """The first row in which anything of `bad` (N, ...) is true."""
    rows = np.flatnonzero(bad.any(axis=tuple(range(1, bad.ndim))))
    return int(rows[0]) if rows.size else None
