"""What the robot does if nothing else comes: the motion under way, and the changes that can be made to it.

Controllers that hold a stretch of motion (of streamed joints) cannot be told of a change sooner than a message takes:
for a robot that has such, a change comes `commit_s` from now, and nothing before it is touched.
"""
from __future__ import annotations

import numpy as np

from vla_async.bridge.brake import Brake
from vla_async.bridge.config import FollowerConfig
from vla_async.bridge.motion import Motion, Pieces, Rest, Spline, Split, Within
from vla_async.bridge.seam import joined
from vla_async.bridge.sent_record import SentRecord
from vla_async.timebase import NS_PER_MS
from vla_async.types import FloatArray, JointCommand

HISTORY_NS = 200 * NS_PER_MS  # how far back controllers of streamed joints are told of the motion


class Course:
    """The motion, and the state (3, D) that was sent last: position [rad or m], velocity, acceleration."""

    def __init__(self, config: FollowerConfig) -> None:
        self._config = config
        self.motion: Motion = Rest(np.zeros(len(config.joint_names)), 0)
        self.sent = np.zeros((3, len(config.joint_names)))
        self.sent_ns = 0
        self._record = SentRecord()

    @property
    def command(self) -> JointCommand:
        """What was sent last."""
        return JointCommand(self.sent_ns, *self.sent)

    def rest_at(self, position: FloatArray, now_ns: int) -> None:
        """Stay at `position` (D,) from now on."""
        self.motion = Rest(position, now_ns)
        self.send(self.motion.sample(now_ns), now_ns)

    def settle(self, now_ns: int) -> None:
        """The motion has ended. Where joints are streamed it is kept: their controllers are told of its past, too."""
        if not self._config.lead_ns:
            self.rest_at(self.sent[0], now_ns)

    def send(self, state: FloatArray, now_ns: int) -> None:
        """Remember what is sent, (3, D)."""
        self.sent, self.sent_ns = state, now_ns
        self._record.add(now_ns, state[0])

    def at(self, at_ns: int) -> FloatArray | None:
        """Positions (D,) for a time: as they were sent, or as they will be; None where nobody knows any more."""
        return self._record.at(at_ns) if at_ns < self.sent_ns else self.motion.sample(at_ns)[0]

    def joined(self, spline: Spline, now_ns: int, longest_s: float) -> tuple[Motion, str]:
        """The motion that goes over to the spline within `longest_s` [s], or the present one and why there is none."""
        at_ns = now_ns + self._config.lead_ns
        motion, fault = joined(self._last(), spline, at_ns, longest_s, self._config)
        return (self.motion if fault else self._from(motion, at_ns, now_ns)), fault

    def brake(self) -> None:
        """To rest, from where the motion can be changed first."""
        at_ns = self.sent_ns + self._config.lead_ns
        state = self.motion.sample(at_ns) if self._config.lead_ns else self.sent
        self.motion = self._from(self._braking(state, at_ns), at_ns, self.sent_ns)

    def brake_at_once(self) -> None:
        """To rest from what was sent last, which was good, whatever streamed joints were told."""
        self.motion = self._braking(self.sent, self.sent_ns)

    def resume_at_rest(self, now_ns: int) -> None:
        """After a time without set-points: single ones were held meanwhile, streamed joints have gone on."""
        rest = Rest(self.sent[0], now_ns)
        self.motion = Split(self._config.streamed, self.motion, rest) if self._config.lead_ns else rest

    def brake_from(self, state: FloatArray, at_ns: int) -> None:
        """To rest from where others have brought the joints, (3, D) at `at_ns`; streamed ones have gone on."""
        braking = self._braking(state, at_ns)
        self.motion = Split(self._config.streamed, self.motion, braking) if self._config.lead_ns else braking

    def _braking(self, state: FloatArray, at_ns: int) -> Motion:
        config = self._config
        return Within(Brake(state, config.acceleration, config.jerk, at_ns), config.lower, config.upper)

    def _last(self) -> Motion:
        return self.motion.last if isinstance(self.motion, Pieces) else self.motion

    def _from(self, motion: Motion, at_ns: int, now_ns: int) -> Motion:
        """The present motion until `at_ns`, then another."""
        if not self._config.lead_ns:
            return motion
        present = self.motion if isinstance(self.motion, Pieces) else Pieces(((self.sent_ns, self.motion),))
        return present.then(motion, at_ns, now_ns - HISTORY_NS)
