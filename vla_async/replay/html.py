"""The report as one page for people: figures, table and plots in a single file without scripts or links to the net."""
from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from vla_async.embodiment import Embodiment
from vla_async.replay import figures
from vla_async.replay.trace import RecordedEpisode

PLOTTED = 10  # episodes; the others are in the table and in report.json
STYLE = """
:root { color-scheme: light; font: 15px/1.5 system-ui, sans-serif; color: #1f2933; background: #f5f7fa }
body { max-width: 72rem; margin: 0 auto; padding: 2rem 1.5rem 4rem }
h1 { margin: 0; font-size: 1.7rem } h2 { margin: 2.5rem 0 .5rem; font-size: 1.15rem }
p { margin: .3rem 0; color: #52606d }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(10.5rem, 1fr)); gap: .8rem; margin: 1.5rem 0 }
.card, .box { background: #fff; border: 1px solid #e4e7eb; border-radius: .6rem; padding: .8rem 1rem }
.card b { display: block; font-size: 1.45rem; font-weight: 600 } .card span { color: #52606d; font-size: .85rem }
.box { overflow-x: auto }
table { border-collapse: collapse; width: 100%; font-size: .85rem; font-variant-numeric: tabular-nums }
th, td { padding: .35rem .6rem; text-align: right; border-bottom: 1px solid #e4e7eb; white-space: nowrap }
th:nth-child(2), td:nth-child(2) { text-align: left; white-space: normal; min-width: 13rem }
th { color: #52606d; font-weight: 600; white-space: normal; vertical-align: bottom } tr:last-child td { border: 0 }
.good { color: #0f766e; font-weight: 600 } .bad { color: #c2410c; font-weight: 600 }
img, video { width: 100%; display: block }
video { max-width: 46rem; margin: .6rem 0; border-radius: .4rem; background: #000 }
"""
COLUMNS = ('seed', 'instruction', 'result', 'time [s]', 'reasoner [Hz]', 'chunks [Hz]', 'set-points [Hz]',
           'latent age p50 [ms]', 'image to command p99 [ms]', 'speed / limit', 'late', 'idle')


def page(report: Mapping[str, Any], episodes: Sequence[RecordedEpisode], robot: Embodiment,
         videos: Iterable[str]) -> str:
    """The whole page; `videos` are file names beside it, one per episode in order, or none."""
    provenance = report['provenance']
    films = list(videos)
    parts = [f'<h1>{escape(robot.name)}: {_headline(report)}</h1>',
             f'<p>vla_async {escape(provenance["version"])}, checkpoint {escape(str(provenance["checkpoint"]))}'
             f'{_options(provenance["options"])}</p>',
             _cards(report['summary']), f'<div class="box">{_table(report["episodes"])}</div>']
    parts += [_episode(i, episode, films) for i, episode in enumerate(episodes[:PLOTTED])]
    return ('<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width"><title>vla_async report</title>'
            f'<style>{STYLE}</style></head>\n<body>\n' + '\n'.join(parts) + '\n</body></html>\n')


def _headline(report: Mapping[str, Any]) -> str:
    summary = report['summary']
    tasks = sorted({episode['task'] for episode in report['episodes'] if episode['task']})
    return escape(f'{", ".join(tasks) or "no task"}, {summary["success"]["count"]} of {summary["episodes"]} succeeded')


def _options(options: Mapping[str, Any]) -> str:
    return ''.join(f', {escape(str(key))} {escape(str(value))}' for key, value in options.items() if value is not None)


def _cards(summary: Mapping[str, Any]) -> str:
    success = summary['success']
    low, high = success['interval_95'] or (0.0, 1.0)  # without episodes anything is possible
    cards = [(number(success['rate'], 100, ' %', 0), f'success, 95 % interval {low:.0%} to {high:.0%}'),
             (number(summary['correct_target']['rate'], 100, ' %', 0), 'hand at the right object'),
             (number(summary['slow_rate_hz_median'], 1, ' Hz'), 'reasoner'),
             (number(summary['chunk_rate_hz_median'], 1, ' Hz'), 'action chunks'),
             (number(summary['command_rate_hz_median'], 1, ' Hz'), 'set-points'),
             (number(summary['image_to_command_ms_p99_max'], 1, ' ms', 0), 'image to command, worst p99')]
    return '<div class="cards">' + ''.join(
        f'<div class="card"><b>{value}</b><span>{label}</span></div>' for value, label in cards) + '</div>'


def _table(episodes: Sequence[Mapping[str, Any]]) -> str:
    head = ''.join(f'<th>{name}</th>' for name in COLUMNS)
    return f'<table><thead><tr>{head}</tr></thead><tbody>{"".join(map(_row, episodes))}</tbody></table>'


def _row(episode: Mapping[str, Any]) -> str:
    colour, result = ('good', 'success') if episode['success'] else ('bad', episode['ended'])
    cells = (str(episode['seed']), escape(episode['instruction']), f'<span class="{colour}">{escape(result)}</span>',
             number(episode['duration_s']), number(episode['slow_rate_hz']), number(episode['chunk_rate_hz']),
             number(episode['command_rate_hz']), number(episode['latent_age_ms']['p50'], digits=0),
             number(episode['image_to_command_ms']['p99'], digits=0),
             number(episode['command']['velocity_ratio_max'], digits=2), str(episode['late_ticks']),
             str(episode['idle_ticks']))
    return '<tr>' + ''.join(f'<td>{cell}</td>' for cell in cells) + '</tr>'


def _episode(index: int, episode: RecordedEpisode, videos: Sequence[str]) -> str:
    facts, trace = episode.facts, episode.trace
    film = f'<video controls src="{escape(videos[index], quote=True)}"></video>' if index < len(videos) else ''
    return (f'<h2>Episode {index + 1}, seed {facts.seed}: “{escape(facts.instruction)}”</h2>'
            f'<p>{escape(facts.ended)} after {trace.duration_s:.1f} s</p>{film}'
            f'<div class="box">{_image(figures.motion(trace), "fused motion over raw chunks")}'
            f'{_image(figures.ages_and_rates(trace), "ages and rates over time")}</div>')


def _image(png: bytes, description: str) -> str:
    return f'<img alt="{description}" src="data:image/png;base64,{base64.b64encode(png).decode()}">'


def number(value: float | None, factor: float = 1.0, unit: str = '', digits: int = 1) -> str:
    """`factor` times the value, for people; a dash when it is unknown."""
    return '-' if value is None else f'{factor * value:.{digits}f}{unit}'
