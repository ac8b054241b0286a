"""The replay as one page for people that opens without a net, and as pictures to paste."""
from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from PIL import Image
from plotly.offline import get_plotlyjs

from vla_async import embodiment
from vla_async.replay.html import STYLE
from vla_async.replay.open_loop import drawing
from vla_async.replay.open_loop.judge import Judged, JudgedBag
from vla_async.replay.open_loop.table import ROWS, in_words

DRAWN = 10  # bags; the others are in report.json
STILL_HEIGHT = 150  # [px]
MORE_STYLE = """
.moments { display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); gap: .8rem; margin: .8rem 0 }
.moments .card b { font-size: .95rem } .moments img { border-radius: .4rem; margin-top: .4rem }
td:nth-child(2), th:nth-child(2) { text-align: right; min-width: 0 }
td:first-child, th:first-child { text-align: left; white-space: normal; min-width: 16rem }
ul { margin: .3rem 0; color: #c2410c }
"""


def write_page(folder: Path, report: Mapping[str, Any], bags: Sequence[JudgedBag]) -> None:
    """report.html and, for each bag that is drawn, a PNG in `folder`."""
    drawn = [bag for bag in bags if bag.judged][:DRAWN]
    for bag in drawn:
        (folder / f'{bag.name.replace("/", "_")}.png').write_bytes(
            drawing.still_picture(bag.judged[0], embodiment.load(bag.robot)))
    (folder / 'report.html').write_text(page(report, bags, drawn))


def page(report: Mapping[str, Any], bags: Sequence[JudgedBag], drawn: Sequence[JudgedBag]) -> str:
    """The whole page: comparison, verdict, then bag by bag the worst moments and the timeline."""
    parts = [f'<h1>{len(bags)} bag{"s" if len(bags) != 1 else ""} replayed</h1>',
             f'<p>vla_async {escape(report["provenance"]["version"])}, open loop: pictures and joints are the recorded '
             'ones, whatever the replayed motion does</p>',
             _verdict(report['verdict']), _comparison(report['comparison'])]
    parts += [_bag(bag) for bag in bags if not bag.judged] + [_bag(bag) for bag in drawn]
    return ('<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width"><title>vla_async replay</title>'
            f'<style>{STYLE}{MORE_STYLE}</style><script>{get_plotlyjs()}</script></head>\n<body>\n'
            + '\n'.join(parts) + '\n</body></html>\n')


def _verdict(verdict: Mapping[str, Any]) -> str:
    if not verdict['thresholds']:
        return ''
    if verdict['passed']:
        return f'<p class="good">all {verdict["thresholds"]} thresholds kept in every bag</p>'
    return '<p class="bad">thresholds missed</p>' + _list(
        f'{one["bag"]}, {one["configuration"]}: {one["text"]}' for one in verdict['missed'])


def _comparison(columns: Sequence[Mapping[str, Any]]) -> str:
    head = ''.join(f'<th>{escape(column["configuration"])}</th>' for column in columns)
    rows = ''.join(
        f'<tr><td>{escape(words)}</td>' + ''.join(f'<td>{in_words(column["figures"][name])}</td>' for column in columns)
        + '</tr>' for name, words in ROWS.items())
    return (f'<div class="box"><table><thead><tr><th>mean over bags (95 % interval)</th>{head}</tr></thead>'
            f'<tbody>{rows}</tbody></table></div>')


def _bag(bag: JudgedBag) -> str:
    parts = [f'<h2>{escape(bag.name)}{", " + escape(bag.robot) if bag.robot else ""}</h2>']
    if bag.faults:
        parts.append(_list(str(fault) for fault in bag.faults))
    if bag.stops:
        parts.append('<p>stops of the recorded robot:</p>' + _list(f'{stop.state}: {stop.text}' for stop in bag.stops))
    if bag.judged:
        figure = drawing.timeline(bag.judged, bag.stops, embodiment.load(bag.robot))
        parts.append(_moments(bag.judged[0], bag.stills))
        parts.append('<div class="box">' + figure.to_html(include_plotlyjs=False, full_html=False,
                                                          config={'displaylogo': False}) + '</div>')
    return '\n'.join(parts)


def _moments(judged: Judged, stills: Mapping[int, Any]) -> str:
    cards = [f'<div class="card"><b>{moment.kind} at {judged.sketch.at(moment.at_ns):.2f} s</b>'
             f'<span>{escape(moment.words)}</span>{_still(stills.get(moment.at_ns))}</div>'
             for moment in judged.moments]
    return f'<p>worst moments, {escape(judged.configuration.label)}</p><div class="moments">{"".join(cards)}</div>'


def _still(picture: Any) -> str:
    if picture is None:
        return ''
    image = Image.fromarray(picture)
    image.thumbnail((4 * STILL_HEIGHT, STILL_HEIGHT))
    data = io.BytesIO()
    image.save(data, 'JPEG', quality=80)
    return f'<img alt="what the camera saw" src="data:image/jpeg;base64,{base64.b64encode(data.getvalue()).decode()}">'


def _list(lines: Any) -> str:
    return f'<ul>{"".join(f"<li>{escape(line)}</li>" for line in lines)}</ul>'
