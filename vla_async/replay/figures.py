"""The plots of one episode, as PNG pictures. Nothing is shown on a screen and no global state of pyplot is touched."""
from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vla_async.plots import png, tidy
from vla_async.replay import metrics
from vla_async.replay.trace import EpisodeTrace
from vla_async.types import StampArray

JOINTS = 4  # as many as moved most
CHUNK, MOTION, SLOW, FAST = '#9aa5b1', '#0b5cad', '#c2410c', '#0f766e'
RATE_WINDOW_S = 1.0


def motion(trace: EpisodeTrace) -> bytes:
    """Fused motion over the raw chunks, for the joints that moved most."""
    joints = most_moved(trace)
    figure = Figure(figsize=(11, 1.7 * max(1, len(joints)) + 0.5), layout='constrained')
    panels = figure.subplots(max(1, len(joints)), 1, sharex=True, squeeze=False)[:, 0]
    for panel, joint in zip(panels, joints, strict=False):
        _joint(panel, trace, joint)
    if joints:
        _legend(panels[0])
    panels[-1].set_xlabel('time since the task was given [s]')
    return png(figure)


def ages_and_rates(trace: EpisodeTrace) -> bytes:
    """Ages of latent and pictures, and the rates of the three loops, over the episode."""
    figure = Figure(figsize=(11, 4.6), layout='constrained')
    ages, rates = figure.subplots(2, 1, sharex=True)
    _ages(ages, trace)
    passes_ns = trace.latents.ready_ns[trace.latents.complete]
    for label, stamps, colour in (('set-points', trace.set_points.sent_ns, MOTION),
                                  ('chunks', trace.fusions.judged_ns, FAST), ('reasoner', passes_ns, SLOW)):
        times, values = sliding_rate(stamps, trace)
        rates.plot(times, values, color=colour, label=label)
    rates.set(ylabel='rate [Hz]', xlabel='time since the task was given [s]', yscale='symlog', ylim=(0, None))
    for panel in (ages, rates):
        tidy(panel)
        _legend(panel)
    return png(figure)


def most_moved(trace: EpisodeTrace) -> list[int]:
    """Indices of the joints whose set-points covered the widest range, widest first; those that rested are left out."""
    points = trace.set_points.where(metrics.within(trace.set_points.sent_ns, trace))
    if len(points) == 0:
        return []
    travelled = np.ptp(points.position, axis=0)  # (D,)
    return [int(j) for j in np.argsort(-travelled, kind='stable')[:JOINTS] if travelled[j] > 1e-3]


def sliding_rate(stamps_ns: StampArray, trace: EpisodeTrace) -> tuple[np.ndarray, np.ndarray]:
    """Events per second in a window that ends at each of 100 instants; times [s] and rates [Hz], both (100,)."""
    ends = np.linspace(min(RATE_WINDOW_S, trace.duration_s), trace.duration_s, 100)
    stamps = np.sort(_seconds(stamps_ns, trace))
    counts = np.searchsorted(stamps, ends, 'right') - np.searchsorted(stamps, ends - RATE_WINDOW_S, 'right')
    return ends, counts / RATE_WINDOW_S


def _joint(panel: Axes, trace: EpisodeTrace, joint: int) -> None:
    points = trace.set_points
    if trace.joint_names[joint] in trace.chunk_columns:
        _chunks(panel, trace, trace.chunk_columns.index(trace.joint_names[joint]))
    panel.plot(_seconds(points.stamp_ns, trace), points.position[:, joint], color=MOTION, lw=1.8, label='motion sent')
    panel.set_title(trace.joint_names[joint], loc='left', fontsize=9, fontweight='bold')
    panel.set_xlim(0, trace.duration_s)
    tidy(panel)


def _chunks(panel: Axes, trace: EpisodeTrace, column: int) -> None:
    chunks = trace.chunks
    for i in np.flatnonzero(metrics.within(chunks.stamp_ns, trace)):
        rows = np.arange(chunks.positions.shape[1])
        times = _seconds(chunks.stamp_ns[i] + rows * chunks.step_ns[i], trace)
        panel.plot(times, chunks.positions[i, :, column], color=CHUNK, lw=0.5, alpha=0.45)
    panel.plot([], [], color=CHUNK, lw=1, label='chunks as the policy made them')


def _ages(panel: Axes, trace: EpisodeTrace) -> None:
    used = trace.fusions.where(trace.fusions.accepted & (trace.fusions.latent_ns > 0))
    panel.plot(_seconds(used.judged_ns, trace), (used.judged_ns - used.latent_ns) / 1e6, color=SLOW,
               label='latent, when a chunk made from it enters the motion')
    made = trace.fusions.where(trace.fusions.accepted)
    panel.plot(_seconds(made.judged_ns, trace), (made.judged_ns - made.observation_ns) / 1e6, color=FAST,
               label='pictures, when their chunk enters the motion')
    panel.set(ylabel='age [ms]', xlim=(0, trace.duration_s))
    panel.set_ylim(bottom=0)


def _seconds(stamps_ns: StampArray, trace: EpisodeTrace) -> np.ndarray:
    return (stamps_ns - trace.start_ns) / 1e9


def _legend(panel: Axes) -> None:
    panel.legend(loc='lower right', bbox_to_anchor=(1, 0.98), ncols=3, frameon=False, fontsize=8)
