"""A replay's figures on the terminal."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from vla_async.replay.open_loop.judge import JudgedBag

ROWS = {
    'error.chunk.mae': 'chunks from what the robot did, mean [rad, m]',
    'error.motion.mae': 'motion from what the robot did, mean [rad, m]',
    'consistency_rms': 'chunk to chunk, rms [rad, m]',
    'jerk_rms.motion': 'jerk, rms [rad/s³, m/s³]',
    'spectral_arc_length.motion': 'spectral arc length (0: smooth)',
    'seam.velocity_max': 'seam, velocity, worst',
    'limits.acceleration_ratio_max': 'acceleration to its limit, worst',
    'idle_longest_s': 'longest time without a chunk [s]',
    'chunk_rate_hz': 'chunks [Hz]',
    'latent_age_ms.p50': 'latent age, median [ms]',
    'chunk_age_ms.p99': 'picture age at the set-point, p99 [ms]'}


def print_report(report: Mapping[str, Any], bags: Sequence[JudgedBag], folder: Path, console: Console) -> None:
    """Figures by configuration, then what was wrong and where the page is."""
    table = Table(box=None, padding=(0, 1, 0, 0), title='mean over bags', title_justify='left')
    table.add_column('')
    for column in report['comparison']:
        table.add_column(escape(column['configuration']), justify='right')
    for name, words in ROWS.items():
        figures = [column['figures'][name] for column in report['comparison']]
        table.add_row(escape(words), *(in_words(figure, interval=False) for figure in figures))
    console.print(table)
    for bag in bags:
        for fault in bag.faults[:5]:
            console.print(f'[red]{escape(str(fault))}[/]')
        if len(bag.faults) > 5:
            console.print(f'[red]{escape(str(bag.bag))}: {len(bag.faults) - 5} more such[/]')
    for missed in report['verdict']['missed']:
        console.print(f'[red]{escape(missed["bag"])}, {escape(missed["configuration"])}: {escape(missed["text"])}[/]')
    console.print(f'open {folder / "report.html"}')


def in_words(figure: Mapping[str, Any], *, interval: bool = True) -> str:
    """Mean of a figure, and its interval where there is one; a dash when it is unknown."""
    if figure['mean'] is None:
        return '-'
    text = f'{figure["mean"]:.3g}'
    if interval and figure['interval_95'] is not None:
        low, high = figure['interval_95']
        text += f' ({low:.3g} to {high:.3g})'
    return text
