"""What the robot did around a fault, and how long motion was away, as PNG."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from vla_async.plots import png, tidy

SET_POINTS, JOINTS, FAULT, GOOD, BAD = '#0b5cad', '#c2410c', '#fde68a', '#0f766e', '#c2410c'


def speed(worst: Mapping[str, Any]) -> bytes:
    """Largest joint speed around the fault, set-points and joints; the fault's duration is shaded."""
    figure = Figure(figsize=(11, 1.9), layout='constrained')
    panel = figure.subplots()
    panel.axvspan(0.0, max(worst['end_s'], 0.02), color=FAULT, lw=0)
    panel.plot(worst['times_s'], worst['set_points'], color=SET_POINTS, lw=1.4, label='set-points')
    panel.plot(worst['times_s'], worst['joints'], color=JOINTS, lw=1.4, label='joints')
    panel.axhline(1.0, color='black', lw=0.8, ls='--')
    panel.set(xlabel='time since the fault began [s]', ylabel='speed / limit')
    panel.set_ylim(bottom=0.0)
    panel.legend(loc='upper right', frameon=False, fontsize=8, ncols=2)
    tidy(panel)
    return png(figure)


def recoveries(entries: Sequence[Mapping[str, Any]]) -> bytes:
    """The longest time until motion went on, for each fault after which it had ended."""
    shown = [entry for entry in entries if entry['recovery_s_max']]
    figure = Figure(figsize=(11, 0.6 + 0.24 * max(1, len(shown))), layout='constrained')
    panel = figure.subplots()
    panel.barh([entry['name'] for entry in shown], [entry['recovery_s_max'] for entry in shown],
               color=[GOOD if entry['passed'] == entry['runs'] else BAD for entry in shown], height=0.7)
    panel.axvline(3.0, color='black', lw=0.8, ls='--')
    panel.invert_yaxis()
    panel.set(xlabel='longest time from the end of the fault until motion went on [s]')
    tidy(panel)
    return png(figure)
