"""All that watches the robot from outside of its motion: joint states, its controllers, the stop signal."""
from __future__ import annotations

from vla_async.bridge.aim_watch import AimWatch
from vla_async.bridge.config import FollowerConfig
from vla_async.bridge.stop_signal import StopSignal
from vla_async.bridge.watchdog import Watchdog
from vla_async.types import FloatArray


class Watches:
    """Asked together, each for what it knows; the first that has something to say is heard."""

    def __init__(self, config: FollowerConfig, stop_signal: StopSignal) -> None:
        self.robot, self.controllers, self.stop_signal = Watchdog(config), AimWatch(config), stop_signal
        self._tolerances = config.tolerances

    def forget(self) -> None:
        """The clock was set: ages of what came before mean nothing."""
        for watch in (self.robot, self.controllers, self.stop_signal):
            watch.forget()

    def fault(self, now_ns: int) -> str:
        """What any of them says now, or nothing."""
        return (self.robot.age_fault(now_ns) or self.robot.speed_fault() or self.stop_signal.fault(now_ns)
                or self.controllers.fault(now_ns))

    def takeover_fault(self, now_ns: int) -> str:
        """Why the robot must not be taken over where it is, or nothing."""
        return self.robot.takeover_fault(now_ns) or self.stop_signal.fault(now_ns)

    def start_fault(self, start: FloatArray, now_ns: int) -> str:
        """Why a resting robot must not set out for the set-point `start` (D,) [rad or m], or nothing."""
        return (self.robot.age_fault(now_ns) or self.robot.speed_fault() or self.controllers.fault(now_ns)
                or self.robot.distance_fault(start, self._tolerances.start, 'the first set-point'))

    def moving_fault(self, position: FloatArray, now_ns: int) -> str:
        """Why a motion with the set-point `position` (D,) must end, or nothing."""
        return self.robot.moving_fault(position, now_ns) or self.controllers.fault(now_ns)
