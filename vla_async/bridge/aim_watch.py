"""Do trajectory controllers aim at what they were sent? They say what they aim at, and for what time.

By stamp: how late a message comes does not matter. A controller that never says anything is not watched, and one that
falls silent is no fault: what is unknown is not wrong.
"""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vla_async.bridge.config import FollowerConfig
from vla_async.bridge.watchdog import FULL_SPEED
from vla_async.timebase import nanoseconds, seconds
from vla_async.types import FloatArray

PATIENCE_S = 0.3  # a controller that is off for a shorter time is not
SILENT_S = 1.0  # a state older than this says nothing of now


@dataclass(frozen=True, slots=True)
class ControllerState:
    """What the controller of J joints says of itself."""

    stamp_ns: int
    joints: NDArray[np.intp]  # (J,) their places in the embodiment
    reference: FloatArray  # (J,) what it aims at, at the time of its stamp [rad or m]
    error: FloatArray  # (J,) from where they were measured to there [rad or m]
    speed: float = 1.0  # the share of its speed at which it goes along trajectories


@dataclass(frozen=True, slots=True)
class _Judged:
    state: ControllerState
    aim: str  # where it aims instead of at what it was sent, or nothing
    since_ns: int  # stamp of the first state in a row that says so


class AimWatch:
    """Remembers what became of the newest state of each controller, by the controller's name."""

    def __init__(self, config: FollowerConfig) -> None:
        self._config, self._lead_s = config, config.tolerances.clock_lead_s
        self._patience_ns = nanoseconds(PATIENCE_S) + config.lead_ns  # it may know of a change only so much later
        self._known: dict[str, _Judged] = {}

    def observe(self, controller: str, state: ControllerState, sent: FloatArray | None) -> None:
        """A state, and what was sent for its time, (D,) [rad or m]; None: nobody knows, or it need not be there.

        A state that is much older than the known one tells that the known one was stamped in the future.
        """
        known = self._known.get(controller)
        if known is None or not 0.0 <= seconds(known.state.stamp_ns - state.stamp_ns) <= self._lead_s:
            self._known[controller] = self._judged(controller, known, state, sent)

    def forget(self) -> None:
        """The clock was set: what was said before has no age any more."""
        self._known.clear()

    def fault(self, now_ns: int) -> str:
        """Which controller does not follow what it is sent, or nothing."""
        for name, known in self._present(now_ns):
            if not known.state.speed >= FULL_SPEED:  # NaN is not
                return f'controller {name} runs at {100 * known.state.speed:.0f} % of its speed'
            if known.state.stamp_ns - known.since_ns > self._patience_ns:
                return known.aim
        return ''

    def silence(self, now_ns: int) -> str:
        """Which controllers have said something of themselves, and nothing of now, or nothing."""
        present = dict(self._present(now_ns))
        return '; '.join(f'controller {name} says nothing of now any more: it has stopped, or the clocks differ'
                         for name in self._known if name not in present)

    def errors(self, now_ns: int) -> dict[str, float]:
        """Largest error of each controller's own [rad or m], by its name."""
        return {name: float(np.abs(known.state.error).max()) for name, known in self._present(now_ns)}

    def _present(self, now_ns: int) -> Iterator[tuple[str, _Judged]]:
        """Those whose newest state is about now."""
        for name, known in self._known.items():
            if -self._lead_s <= seconds(now_ns - known.state.stamp_ns) <= SILENT_S:
                yield name, known

    def _judged(self, controller: str, known: _Judged | None, state: ControllerState,
                sent: FloatArray | None) -> _Judged:
        aim = ''
        if sent is not None and state.speed >= FULL_SPEED:  # one that runs slowly is behind for that reason
            aim = self._aim(controller, state, sent)
        lasts = aim and known and known.aim and 0.0 < seconds(state.stamp_ns - known.state.stamp_ns) <= SILENT_S
        return _Judged(state, aim, known.since_ns if known and lasts else state.stamp_ns)

    def _aim(self, controller: str, state: ControllerState, sent: FloatArray) -> str:
        """How it aims elsewhere than at what was sent, or nothing."""
        reference = sent.copy()
        reference[state.joints] = state.reference
        apart = self._config.apart(reference, sent)
        worst = int(apart.argmax())  # NaN, if there is one
        if apart[worst] <= self._config.tolerances.reference:
            return ''
        return (f'controller {controller} aims {apart[worst]:.3f} away from what it was sent, '
                f'at {self._config.joint_names[worst]}')
