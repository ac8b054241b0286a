"""Windows of motion in, one safe set-point a tick out.

             accept            window's end, or its successor refused
    HOLDING ────────► FOLLOWING ─────────────────────► HOLDING
       ▲                  │ stop(), a watchdog, the guard
       │ release()        ▼
    STOPPED ◄──────── STOPPING ── (not by stop()) ──► HOLDING

Whatever happens, the set-points stay finite, inside the limits and continuous, and come to rest when nothing new
arrives: every window ends at rest, and `tick` never needs anything but its own memory.
"""
from __future__ import annotations

from threading import RLock

from vla_async.bridge.aim_watch import ControllerState
from vla_async.bridge.clock_watch import ClockWatch, Step
from vla_async.bridge.config import FollowerConfig
from vla_async.bridge.course import Course
from vla_async.bridge.guard import Guard
from vla_async.bridge.handover import LastWord, start_position
from vla_async.bridge.motion import BodyCheck, Motion, Spline
from vla_async.bridge.outputs.base import Tick
from vla_async.bridge.reserve_brake import goes_on
from vla_async.bridge.states import FOLLOWING, HOLDING, INACTIVE, STOPPED, STOPPING, StateMachine
from vla_async.bridge.stop_signal import StopSignal
from vla_async.bridge.watches import Watches
from vla_async.bridge.window_check import window_fault
from vla_async.errors import DataError
from vla_async.joint_order import JointReading
from vla_async.timebase import seconds
from vla_async.types import FloatArray, JointCommand, JointWindow


