"""Passed or not: by what the simulated robot did, never by what a node says about itself."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vla_async.types import FloatArray

GOES_ON, COMES_BACK, RESTS = 'goes on', 'comes back', 'rests'  # what a fault may do to the motion
HELD = 1e-3  # largest set-point velocity to its limit that counts as none; a policy that has arrived still has 8e-3
STILL = 5e-3  # the same for the joints, which swing out after their set-points have stopped
LASTING_S = 0.1  # rest and motion count when they last so long
SILENT_S = 1.0  # who has not been heard of for longer may do anything
UNJUDGED_S = 1.0  # a run of which more was not judged tells too little
RESTED = 'came to rest after'  # of a motion that should have gone on
HOLD_S = 3.0  # rest, where it is demanded, must begin within this time


@dataclass(frozen=True)
class Trace:
    """One fault and what came of it. Times are since the fault began; velocities are the largest of any joint's, as
    ratios to its limit, one for each 10 ms."""

    times_s: FloatArray  # (N,)
    set_points: FloatArray  # (N,) what the controllers held
    joints: FloatArray  # (N,) what the simulated joints did
    end_s: float  # when the fault was over; 0.0 for one without duration
    violations: int = 0  # physics steps beyond the limits
    violated: tuple[str, ...] = ()
    unjudged_s: float = 0.0  # simulated time that was not judged, as the simulation itself ran late
    silent_s: float = 0.0  # from the last of these times to the present


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a run ended; `why` is empty when it passed."""

    why: str
    time_to_hold_s: float | None  # from the fault to rest; None: the robot did not come to rest
    recovery_s: float | None  # from the fault's end until motion goes on; 0: it never ended, None: it did not return

    @property
    def passed(self) -> bool:
        return not self.why

    @property
    def only_rested(self) -> bool:
        """Whether nothing was wrong but that the robot came to rest."""
        return self.why.startswith(RESTED)


def judge(trace: Trace, expectation: str, patience_s: float, rests_by_s: float | None = None) -> Verdict:
    """Whether the robot kept its limits and did what is expected; motion must be back within `patience_s`, and a fault
    that lasts longer than `rests_by_s` have brought it to rest by then."""
    hold_s, recovery_s = time_to_hold_s(trace), recovery_time_s(trace)
    faults = [_silence(trace), _limits(trace), _gaps(trace), _restlessness(trace, hold_s, rests_by_s),
              _motion(expectation, hold_s, recovery_s, patience_s)]
    return Verdict('; '.join(filter(None, faults)), hold_s, recovery_s)


def time_to_hold_s(trace: Trace) -> float | None:
    """When the robot first came to rest, set-points and joints [s]; None: it did not."""
    rests = _lasting(trace, (trace.set_points <= HELD) & (trace.joints <= STILL))
    return None if rests is None else float(trace.times_s[rests])


def recovery_time_s(trace: Trace) -> float | None:
    """From the fault's end until set-points move again [s]; 0 when they never rested, None when they still do."""
    hold_s = time_to_hold_s(trace)
    if hold_s is None:
        return 0.0 if len(trace.times_s) and trace.set_points[-1] > HELD else None
    later = trace.times_s >= max(hold_s, trace.end_s)
    moves = _lasting(trace, later & (trace.set_points > HELD))
    return None if moves is None else max(float(trace.times_s[moves]) - trace.end_s, 0.0)


def _lasting(trace: Trace, true: NDArray[np.bool_]) -> int | None:
    """First index from the fault on at which `true` (N,) begins to hold for LASTING_S without a gap."""
    true = true & (trace.times_s >= 0.0)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], true, [False]]).astype(np.int8)))
    for first, behind in edges.reshape(-1, 2):
        if trace.times_s[behind - 1] - trace.times_s[first] >= LASTING_S - 1e-9:
            return int(first)
    return None


def _silence(trace: Trace) -> str:
    return '' if trace.silent_s <= SILENT_S else f'nothing was heard of the robot for {trace.silent_s:.1f} s'


def _limits(trace: Trace) -> str:
    if not trace.violations:
        return ''
    return f'{trace.violations} steps beyond the limits: {", ".join(trace.violated) or "not named"}'


def _gaps(trace: Trace) -> str:
    if trace.unjudged_s <= UNJUDGED_S:
        return ''
    return f'{trace.unjudged_s:.1f} s of it could not be judged, as the simulation itself ran late'


def _restlessness(trace: Trace, hold_s: float | None, rests_by_s: float | None) -> str:
    if rests_by_s is None or trace.end_s <= rests_by_s or (hold_s is not None and hold_s <= rests_by_s):
        return ''
    return f'not at rest within {rests_by_s:g} s of a fault that lasted {trace.end_s:.2f} s'


def _motion(expectation: str, hold_s: float | None, recovery_s: float | None, patience_s: float) -> str:
    if expectation == RESTS:
        if hold_s is None or hold_s > HOLD_S:
            return f'not at rest within {HOLD_S:g} s'
        return '' if recovery_s is None else f'did not stay at rest: it moved again {recovery_s:.2f} s after the fault'
    if expectation == GOES_ON and hold_s is not None:
        return f'{RESTED} {hold_s:.2f} s'
    if recovery_s is None:
        return 'the motion did not come back'
    return '' if recovery_s <= patience_s else f'the motion came back after {recovery_s:.2f} s, not {patience_s:g} s'
