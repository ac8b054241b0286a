"""What a campaign found, as JSON: one entry for each fault, each with its runs; what is there is not done again."""
from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vla_async.bench.faults.judge import Trace, Verdict
from vla_async.errors import ConfigError

Entry = dict[str, Any]


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


class Results:
    """All runs so far. Where there is a path, they are read from it and written to it after every run."""

    def __init__(self, conditions: Mapping[str, Any], path: Path | None) -> None:
        """Raises ConfigError when the file there is of a campaign with other settings."""
        self.path = path
        self.content: dict[str, Any] = {'conditions': dict(conditions), 'faults': [], 'memory': None, 'leftovers': []}
        if path is not None and path.exists():
            self._continue(path)

    @property
    def faults(self) -> list[Entry]:
        """One entry for each fault that was tried."""
        entries: list[Entry] = self.content['faults']
        return entries

    @property
    def passed(self) -> bool:
        """Whether everything that was tried passed, and nothing was left behind."""
        memory = self.content['memory']
        return (all(entry['passed'] == entry['runs'] for entry in self.faults) and not self.content['leftovers']
                and (memory is None or memory['flat']))

    def has(self, fault: str, number: int) -> bool:
        """Whether this run was done already."""
        return any(entry['name'] == fault and any(run['run'] == number for run in entry['each'])
                   for entry in self.faults)

    def add(self, run: Run) -> None:
        """Note a run."""
        entry = next((entry for entry in self.faults if entry['name'] == run.fault), None)
        if entry is None:
            entry = {'name': run.fault, 'expectation': run.expectation, 'each': [], 'worst': None}
            self.faults.append(entry)
        row = _row(run)
        entry['each'].append(row)
        entry.update(_sums(entry['each']))
        if entry['worst'] is None or _badness(row) > _badness(entry['each'][_place(entry)]):
            entry['worst'] = {'run': run.number, **_trace(run.trace)}
        self.write()

    def note(self, **content: Any) -> None:
        """Replace other parts of the content."""
        self.content.update(content)
        self.write()

    def write(self) -> None:
        """To the file, whole or not at all."""
        if self.path is None:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        draft = self.path.with_suffix('.part')
        draft.write_text(json.dumps(self.content, indent=1, allow_nan=False) + '\n')
        draft.replace(self.path)

    def _continue(self, path: Path) -> None:
        try:
            content = json.loads(path.read_text())
            settings = content['conditions']['settings']
        except (ValueError, KeyError, TypeError) as error:
            raise ConfigError(f'--json {path}: not the file of a campaign; remove it or name another') from error
        if settings != self.content['conditions']['settings']:
            raise ConfigError(f'--json {path}: of a campaign with other settings {settings}; remove it or name another')
        self.content = content


def _row(run: Run) -> Entry:
    verdict, trace = run.verdict, run.trace
    return {'run': run.number, 'passed': verdict.passed, 'why': verdict.why, 'limit_violations': trace.violations,
            'time_to_hold_s': _short(verdict.time_to_hold_s), 'recovery_s': _short(verdict.recovery_s),
            'said': list(run.said), 'restart_s': _short(run.restart_s),
            'fault_s': _short(trace.end_s), 'unjudged_s': _short(trace.unjudged_s), 'load': _short(run.load)}


def _sums(rows: list[Entry]) -> Entry:
    return {'runs': len(rows), 'passed': sum(row['passed'] for row in rows),
            'limit_violations': sum(row['limit_violations'] for row in rows),
            **{f'{key}_max': _largest(rows, key) for key in ('time_to_hold_s', 'recovery_s', 'restart_s')}}


def _largest(rows: list[Entry], key: str) -> float | None:
    known = [row[key] for row in rows if row[key] is not None]
    return max(known) if known else None


def _badness(row: Entry) -> tuple[bool, int, float, float]:
    recovery_s = row['recovery_s']
    return (not row['passed'], row['limit_violations'], float('inf') if recovery_s is None else recovery_s,
            row['time_to_hold_s'] or 0.0)


def _place(entry: Entry) -> int:
    return next(i for i, row in enumerate(entry['each']) if row['run'] == entry['worst']['run'])


def _trace(trace: Trace) -> Entry:
    return {'end_s': _short(trace.end_s), 'times_s': [round(float(t), 2) for t in trace.times_s],
            'set_points': [round(float(v), 4) for v in trace.set_points],
            'joints': [round(float(v), 4) for v in trace.joints]}


def _short(value: float | None) -> float | None:
    return None if value is None else round(float(value), 3)
