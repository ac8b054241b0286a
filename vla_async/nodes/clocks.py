"""The two clocks of a node: ROS time stamps things and may be set; steady time says how often something is done."""
from __future__ import annotations

import time
from collections.abc import Callable

from rclpy.clock import Clock, ClockType, JumpThreshold, TimeJump
from rclpy.duration import Duration
from rclpy.node import Node

from vla_async.clock_jumps import JUMP_S, ClockJumps
from vla_async.timebase import seconds

STEADY = Clock(clock_type=ClockType.STEADY_TIME)  # for timers that must not wait when the clock is set back
LOOK_PERIOD_S = 0.1
SIMULATED_FORWARD_S = 2.0  # a bag that is played fast tells the time in long steps

APART_NS, TRIES = 50_000, 5  # readings this near to each other are of one instant


def one_instant(now_ns: Callable[[], int]) -> tuple[int, int]:
    """What `now_ns` and the steady clock tell at one instant [ns].

    A thread may have to wait between two readings, and then they would seem to have jumped against each other.
    """
    for _ in range(TRIES):
        before_ns, instant_ns, after_ns = time.monotonic_ns(), now_ns(), time.monotonic_ns()
        if after_ns - before_ns <= APART_NS:
            break
    return instant_ns, (before_ns + after_ns) // 2


class ClockWatch:
    """Calls `jumped(seconds)` when the node's clock was set, be it the machine's or that of a simulation or a bag.

    ROS itself tells of jumps of simulated time only.
    """

    def __init__(self, node: Node, jumped: Callable[[float], None]) -> None:
        self._clock, self._jumped = node.get_clock(), jumped
        self._jumps = ClockJumps()
        self._handle = self._clock.create_jump_callback(
            JumpThreshold(min_forward=Duration(seconds=SIMULATED_FORWARD_S),
                          min_backward=Duration(seconds=-JUMP_S)),
            post_callback=self._simulated_jump)
        node.create_timer(LOOK_PERIOD_S, self.look, clock=STEADY)

    def look(self) -> None:
        """Compare with the steady clock now."""
        if self._clock.ros_time_is_active:
            self._jumps = ClockJumps()  # simulated time goes at any speed
            return
        jump_s = self._jumps.look(self._clock.now().nanoseconds, time.monotonic_ns())
        if jump_s:
            self._jumped(jump_s)

    def _simulated_jump(self, jump: TimeJump) -> None:
        self._jumped(seconds(jump.delta.nanoseconds))


class ReceiptTimes:
    """When messages came, in the node's time: DDS tells it in that of the machine."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._shift_ns = self._begin_ns = 0

    def look(self) -> bool:
        """Compare both clocks now; False while nobody has told the node's time yet."""
        now_ns = self._clock.now().nanoseconds
        if self._clock.ros_time_is_active:
            self._shift_ns = now_ns - time.time_ns()
            self._begin_ns = self._begin_ns or now_ns
        return bool(now_ns)

    def of(self, machine_ns: int) -> int:
        """What the node's clock told at a time of the machine shortly before the last look [ns]."""
        return max(machine_ns + self._shift_ns, self._begin_ns)
