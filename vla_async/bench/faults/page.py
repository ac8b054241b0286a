"""The campaign as one page: what passed, how soon motion came back, and what the robot did in the worst run of each."""
from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from vla_async.bench.faults.pictures import recoveries, speed
from vla_async.bench.faults.rows import again_in_words, in_words
from vla_async.replay.html import STYLE, number

COLUMNS = ('', 'fault', 'the robot', 'runs', 'passed', 'violations', 'to rest [s]', 'motion back [s]', 'node back [s]')
TIMES = ('time_to_hold_s', 'recovery_s', 'restart_s')
Entry = Mapping[str, Any]


def page(content: Mapping[str, Any]) -> str:
    """The whole page, of a campaign's JSON."""
    entries = content['faults']
    parts = [f'<h1>{escape(_headline(entries))}</h1>', f'<p>{escape(_conditions(content["conditions"]))}</p>',
             _cards(entries), f'<div class="box">{_table(entries)}</div>', _memory(content['memory']),
             *(f'<p>Left out: {escape(line)}</p>' for line in content['left_out']),
             *(f'<p>{escape(again_in_words(again))}</p>' for again in content['tried_again']),
             _listed('Could not go on', content['stuck'], 'Never: after every fault the same processes went on.'),
             _listed('Left behind', content['leftovers'], 'Nothing: no process, no shared memory.'),
             f'<h2>Motion back</h2><div class="box">{_image(recoveries(entries))}</div>',
             *(_fault(entry) for entry in entries)]
    return ('<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width"><title>Fault campaign</title>'
            f'<style>{STYLE}</style></head>\n<body>\n' + '\n'.join(filter(None, parts)) + '\n</body></html>\n')


def _headline(entries: Sequence[Entry]) -> str:
    return f'{sum(_good(entry) for entry in entries)} of {len(entries)} faults passed'


def _conditions(conditions: Entry) -> str:
    settings, machine, slack = conditions['settings'], conditions['machine'], conditions['slack']
    return (f'vla_async {settings["version"]} on the simulated {settings["robot"]}, checkpoint '
            f'{settings["checkpoint"]}, seed {settings["seed"]}, {machine["cores"]} cores ({machine["system"]}). '
            'Judged at every step of the physics; allowed beyond the limits, to set-points and to joints: position '
            f'{slack["set-points"][0]:g} and {slack["joints"][0]:g} rad or m, velocity {_percent(slack, 1)}, '
            f'acceleration {_percent(slack, 2)}.')


def _percent(slack: Entry, row: int) -> str:
    return f'{slack["set-points"][row] - 1:.0%} and {slack["joints"][row] - 1:.0%}'


def _cards(entries: Sequence[Entry]) -> str:
    known = [entry['recovery_s_max'] for entry in entries if entry['recovery_s_max'] is not None]
    runs, passed = (sum(entry[key] for entry in entries) for key in ('runs', 'passed'))
    cards = [(f'{passed} of {runs}', 'runs passed'),
             (str(sum(entry['limit_violations'] for entry in entries)), 'physics steps beyond a limit'),
             (number(max(known, default=None), 1, ' s', 2), 'longest time until motion went on')]
    return '<div class="cards">' + ''.join(
        f'<div class="card"><b>{value}</b><span>{label}</span></div>' for value, label in cards) + '</div>'


def _table(entries: Sequence[Entry]) -> str:
    head = ''.join(f'<th>{name}</th>' for name in COLUMNS)
    return f'<table><thead><tr>{head}</tr></thead><tbody>{"".join(map(_row, entries))}</tbody></table>'


def _row(entry: Entry) -> str:
    cells = (_mark(_good(entry)), escape(entry['name']), escape(entry['expectation']), str(entry['runs']),
             str(entry['passed']), str(entry['limit_violations']),
             *(number(entry[f'{key}_max'], digits=2) for key in TIMES))
    return '<tr>' + ''.join(f'<td>{cell}</td>' for cell in cells) + '</tr>'


def _fault(entry: Entry) -> str:
    whys = sorted({run['why'] for run in entry['each'] if run['why']})
    worst = entry['worst']
    reasons = ''.join(f'<p class="bad">{escape(why)}</p>' for why in whys)
    reasons += ''.join(f'<p>run {run["run"]}: {escape(words)}</p>' for run in entry['each'] if (words := in_words(run)))
    return (f'<h2>{escape(entry["name"])}</h2><p>{entry["passed"]} of {entry["runs"]} passed; '
            f'run {worst["run"]}:</p>{reasons}<div class="box">{_image(speed(worst))}</div>')


def _memory(memory: Entry | None) -> str:
    if memory is None:
        return ''
    rows = ''.join(f'<tr><td>{_mark(process["flat"])}</td><td>{escape(name)}</td><td>{number(process["held_mib"])}</td>'
                   f'<td>{number(process["growth_mib"], digits=2)}</td></tr>'
                   for name, process in memory['processes'].items())
    return (f'<h2>Memory within {memory["minutes"]:g} minutes</h2><p>Growth after the first {memory["warm_up"]:.0%} of '
            'the time, by a straight line.</p><div class="box"><table><thead><tr><th></th><th>process</th>'
            f'<th>held [MiB]</th><th>growth [MiB]</th></tr></thead><tbody>{rows}</tbody></table></div>')


def _listed(title: str, bad: Sequence[str], good: str) -> str:
    lines = ''.join(f'<p class="bad">{escape(line)}</p>' for line in bad)
    return f'<h2>{title}</h2>{lines or f"<p>{good}</p>"}'


def _mark(good: bool) -> str:
    return f'<span class="{"good" if good else "bad"}">{"passed" if good else "failed"}</span>'


def _good(entry: Entry) -> bool:
    return bool(entry['passed'] == entry['runs'])


def _image(png: bytes) -> str:
    return f'<img alt="" src="data:image/png;base64,{base64.b64encode(png).decode()}">'
