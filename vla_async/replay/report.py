"""Figures of all episodes as report.json (see report.schema.json), as a page for people and as a table."""
from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from vla_async.embodiment import Embodiment
from vla_async.replay import metrics
from vla_async.replay.bag import open_bag
from vla_async.replay.html import number, page
from vla_async.replay.trace import RecordedEpisode
from vla_async.replay.video import write_video

Report = dict[str, Any]
SCHEMA = Path(__file__).resolve().parent.parent / 'report.schema.json'
RATES = ('slow_rate_hz', 'chunk_rate_hz', 'command_rate_hz')
TABLE_FIGURES = ('time\ns', 'slow\nHz', 'chunk\nHz', 'cmd\nHz', 'age\nms', 'way\nms', 'late', 'idle')
WAYS = ('latent_age_ms', 'chunk_age_ms', 'image_to_command_ms')


def episode_report(episode: RecordedEpisode, robot: Embodiment) -> Report:
    """Every figure of one episode under its published key; None: unknown."""
    facts, trace = episode.facts, episode.trace
    return {
        'task': facts.task, 'seed': facts.seed, 'instruction': facts.instruction, 'success': facts.success,
        'correct_target': facts.correct_target, 'ended': facts.ended, 'duration_s': trace.duration_s,
        'slow_rate_hz': metrics.slow_rate_hz(trace), 'chunk_rate_hz': metrics.chunk_rate_hz(trace),
        'command_rate_hz': metrics.command_rate_hz(trace),
        'latent_age_ms': metrics.spread(metrics.latent_age_ms(trace)),
        'chunk_age_ms': metrics.spread(metrics.chunk_age_ms(trace)),
        'image_to_command_ms': metrics.spread(metrics.image_to_command_ms(trace)),
        'overhead_ms': metrics.spread(metrics.overhead_ms(trace)),
        'seam': metrics.seam(trace), 'command': metrics.command_ratios(trace, robot),
        'late_ticks': metrics.late_ticks(trace), 'idle_ticks': metrics.idle_ticks(trace),
        'node_restarts': trace.node_restarts,
    }


def summarise(episodes: Sequence[Report]) -> Report:
    """Successes with their 95 % Wilson intervals, medians of the rates, the worst of the ages."""
    summary: Report = {'episodes': len(episodes)}
    for key in ('success', 'correct_target'):
        hits = sum(bool(episode[key]) for episode in episodes)
        summary[key] = {'count': hits, 'rate': hits / len(episodes) if episodes else None,
                        'interval_95': metrics.wilson(hits, len(episodes))}
    for key in ('duration_s', *RATES):
        summary[f'{key}_median'] = _reduce(np.median, [episode[key] for episode in episodes])
    for key in WAYS:
        summary[f'{key}_p99_max'] = _reduce(max, [episode[key]['p99'] for episode in episodes])
    return summary


def _reduce(function: Any, values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(function(known)) if known else None


def make_report(episodes: Sequence[RecordedEpisode], robot: Embodiment, provenance: Mapping[str, Any]) -> Report:
    """The content of report.json."""
    figures = [episode_report(episode, robot) for episode in episodes]
    return {'episodes': figures, 'summary': summarise(figures),
            'provenance': {'version': metadata.version('vla_async'), 'robot': robot.name, **provenance}}


def write_json(report: Report, path: Path) -> None:
    """`report` as JSON; its folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report, indent=2, allow_nan=False) + '\n')


def write_report(folder: Path, episodes: Sequence[RecordedEpisode], robot: Embodiment, provenance: Mapping[str, Any],
                 bag: Path | None = None) -> Report:
    """report.json and report.html in `folder`, and with a bag one video per episode; returns the report."""
    report = make_report(episodes, robot, provenance)
    write_json(report, folder / 'report.json')
    videos = [] if bag is None else _videos(folder, episodes, robot, bag)
    (folder / 'report.html').write_text(page(report, episodes, robot, [video.name for video in videos]))
    return report


def _videos(folder: Path, episodes: Sequence[RecordedEpisode], robot: Embodiment, bag: Path) -> list[Path]:
    with open_bag(bag) as reader:
        videos = (write_video(folder / f'episode_{i}_seed_{episode.facts.seed}.mp4', reader, robot, episode.trace)
                  for i, episode in enumerate(episodes, 1))
        return [video for video in videos if video is not None]


def print_table(report: Report, console: Console | None = None) -> None:
    """One line per episode and a last one with the successes; `age` is the latent's p50, `way` image to command p99."""
    table = Table(caption=_caption(report['summary']), caption_justify='left', box=None, padding=(0, 1, 0, 0))
    table.add_column('seed', justify='right', no_wrap=True)
    table.add_column('instruction')  # the only one that may be folded
    table.add_column('result', no_wrap=True)
    for heading in TABLE_FIGURES:
        table.add_column(heading, justify='right', no_wrap=True)
    for episode in report['episodes']:
        table.add_row(*_row(episode))
    (console or Console()).print(table)


def _row(episode: Report) -> tuple[str, ...]:
    result = '[green]success[/]' if episode['success'] else f'[red]{escape(episode["ended"])}[/]'
    return (str(episode['seed']), escape(episode['instruction']), result, number(episode['duration_s']),
            *(number(episode[rate]) for rate in RATES), number(episode['latent_age_ms']['p50'], digits=0),
            number(episode['image_to_command_ms']['p99'], digits=0), str(episode['late_ticks']),
            str(episode['idle_ticks']))


def _caption(summary: Report) -> str:
    success = summary['success']
    if success['interval_95'] is None:
        return 'no episode ran'
    low, high = success['interval_95']
    return (f'{success["count"]} of {summary["episodes"]} episodes succeeded: {success["rate"]:.0%} '
            f'(95 % interval {low:.0%} to {high:.0%}); the hand went to the right object in '
            f'{summary["correct_target"]["rate"]:.0%}')
