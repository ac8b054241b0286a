"""The comparison as one page: what each fuser makes of the same chunks, as a picture and as figures."""
from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from html import escape

from vla_async.bench.fusion.campaign import Results
from vla_async.bench.fusion.figures import JUDGED, Figures, time_ratios
from vla_async.bench.fusion.pictures import picture
from vla_async.bench.fusion.scenarios import SCENARIOS, Scenario
from vla_async.bench.target import Target
from vla_async.fusion.factory import OURS
from vla_async.replay.html import STYLE

COLUMNS = (*JUDGED, 'seam_position_servo', 'seam_velocity_servo', 'seam_acceleration_servo', 'add_us_p99',
           'command_us_p99', 'window_us_p99')


def page(results: Results, held: Sequence[Target], seeds: int) -> str:
    """The whole page."""
    parts = ['<h1>Fusers of action chunks, side by side</h1>',
             f'<p>Medians over {seeds} seeds. Lengths are shares of the amplitude; step, second difference and error '
             'are taken 30 times a second, violations and servo seams at 240 Hz. Less is better everywhere, the '
             'best is bold.</p>',
             f'<div class="box">{_promises(held)}</div>']
    parts += [part for scenario in SCENARIOS for part in _scenario(scenario, results[scenario.key])]
    return ('<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Fusers of action chunks</title>'
            f'<style>{STYLE}</style></head>\n<body>\n' + '\n'.join(parts) + '\n</body></html>')


def _scenario(scenario: Scenario, rows: Mapping[str, Figures]) -> list[str]:
    image = base64.b64encode(picture(scenario)).decode()
    ratios = ', '.join(f'{what} {ratio:.2g}' for what, ratio in time_ratios(rows).items())
    return [f'<h2>({escape(scenario.key)}) {escape(scenario.title)}</h2>',
            f'<div class="box"><img alt="the motion" src="data:image/png;base64,{image}">{_table(rows)}'
            f'<p>Median times of {OURS}, as ratios: {ratios}.</p></div>']


def _table(rows: Mapping[str, Figures]) -> str:
    shown = [key for key in COLUMNS if any(row[key] is not None for row in rows.values())]
    best = {key: min(value for row in rows.values() if (value := row[key]) is not None) for key in shown}
    head = ''.join(f'<th>{name.replace("_", " ")}</th>' for name in ('fuser', *shown))
    body = ''.join(f'<tr><td>{name}</td>{"".join(_cell(row[key], best[key]) for key in shown)}</tr>'
                   for name, row in sorted(rows.items(), key=lambda item: (item[0] != OURS, item[0])))
    return f'<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def _cell(value: float | None, best: float) -> str:
    if value is None:
        return '<td>-</td>'
    return f'<td>{"<b>" if value == best else ""}{value:.3g}{"</b>" if value == best else ""}</td>'


def _promises(held: Sequence[Target]) -> str:
    rows = ''.join(f'<tr><td class="{"good" if target.met else "bad"}">{"met" if target.met else "missed"}</td>'
                   f'<td>{escape(target.name)}</td><td>{"-" if target.value is None else f"{target.value:.4g}"}</td>'
                   f'<td>{target.high:g}</td></tr>' for target in held)
    head = ''.join(f'<th>{name}</th>' for name in ('', 'figure', 'measured', 'at most'))
    return f'<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
