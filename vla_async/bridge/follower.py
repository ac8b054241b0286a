"""Windows of motion in, one safe set-point a tick out.

             accept            window's end, or its successor refused
    HOLDING ────────► FOLLOWING ─────────────────────► HOLDING
       ▲                  │ stop(), old joint states, robot elsewhere, guard
       │ release()        ▼
    STOPPED ◄──────── STOPPING ── (not by stop()) ──► HOLDING

Whatever happens, the set-points stay finite, inside the limits and continuous, and come to rest when nothing new
arrives: every window ends at rest, and `command` never needs anything but its own memory.
"""
from __future__ import annotations

from threading import RLock

import numpy as np

from vla_async.bridge.brake import Brake
from vla_async.bridge.config import FollowerConfig
from vla_async.bridge.guard import Guard
from vla_async.bridge.motion import Glide, Motion, Rest, Spline, fade, glide_duration_s
from vla_async.bridge.watchdog import Watchdog
from vla_async.bridge.window_check import window_fault
from vla_async.errors import DataError
from vla_async.joint_order import JointReading
from vla_async.timebase import seconds
from vla_async.types import FloatArray, JointCommand, JointWindow

INACTIVE, HOLDING, FOLLOWING, STOPPING, STOPPED = 'inactive', 'holding', 'following', 'stopping', 'stopped'
SAME = np.array([[1e-6], [1e-4], [1e-2]])  # two motions that differ by less at the seam are one (3, 1)


