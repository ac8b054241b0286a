"""What counts in a motion, as pure functions of a trace; lengths are shares of the amplitude. Unknown is None."""
from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from vla_async.bench.fusion.run import OURS, SERVO_NS, SERVO_PER_STEP, Trace
from vla_async.bench.fusion.scenarios import JUMP, gripper_wanted
from vla_async.timebase import NS_PER_S
from vla_async.types import FloatArray

Figures = dict[str, 'float | None']
SETTLED_S = 1.0  # the start does not count
ON_PATH_S = 2.0  # by then a robot that started at rest has caught up with what the policy wants
ROUNDING = 1e-6  # of a limit or an amplitude: what differences of positions cannot tell

# less is better in all of them
SMOOTHNESS = ('largest_step', 'second_difference', 'jerk')
REACTION = ('reach_63_s', 'reach_95_s', 'overshoot')
GRIPPER = ('gripper_travel', 'gripper_late_s')
JUDGED = (*SMOOTHNESS, 'error', *REACTION, *GRIPPER, 'off_path', 'violations')


def figures(trace: Trace) -> Figures:
    """All figures of one run."""
    return {**motion(trace), **reaction(trace), **gripper(trace), 'off_path': off_path(trace), **seams(trace),
            **servo_seams(trace), 'violations': violations(trace),
            'refused': float(sum(not report.accepted for report in trace.reports)),
            'add_us_p50': _percentile(trace.add_us, 50), 'command_us_p50': _percentile(trace.command_us, 50),
            'add_us_p99': _percentile(trace.add_us, 99), 'command_us_p99': _percentile(trace.command_us, 99),
            'window_us_p99': _percentile(trace.window_us, 99)}


def motion(trace: Trace) -> Figures:
    """Smoothness of the arm at the chunks' own rate, and the distance to the motion that is wanted [1, per s^3 for
    jerk]; unknown where that depends on the robot."""
    steps, dt_s = _settled(trace)[::SERVO_PER_STEP], SERVO_NS * SERVO_PER_STEP / NS_PER_S
    times = trace.times_s[trace.times_s >= SETTLED_S][::SERVO_PER_STEP]
    foreseen = trace.scenario.jump_s is None and trace.scenario.circle is None
    wanted = trace.scenario.wanted(0.0, times, trace.robot[0])[:, :trace.scenario.arm]
    size = trace.scenario.amplitude
    return {'largest_step': float(np.abs(np.diff(steps, axis=0)).max() / size),
            'second_difference': _rms(np.diff(steps, 2, axis=0)) / size,
            'jerk': _rms(np.diff(steps, 3, axis=0)) / size / dt_s ** 3,
            'error': _rms(steps - wanted) / size if foreseen else None}


def reaction(trace: Trace) -> Figures:
    """Times [s] from the arrival of the first chunk that knows of a jump to 63 % and 95 % of it, and the overshoot."""
    jump_s = trace.scenario.jump_s
    if jump_s is None:
        return dict.fromkeys(REACTION)
    height = trace.scenario.unit * JUMP
    way = trace.positions.min(axis=1) / height  # the slowest joint
    known_s = next((s for s, report in zip(trace.added_s, trace.reports, strict=True)
                    if s - report.delay_s >= jump_s), None)
    return {'reach_63_s': _reached(trace, way, 0.63, known_s), 'reach_95_s': _reached(trace, way, 0.95, known_s),
            'overshoot': float(max(trace.positions.max() / height - 1.0, 0.0))}


def _reached(trace: Trace, way: FloatArray, share: float, known_s: float | None) -> float | None:
    there = np.flatnonzero(way >= share)
    return None if known_s is None or not len(there) else float(trace.times_s[there[0]] - known_s)


def seams(trace: Trace) -> Figures:
    """Largest jumps where a chunk takes over, as the fuser itself evaluates them; None for those that do not."""
    reports = [report for report in trace.reports if report.accepted]
    size = trace.scenario.amplitude
    names = ('seam_position', 'seam_velocity', 'seam_acceleration')
    if not any(report.transition_s for report in reports):
        return dict.fromkeys(names)
    return {name: max(getattr(report, name) for report in reports) / size for name in names}


