"""What a campaign found, as JSON: one entry for each fault, each with its runs; what is there is not done again."""
from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from vla_async.bench.faults.rows import Entry, Run, badness, row_of, sums, trace_of
from vla_async.errors import ConfigError


class Results:
    """All runs so far. Where there is a path, they are read from it and written to it after every run."""

    def __init__(self, conditions: Mapping[str, Any], path: Path | None, order: Sequence[str] = ()) -> None:
        """`order`: names of faults as they are to be told, whenever they were tried.

        Raises ConfigError when the file there is of a campaign with other settings.
        """
        self.path, self._order = path, {name: place for place, name in enumerate(order)}
        self.content: dict[str, Any] = {'conditions': dict(conditions), 'faults': [], 'memory': None, 'left_out': [],
                                        'tried_again': [], 'stuck': [], 'leftovers': []}
        if path is not None and path.exists():
            self._continue(path)

    @property
    def faults(self) -> list[Entry]:
        """One entry for each fault that was tried."""
        entries: list[Entry] = self.content['faults']
        return entries

    @property
    def passed(self) -> bool:
        """Whether everything that was tried passed, the graph was never stuck, and nothing was left behind."""
        memory = self.content['memory']
        return (all(entry['passed'] == entry['runs'] for entry in self.faults) and not self.content['stuck']
                and not self.content['leftovers'] and (memory is None or memory['flat']))

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
            self.faults.sort(key=lambda entry: self._order.get(entry['name'], len(self._order)))
        row = row_of(run)
        entry['each'].append(row)
        entry.update(sums(entry['each']))
        if entry['worst'] is None or badness(row) > badness(entry['each'][_place(entry)]):
            entry['worst'] = {'run': run.number, **trace_of(run.trace)}
        self.write()

    def tried_again(self, fault: str, number: int) -> int:
        """How often this run told nothing of the fault."""
        return sum((entry['fault'], entry['run']) == (fault, number) for entry in self.content['tried_again'])

    def try_again(self, run: Run) -> None:
        """Note a run that tells nothing of the fault."""
        entry = {'fault': run.fault, 'run': run.number, 'why': f'{run.verdict.why}, {" and ".join(run.refused)}'}
        self.note(tried_again=[*self.content['tried_again'], entry])

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
        self.content.update(content)


def _place(entry: Entry) -> int:
    return next(i for i, row in enumerate(entry['each']) if row['run'] == entry['worst']['run'])