class MotionFollower:
    """State machine of the bridge; may be used from two threads."""

    def __init__(self, config: FollowerConfig) -> None:
        self._config, self._tolerances = config, config.tolerances
        self._guard, self._watchdog = Guard(config), Watchdog(config)
        self._window: JointWindow | None = None
        self._motion: Motion = Rest(np.zeros(len(config.joint_names)), 0)
        self._sent = np.zeros((3, len(config.joint_names)))
        self._sent_ns = 0
        self._latch = ''  # why no window is accepted until release()
        self._lock = RLock()
        self.state, self.reason, self.trajectory_ns = INACTIVE, 'not activated', 0

    def observe(self, stamp_ns: int, position: FloatArray, velocity: FloatArray) -> None:
        """Measured joints (D,) [rad or m], [rad/s or m/s] at `stamp_ns`."""
        with self._lock:
            self._watchdog.observe(JointReading(stamp_ns, position, velocity))

    def activate(self, now_ns: int) -> None:
        """Hold the robot where it is; raises DataError unless that is known and within the limits."""
        with self._lock:
            fault = self._watchdog.age_fault(now_ns) or self._outside()
            if fault:
                raise DataError(f'the bridge cannot take over the robot: {fault}')
            self._anchor(now_ns)
            self._latch = ''
            self._hold('no motion has come yet')

    def deactivate(self) -> None:
        """Give up; `command` must not be called until the next `activate`."""
        with self._lock:
            self.state, self.reason, self.trajectory_ns = INACTIVE, 'not activated', 0

    def accept(self, window: JointWindow, now_ns: int) -> str | None:
        """Follow a newer window from now on; returns why it was refused, or None.

        A refused window changes nothing: the motion that is under way runs to its rest.
        """
        with self._lock:
            fault = self._unwilling() or window_fault(window, self._config, now_ns) or self._old(window)
            if fault:
                return fault
            spline = Spline(window)
            fault = self._start_fault(spline, now_ns) or self._join(spline, now_ns)
            if fault:
                return fault
            self._window = window
            self.state, self.reason, self.trajectory_ns = FOLLOWING, '', window.stamp_ns
            return None

    def command(self, now_ns: int) -> JointCommand:
        """Set-point for `now_ns`; raises DataError when inactive."""
        with self._lock:
            if self.state == INACTIVE:
                raise DataError('the bridge is not active')
            now_ns = max(now_ns, self._sent_ns)  # a clock that is set back must not move the robot back
            state = self._checked(now_ns)
            self._guard.sent(state[0], now_ns)
            self._sent, self._sent_ns = state, now_ns
            if now_ns >= self._motion.end_ns:
                self._settle(now_ns)
            return JointCommand(now_ns, state[0], state[1], state[2])

    def stop(self, why: str = 'stopped on request') -> None:
        """Brake as fast as the limits allow and stay until `release`."""
        with self._lock:
            if self.state == INACTIVE:
                return
            self._latch = why
            if self.state == FOLLOWING:
                self._brake(why)
            elif self.state == HOLDING:
                self.state, self.reason = STOPPED, why

    def hold(self, why: str = 'held on request') -> None:
        """Run the present window to its rest and stay there until `release`."""
        with self._lock:
            if self.state == INACTIVE or self._latch:
                return
            self._latch = why
            self.reason = why

    def release(self, now_ns: int) -> str | None:
        """Accept windows again; returns why not, or None. A robot that was moved meanwhile is held where it is now."""
        with self._lock:
            if self.state not in (HOLDING, STOPPED):
                return f'the robot is {self.state}'
            fault = self._watchdog.age_fault(now_ns) or self._outside()
            if fault:
                return fault
            if self._watchdog.distance_fault(self._sent[0], self._tolerances.release, 'the set-point'):
                self._anchor(now_ns)
            self._latch = ''
            self._hold('released')
            return None

    @property
    def latched(self) -> bool:
        """Whether `release` is needed before anything moves."""
        return bool(self._latch)

    def fault(self, now_ns: int) -> str:
        """What the watchdog says now, or nothing."""
        with self._lock:
            return self._watchdog.age_fault(now_ns)

    def _checked(self, now_ns: int) -> FloatArray:
        """State (3, D) at `now_ns` after watchdog and guard had their say."""
        state = self._motion.sample(now_ns)
        if self.state != FOLLOWING:
            return state
        fault = self._watchdog.moving_fault(state[0], now_ns) or self._guard.fault(state[0], now_ns)
        if fault:
            self._brake(fault)
            state = self._motion.sample(now_ns)
        return state

    def _brake(self, why: str) -> None:
        """From the last set-point sent, which was good, to rest."""
        self._motion = _Within(Brake(self._sent, self._config.acceleration, self._config.jerk, self._sent_ns),
                               self._config)
        self._window = None
        self.state, self.reason, self.trajectory_ns = STOPPING, why, 0

    def _settle(self, now_ns: int) -> None:
        """The motion has ended: rest where it ended."""
        if self.state in (HOLDING, STOPPED):
            return
        self._motion = Rest(self._sent[0], now_ns)
        self._window = None
        if self.state == STOPPING:
            why = self.reason
            self._hold(why)
            self.state = STOPPED if self._latch else HOLDING
        else:
            self._hold(self._latch or 'no new motion came')

    def _hold(self, why: str) -> None:
        self.state, self.reason, self.trajectory_ns = HOLDING, why, 0

    def _anchor(self, now_ns: int) -> None:
        """Take the measured position as the set-point."""
        reading = self._watchdog.reading
        if reading is None:
            raise DataError('no joint state has come')
        position = np.clip(reading.position, self._config.lower, self._config.upper)
        self._motion, self._window = Rest(position, now_ns), None
        self._sent, self._sent_ns = self._motion.sample(now_ns), now_ns
        self._guard.restart(position, now_ns)

    def _outside(self) -> str:
        reading = self._watchdog.reading
        if reading is None:
            return 'no joint state has come'
        beyond = np.maximum(self._config.lower - reading.position, reading.position - self._config.upper)
        worst = int(beyond.argmax())
        if beyond[worst] <= self._tolerances.outside:
            return ''
        return f'{self._config.joint_names[worst]} is {beyond[worst]:.3f} beyond its limits'

    def _unwilling(self) -> str:
        """Why no window is wanted now, or nothing."""
        if self._latch:
            return f'{self._latch}; release the bridge first'
        return '' if self.state in (HOLDING, FOLLOWING) else f'the bridge is {self.state}: {self.reason}'

    def _old(self, window: JointWindow) -> str:
        if self._window is None or window.stamp_ns > self._window.stamp_ns:
            return ''
        ahead_s = seconds(self._window.stamp_ns - window.stamp_ns)
        return f'a window that begins {ahead_s:.3f} s later is followed already'

    def _start_fault(self, spline: Spline, now_ns: int) -> str:
        """Why a resting robot must not set out on the window, or nothing."""
        if self.state == FOLLOWING:
            return ''
        start = spline.sample(now_ns)[0]
        return (self._watchdog.age_fault(now_ns)
                or self._watchdog.distance_fault(start, self._tolerances.start, 'the first set-point'))

    def _join(self, spline: Spline, now_ns: int) -> str:
        """Go over from the present motion to the window without a seam; returns why that cannot be, or nothing."""
        present = self._motion
        apart = present.sample(now_ns) - spline.sample(now_ns)
        if isinstance(present, Glide) and (np.abs(apart - present.offset.sample(now_ns)) <= SAME).all():
            self._motion = Glide(spline, present.offset) if now_ns < present.offset.end_ns else spline
            return ''
        if (np.abs(apart) <= SAME).all():
            self._motion = spline
            return ''
        share = self._tolerances.blend_share
        duration_s, joint = glide_duration_s(apart, share * self._config.velocity, share * self._config.acceleration)
        longest_s = self._tolerances.seam_blend_s if self.state == FOLLOWING else self._tolerances.start_blend_s
        if duration_s > longest_s:
            return (f'it would jump by {abs(apart[0, joint]):.4f} and {abs(apart[1, joint]):.4f}/s '
                    f'at {self._config.joint_names[joint]}')
        self._motion = Glide(spline, fade(apart, now_ns, max(duration_s, 0.05)))
        return ''


class _Within:
    """A motion kept between the position limits."""

    def __init__(self, motion: Motion, config: FollowerConfig) -> None:
        self._motion, self._lower, self._upper = motion, config.lower, config.upper
        self.end_ns = motion.end_ns

    def sample(self, now_ns: int) -> FloatArray:
        state = self._motion.sample(now_ns)
        np.clip(state[0], self._lower, self._upper, out=state[0])
        return state