class MotionFollower(StateMachine):
    """State machine of the bridge; may be used from several threads."""

    def __init__(self, config: FollowerConfig, body: BodyCheck | None = None,
                 stop_signal: StopSignal | None = None) -> None:
        """`body`, when given, looks at motions, too; `stop_signal` can stop the robot for good."""
        super().__init__()
        self._config, self._tolerances, self._body = config, config.tolerances, body
        self._guard, self._clock = Guard(config), ClockWatch(config.tolerances)
        self._watches = Watches(config, stop_signal or StopSignal(0.0, config.tolerances.clock_lead_s))
        self._window: JointWindow | None = None
        self._course = Course(config)
        self._lock = RLock()
        self.guarded = 0  # how often the guard has stopped a motion

    # -- what comes in -----------------------------------------------------------------------------------------

    def observe(self, stamp_ns: int, position: FloatArray, velocity: FloatArray) -> None:
        """Measured joints (D,) [rad or m], [rad/s or m/s] at `stamp_ns`."""
        with self._lock:
            self._watches.robot.observe(JointReading(stamp_ns, position, velocity))

    def believes(self, last: JointCommand, steady_ns: int) -> bool:
        """Whether `last` may be where another process has braked the robot since the last tick."""
        with self._lock:
            elapsed_ns = self._clock.since_ns(steady_ns)
            return self.moving and goes_on(self._config, self._course.command, last, elapsed_ns)

    def resume_from(self, last: JointCommand, now_ns: int, steady_ns: int) -> JointCommand | None:
        """While no set-points were sent another process has braked the robot, and still does: go on from where.

        `last` is any set-point of that: how braking goes on from there is known. Its stamp is of the time before the
        clock was set, if that has happened. None is returned when it is not believed.
        """
        with self._lock:
            if not self.believes(last, steady_ns):
                return None
            step = self._clock.step(now_ns, steady_ns)
            self._forget_time(step)
            age_ns = max(step.elapsed_ns - (last.stamp_ns - self._course.command.stamp_ns), 0)
            self._course.brake_from(last.state, now_ns - age_ns)
            self._stopping('no set-point was sent; the reserve has braked')
            return JointCommand(now_ns, *self._course.motion.sample(now_ns))

    def observe_speed(self, scale: float) -> None:
        """The share of its speed at which the robot's controllers follow trajectories, 1: all of it."""
        with self._lock:
            self._watches.robot.speed_scale = scale

    def observe_controller(self, controller: str, state: ControllerState) -> None:
        """What a trajectory controller says of itself. While the robot runs slowly it is behind for that reason."""
        with self._lock:
            judged = self.state != INACTIVE and not self._watches.robot.speed_fault()
            sent = self._course.at(state.stamp_ns) if judged else None
            self._watches.controllers.observe(controller, state, sent)

    def hear(self, stamp_ns: int, stop: bool, reason: str) -> None:
        """Word of the stop signal."""
        with self._lock:
            self._watches.stop_signal.hear(stamp_ns, stop, reason)

    def accept(self, window: JointWindow, now_ns: int) -> str | None:
        """Follow a newer window from now on; returns why it was refused, or None.

        A refused window changes nothing: the motion that is under way runs to its rest.
        """
        with self._lock:
            present = self._course.motion
            motion, fault = self._joined(window, now_ns)
        if not fault and self._body:  # takes its time, and the set-points must not wait for it
            fault = self._body.motion_fault(motion, now_ns)
        if fault:
            return fault
        with self._lock:
            if self._course.motion is not present:
                return f'the robot has changed its motion meanwhile: it is {self.state}'
            if fault := self._unwilling():  # a stop at rest changes no motion
                return fault
            self._course.motion, self._window = motion, window
            self._become(FOLLOWING, '', window.stamp_ns)
            return None

    # -- what people and supervisors say -----------------------------------------------------------------------

    def activate(self, now_ns: int, steady_ns: int, held: FloatArray | None = None) -> None:
        """Hold the robot where its controllers hold it already, (D,), NaN: not known, or else where it is measured.

        Raises DataError unless that is known and within the limits.
        """
        with self._lock:
            fault = self._watches.takeover_fault(now_ns)
            if fault:
                raise DataError(f'the bridge cannot take over the robot: {fault}')
            self._anchor(now_ns, held)
            self._clock.restart(now_ns, steady_ns)
            self._latch = ''
            self._become(HOLDING, 'no motion has come yet')

    def inherit(self, word: LastWord) -> None:
        """What a predecessor was latched by latches its successor, too, before any window can come."""
        if word.latch:
            (self.hold if word.state == HOLDING else self.stop)(word.latch)

    def deactivate(self) -> None:
        """Give up; `tick` must not be called until the next `activate`."""
        with self._lock:
            self._become(INACTIVE, 'not activated')

    def stop(self, why: str = 'stopped on request') -> None:
        """Brake as fast as the limits allow and stay until `release`."""
        with self._lock:
            if self.state == INACTIVE or (self.state == STOPPED and self._latch):
                return
            self._latch = why
            if self.state == FOLLOWING:
                self._brake(why)
            elif self.state == HOLDING:
                self._become(STOPPED, why)

    def hold(self, why: str = 'held on request') -> None:
        """Run the present window to its rest and stay there until `release`."""
        with self._lock:
            if self.state == INACTIVE or self._latch:
                return
            self._latch = why
            self._become(self.state, why, self.trajectory_ns)

    def release(self, now_ns: int) -> str | None:
        """Accept windows again; returns why not, or None. A robot that was moved meanwhile is held where it is now."""
        with self._lock:
            if self.state not in (HOLDING, STOPPED):
                return f'the robot is {self.state}'
            fault = self._watches.takeover_fault(now_ns)
            if fault:
                return fault
            if self._watches.robot.distance_fault(self._course.sent[0], self._tolerances.release, 'the set-point'):
                self._anchor(now_ns)
            self._latch = ''
            self._become(HOLDING, 'released')
            return None

    def fault(self, now_ns: int) -> str:
        """What the watchdogs say now, or nothing."""
        with self._lock:
            return self._watches.fault(now_ns)

    def silence(self, now_ns: int) -> str:
        """Which controllers say nothing of themselves any more, or nothing."""
        with self._lock:
            return self._watches.controllers.silence(now_ns)

    def controller_errors(self, now_ns: int) -> dict[str, float]:
        """The largest error [rad or m] that each controller itself finds, by its name."""
        with self._lock:
            return self._watches.controllers.errors(now_ns)

    # -- what goes out -----------------------------------------------------------------------------------------

    def tick(self, now_ns: int, steady_ns: int) -> Tick:
        """Set-point for `now_ns` of the robot's clock, `steady_ns` of one never set; raises DataError when inactive."""
        with self._lock:
            if self.state == INACTIVE:
                raise DataError('the bridge is not active')
            self._heed_clock(now_ns, steady_ns)
            if fault := self._watches.stop_signal.fault(now_ns):
                self.stop(fault)
            course, state = self._course, self._checked(now_ns, steady_ns)
            self._guard.sent(state[0], steady_ns)
            course.send(state, now_ns)
            if now_ns >= course.motion.end_ns:
                self._settle(now_ns)
            return Tick(now_ns, steady_ns, course.command, course.motion, self._watches.robot.reading)

    def _heed_clock(self, now_ns: int, steady_ns: int) -> None:
        step = self._clock.step(now_ns, steady_ns)
        if not step.jump and not step.gap:
            return
        course, moving = self._course, self.moving
        self._forget_time(step)
        if step.jump:
            course.sent_ns = now_ns - step.elapsed_ns  # in the time that the clock tells now
        if not moving:
            course.rest_at(course.sent[0], now_ns)
            return
        if step.gap:
            course.resume_at_rest(now_ns)
            self._guard.restart(course.motion.sample(now_ns)[0])
        else:
            course.brake_at_once()
        self._stopping(step.jump or step.gap)

    def _forget_time(self, step: Step) -> None:
        if step.jump:
            self._watches.forget()

    def _checked(self, now_ns: int, steady_ns: int) -> FloatArray:
        """State (3, D) at `now_ns` after watchdogs and guards had their say."""
        state = self._course.motion.sample(now_ns)
        if self.state != FOLLOWING:
            self._watches.robot.rested()
            return state
        if fault := self._watches.moving_fault(state[0], now_ns):
            self._brake(fault)
        elif fault := self._watches.robot.response_fault(state[0]):
            self._latch = fault
            self._brake(fault)
        elif fault := self._guard.fault(state[0], steady_ns):
            self.guarded += 1
            self._course.brake_at_once()
            self._stopping(fault)
        return self._course.motion.sample(now_ns) if fault else state

    # -- transitions -------------------------------------------------------------------------------------------

    def _brake(self, why: str) -> None:
        self._course.brake()
        self._stopping(why)

    def _stopping(self, why: str) -> None:
        self._window = None
        self._become(STOPPING, why)

    def _settle(self, now_ns: int) -> None:
        """The motion has ended: rest where it ended."""
        if self.state in (HOLDING, STOPPED):
            return
        self._course.settle(now_ns)
        self._window = None
        if self.state == STOPPING:
            self._become(STOPPED if self._latch else HOLDING, self._latch or self.reason)
        else:
            self._become(HOLDING, self._latch or 'no new motion came')

    def _anchor(self, now_ns: int, held: FloatArray | None = None) -> None:
        """Take the measured position as the set-point, or what is held."""
        self._course.rest_at(start_position(self._watches.robot.measured(), held, self._config), now_ns)
        self._window = None
        self._guard.restart(self._course.sent[0])

    # -- whether a window may be followed ----------------------------------------------------------------------

    def _joined(self, window: JointWindow, now_ns: int) -> tuple[Motion, str]:
        """The motion that goes over to the window, or the present one and why there is none."""
        fault = self._unwilling() or window_fault(window, self._config, now_ns) or self._old(window)
        if fault:
            return self._course.motion, fault
        spline = Spline(window)
        if fault := self._start_fault(spline, now_ns):
            return self._course.motion, fault
        longest_s = self._tolerances.seam_blend_s if self.state == FOLLOWING else self._tolerances.start_blend_s
        return self._course.joined(spline, now_ns, longest_s)

    def _old(self, window: JointWindow) -> str:
        if self._window is None or window.stamp_ns > self._window.stamp_ns:
            return ''
        return f'one that begins {seconds(self._window.stamp_ns - window.stamp_ns):.3f} s later is followed already'

    def _start_fault(self, spline: Spline, now_ns: int) -> str:
        """Why a resting robot must not set out on the window, or nothing."""
        if self.state == FOLLOWING:
            return ''
        return self._watches.start_fault(spline.sample(now_ns + self._config.lead_ns)[0], now_ns)