def servo_seams(trace: Trace) -> Figures:
    """Largest jumps of q, q' and q'' in the step after a chunk's arrival, as a servo sees them, for any fuser.

    q, q' and q'' at a servo tick are set-points and their backward differences. A jump is how far one lies off the
    straight line through its own two values before, at any servo tick from the arrival until one step later. Without
    any seam a motion with acceleration A and jerk J has up to A dt^2, J dt^2 and 2 J dt of that. Of a fuser that holds
    its actions between steps the whole step counts: a servo has to do all of it at once.
    """
    ticks = np.flatnonzero(np.isin(trace.times_s, [s for s, report in zip(trace.added_s, trace.reports, strict=True)
                                                   if report.accepted and s >= SETTLED_S]))
    around = np.minimum(ticks[:, None] + np.arange(SERVO_PER_STEP + 1), len(trace.positions) - 1)
    arm, dt_s = trace.positions[:, :trace.scenario.arm] / trace.scenario.amplitude, SERVO_NS / NS_PER_S
    names = ('seam_position_servo', 'seam_velocity_servo', 'seam_acceleration_servo')
    return {name: float(np.abs(np.diff(arm, order + 2, axis=0)[around - order - 2]).max(initial=0.0) / dt_s ** order)
            for order, name in enumerate(names)}


def gripper(trace: Trace) -> Figures:
    """How much further the gripper goes than it should: chatter, and the median time [s] from a wanted edge to 90 % of
    the stroke. An edge that is not done when the next one comes counts with the time between them."""
    if trace.scenario.gripper is None:
        return dict.fromkeys(GRIPPER)
    way, wanted = trace.positions[:, -1], gripper_wanted(trace.times_s)
    travel = float(np.abs(np.diff(way)).sum() / np.abs(np.diff(wanted)).sum())
    strokes = np.split(np.abs(way - wanted) <= 0.1, np.flatnonzero(np.diff(wanted)) + 1)[1:]
    late = [int(np.argmax(there)) if there.any() else len(there) for there in strokes]
    return {'gripper_travel': max(travel - 1.0, 0.0), 'gripper_late_s': float(np.median(late)) * SERVO_NS / NS_PER_S}


def off_path(trace: Trace) -> float | None:
    """Largest distance of a robot that follows the set-points from the circle that is wanted, over its radius."""
    if trace.scenario.circle is None:
        return None
    robot = trace.robot[trace.times_s >= ON_PATH_S]
    return float(np.abs(np.linalg.norm(robot, axis=1) / trace.scenario.amplitude - 1.0).max())


def violations(trace: Trace) -> float:
    """Share of the servo ticks at which a joint moves faster or accelerates more than it may."""
    dt_s = SERVO_NS / NS_PER_S
    velocity = np.diff(trace.positions, axis=0)[1:] / dt_s
    acceleration = np.diff(trace.positions, 2, axis=0) / dt_s ** 2
    most = trace.scenario.most * (1.0 + ROUNDING)
    over = (np.abs(velocity) > most[0]).any(axis=1) | (np.abs(acceleration) > most[1]).any(axis=1)
    return float(over.mean())


def medians(runs: Iterable[Figures]) -> Figures:
    """Median of each figure over the runs in which it is known."""
    rows = list(runs)
    known = {key: [value for row in rows if (value := row[key]) is not None] for key in rows[0]}
    return {key: float(np.median(values)) if values else None for key, values in known.items()}


def time_ratios(rows: Mapping[str, Figures]) -> dict[str, float]:
    """Our median times for `add` and `command` over those of VLA-RAIL, all from the same run."""
    return {f'{call} to {rail}': mine / theirs
            for call in ('add', 'command') for rail in ('vla_rail_paper', 'vla_rail_code')
            if rail in rows and (mine := rows[OURS][f'{call}_us_p50']) and (theirs := rows[rail][f'{call}_us_p50'])}


def dominating(ours: Figures, others: Mapping[str, Figures], tolerance: float = 1e-3) -> dict[str, list[str]]:
    """Fusers that are better than ours in some judged figure and worse in none: their names and those figures."""
    found = {}
    for name, other in others.items():
        pairs = [(key, theirs, mine) for key in JUDGED
                 if (theirs := other[key]) is not None and (mine := ours[key]) is not None]
        better = [key for key, theirs, mine in pairs if theirs < mine * (1 - tolerance) - ROUNDING]
        worse = [key for key, theirs, mine in pairs if theirs > mine * (1 + tolerance) + ROUNDING]
        if better and not worse:
            found[name] = better
    return found


def _settled(trace: Trace) -> FloatArray:
    return trace.positions[trace.times_s >= SETTLED_S, :trace.scenario.arm]


def _rms(values: FloatArray) -> float:
    return float(np.sqrt(np.mean(values ** 2)))


def _percentile(values: list[float], share: int) -> float | None:
    return float(np.percentile(values, share)) if values else None
