"""Brings a robot to rest whose bridge has fallen silent, from the process that stands by in place of that bridge.

A controller of single positions stops dead when its stream ends, one of velocities goes on. The reserve hears the same
set-points as the recorder: when they stay away in the middle of a motion, it goes on from the last one and brakes as
the bridge would have.
"""
from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vla_async.bridge.brake import Brake
from vla_async.bridge.config import FollowerConfig
from vla_async.bridge.motion import Within
from vla_async.bridge.outputs.base import Tick
from vla_async.joint_order import JointReading
from vla_async.timebase import NS_PER_MS, seconds
from vla_async.types import JointCommand

LOOK_PERIODS = 1.5  # from look to look: in between there is a message, and its end is noticed within three periods
STREAM = 5  # looks in a row that find one are a stream; a single message is none
MISSED_PERIODS = 3  # who looks less often has missed something
HELD_PERIODS = 6  # a controller that has held a position for longer has stopped the robot
LINGER_NS = 500 * NS_PER_MS  # for so long controllers are told of the rest
APART_NS = 5 * NS_PER_MS  # from a stamp to its arrival, beside the wait for the next look


class StreamWatch:
    """Notices that a stream of one message a period has ended, by looks LOOK_PERIODS apart; steady clock [ns]."""

    def __init__(self, period_ns: int) -> None:
        self._missed_ns = MISSED_PERIODS * period_ns
        self._looked_ns = self._heard_ns = self._count = 0

    def look(self, steady_ns: int, *, came: bool) -> bool:
        """Whether the stream has ended; `came`: a message has, since the look before.

        Who could not look itself knows nothing: the messages may wait to be taken.
        """
        punctual, self._looked_ns = steady_ns - self._looked_ns < self._missed_ns, steady_ns
        if came:
            self._count = min(self._count + 1, STREAM) if self.silent_ns(steady_ns) < self._missed_ns else 1
            self._heard_ns = steady_ns
        return punctual and not came and self._count == STREAM

    def silent_ns(self, steady_ns: int) -> int:
        """How long ago a look found a message [ns]."""
        return steady_ns - self._heard_ns

    def forget(self) -> None:
        """What was heard until now is no stream."""
        self._count = 0


class ReserveBrake:
    """The rest of a motion of which nothing more comes."""

    def __init__(self, config: FollowerConfig, holding: NDArray[np.bool_], last: JointCommand, period_ns: int,
                 now_ns: int, steady_ns: int) -> None:
        """From the set-point `last` on, which somebody has to go on from at `now_ns`; `steady_ns` is the same instant
        by a clock that is never set. `holding` (D,): joints whose controllers hold the last position that they got.
        """
        self._shift_ns = now_ns - steady_ns
        brake = Brake(last.state, config.acceleration, config.jerk, last.stamp_ns)
        self._motion = Within(brake, config.lower, config.upper)
        stopped = now_ns - last.stamp_ns > HELD_PERIODS * period_ns
        self._held, self._position = holding & stopped, last.position

    def tick(self, steady_ns: int) -> Tick:
        """What the controllers are told now. Where joints are measured plays no part: there is no time to learn it."""
        now_ns = steady_ns + self._shift_ns
        state = self._motion.sample(now_ns)
        if self._held.any():  # those stand there already, and shall not be set going again
            state[0, self._held], state[1:, self._held] = self._position[self._held], 0.0
        command = JointCommand(now_ns, *state)
        return Tick(now_ns, steady_ns, command, self._motion, JointReading(now_ns, command.position, command.velocity))

    def rests(self, steady_ns: int) -> bool:
        """Whether the motion is over."""
        return steady_ns + self._shift_ns >= self._motion.end_ns

    def over(self, steady_ns: int) -> bool:
        """Whether the controllers have been told for long enough that it is."""
        return steady_ns + self._shift_ns >= self._motion.end_ns + LINGER_NS


def must_brake(config: FollowerConfig, last: JointCommand, silent_ns: int, period_ns: int, now_ns: int) -> bool:
    """Whether a stream that ended with `last`, `silent_ns` before `now_ns`, has left the robot in motion.

    What is no state of this robot, or is stamped at another time than it came, is not gone on from.
    """
    waited_ns = now_ns - last.stamp_ns - silent_ns
    return (-APART_NS <= waited_ns <= MISSED_PERIODS * period_ns + APART_NS and _is_state(config, last)
            and bool(last.velocity.any() or last.acceleration.any()))


def goes_on(config: FollowerConfig, sent: JointCommand, last: JointCommand, elapsed_ns: int) -> bool:
    """Whether `last` may be where a robot was brought since it was told `sent`, `elapsed_ns` ago by a steady clock."""
    since_ns = last.stamp_ns - sent.stamp_ns
    farthest = config.velocity * config.tolerances.velocity_slack * seconds(since_ns)
    return (0 < since_ns <= elapsed_ns + APART_NS and _is_state(config, last)
            and bool((np.abs(last.position - sent.position) <= farthest).all()))


def _is_state(config: FollowerConfig, command: JointCommand) -> bool:
    rows = (command.position, command.velocity, command.acceleration)
    if any(row.shape != config.lower.shape or not np.isfinite(row).all() for row in rows):
        return False
    slack, velocity, acceleration = config.tolerances, np.abs(command.velocity), np.abs(command.acceleration)
    return bool((command.position >= config.lower - slack.outside).all()
                and (command.position <= config.upper + slack.outside).all()
                and (velocity <= config.velocity * slack.velocity_slack).all()
                and (acceleration <= config.acceleration * slack.acceleration_slack).all())
