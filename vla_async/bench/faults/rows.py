"""A run of the campaign as a row of its JSON, and what a fault's rows come to.

`limit_violations` and the times are what the simulated robot did. `stamps` is what the bridge asked of it, by the
set-points' own stamps: the largest ratios to the limits while it spoke (`position`, `velocity`, `acceleration`), and
those of acceleration as its set-points ended in motion (`stop`) and began again elsewhere (`jump`). `cause` says in a
word where violations come from, `beyond_by_stamps` in how many runs the set-points were beyond by their stamps.
"""
from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vla_async.bench.faults.judge import Trace, Verdict
from vla_async.bench.faults.stamps import StampReport
from vla_async.sim.limit_watch import QUANTITIES, SIDES

Entry = dict[str, Any]
# the bridge asked for it; it fell silent in motion; what it asked for came late; the robot did not do it; nobody knows
SET_POINTS, SILENCE, LATENESS, JOINTS, UNKNOWN = 'set-points', 'silence', 'lateness', 'joints', 'unknown'


@dataclass(frozen=True)
class Run:
    """One fault, once."""

    fault: str
    number: int
    expectation: str
    verdict: Verdict
    trace: Trace
    restart_s: float | None  # from the death of a process until its node is active again
    load: float  # programs that wanted the machine's cores, at the end
    said: tuple[str, ...] = ()  # what the nodes complained of at the end of a run that failed; explains, judges nothing
    stamps: StampReport | None = None
    evidence: Path | None = None  # folder
    refused: tuple[str, ...] = ()  # why the bridge would not let the policy move the robot meanwhile: its own body


def row_of(run: Run) -> Entry:
    """The run, without what the robot did at every instant."""
    verdict, trace = run.verdict, run.trace
    return {'run': run.number, 'passed': verdict.passed, 'why': verdict.why, 'limit_violations': trace.violations,
            'time_to_hold_s': _short(verdict.time_to_hold_s), 'recovery_s': _short(verdict.recovery_s),
            'said': list(run.said), 'restart_s': _short(run.restart_s),
            'fault_s': _short(trace.end_s), 'unjudged_s': _short(trace.unjudged_s), 'load': _short(run.load),
            'cause': cause(trace, run.stamps), 'stamps': _stamps(run.stamps),
            'evidence': None if run.evidence is None else str(run.evidence)}


def cause(trace: Trace, report: StampReport | None) -> str | None:
    """Where limit violations that the physics saw come from, in a word; None without any."""
    if not trace.violations:
        return None
    if not any(f'of {SIDES[0]} ' in words for words in trace.violated):
        return JOINTS
    if report is None or not report.heard_s:
        return UNKNOWN
    if report.beyond:
        return SET_POINTS
    return SILENCE if report.broken_off else UNKNOWN if report.unheard_s else LATENESS


def _stamps(report: StampReport | None) -> Entry | None:
    if report is None:
        return None
    used = {name: _short(ratio) for name, ratio in zip(QUANTITIES, report.ratios, strict=True)}
    return {'heard_s': _short(report.heard_s), 'unheard_s': _short(report.unheard_s), **used,
            'stop': _short(report.stop), 'jump': _short(report.jump), 'longest_gap_s': _short(report.longest_gap_s),
            'beyond': list(report.beyond)}


def sums(rows: list[Entry]) -> Entry:
    """What a fault's runs come to."""
    return {'runs': len(rows), 'passed': sum(row['passed'] for row in rows),
            'limit_violations': sum(row['limit_violations'] for row in rows),
            'beyond_by_stamps': sum(bool((row.get('stamps') or {}).get('beyond')) for row in rows),
            **{f'{key}_max': _largest(rows, key) for key in ('time_to_hold_s', 'recovery_s', 'restart_s')}}


def _largest(rows: list[Entry], key: str) -> float | None:
    known = [row[key] for row in rows if row[key] is not None]
    return max(known) if known else None


def badness(row: Entry) -> tuple[bool, int, float, float]:
    """Greater for the worse of two runs."""
    recovery_s = row['recovery_s']
    return (not row['passed'], row['limit_violations'], float('inf') if recovery_s is None else recovery_s,
            row['time_to_hold_s'] or 0.0)


def trace_of(trace: Trace) -> Entry:
    """What the robot did, for plots."""
    return {'end_s': _short(trace.end_s), 'times_s': [round(float(t), 2) for t in trace.times_s],
            'set_points': [round(float(v), 4) for v in trace.set_points],
            'joints': [round(float(v), 4) for v in trace.joints]}


def in_words(row: Entry) -> str:
    """What the set-points' own stamps say of a run that broke a limit, beside the physics; nothing of any other."""
    stamps = row.get('stamps')  # older campaigns did not note them
    if not stamps or not row['cause']:
        return ''
    used = ', '.join(f'{stamps[name]:.2f} of the {name} limit' for name in QUANTITIES)
    return (f'cause: {row["cause"]}; by their own stamps the set-points took {used}, {stamps["stop"]:.2f} of '
            f'acceleration as they ended in motion, {stamps["jump"]:.2f} as they began again elsewhere, and came up to '
            f'{stamps["longest_gap_s"]:.3f} s apart')


def again_in_words(entry: Entry) -> str:
    """What is told of a run that was no use."""
    return f'tried again at another instant: {entry["fault"]}, run {entry["run"]}: {entry["why"]}'


def _short(value: float | None) -> float | None:
    return None if value is None else round(float(value), 3)
