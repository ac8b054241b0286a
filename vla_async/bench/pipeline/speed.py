"""The speed of one run, and the targets that it is held against."""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vla_async.bench.target import Target
from vla_async.replay import metrics
from vla_async.replay.trace import EpisodeTrace

Figures = dict[str, Any]


def speed(traces: Sequence[EpisodeTrace], pictures_sent: Mapping[int, int], lateness_ms: Figures,
          latent_bytes: int | None) -> Figures:
    """Figures over all episodes of a run: medians of the rates, spreads of the pooled times.

    `pictures_sent` says when the last picture of a chunk had left its camera; on that the pipeline has no influence.
    """
    return {
        'episodes': len(traces), 'seconds': sum(trace.duration_s for trace in traces),
        'chunk_rate_hz': _median(metrics.chunk_rate_hz, traces),
        'command_rate_hz': _median(metrics.command_rate_hz, traces),
        'slow_rate_hz': _median(metrics.slow_rate_hz, traces),
        'command_lateness_ms': lateness_ms,
        'latent_age_ms': _pooled(metrics.latent_age_ms, traces),
        'image_to_command_ms': _pooled(metrics.image_to_command_ms, traces),
        'model_ms': _pooled(metrics.model_ms, traces),
        'overhead_ms': _pooled(metrics.overhead_ms, traces),
        'pipeline_ms': _pooled(partial(pipeline_ms, pictures_sent=pictures_sent), traces),
        'late_ticks': sum(metrics.late_ticks(trace) for trace in traces),
        'latent_bytes_max': latent_bytes,
    }


def targets(normal: Figures, slowed: Figures, chunk_hz: float) -> list[Target]:
    """What the project promises for two cores without a GPU."""
    return [
        Target('chunk rate [Hz]', normal['chunk_rate_hz'], 0.95 * chunk_hz, 1.05 * chunk_hz),
        Target('command rate [Hz]', normal['command_rate_hz'], low=100.0),
        Target('command lateness p99 [ms]', normal['command_lateness_ms']['p99'], high=10.0),
        Target('reasoner rate [Hz]', normal['slow_rate_hz'], low=1.0),
        Target('image to command beyond model time, p99 [ms]', normal['pipeline_ms']['p99'], high=15.0),
        Target('latent message [bytes]', normal['latent_bytes_max'], high=256e3),
        Target('slowed reasoner: its rate [Hz]', slowed['slow_rate_hz'], high=0.75),
        Target('slowed reasoner: chunk rate / normal', ratio(slowed, normal, 'chunk_rate_hz'), 0.95, 1.05),
        Target('slowed reasoner: command rate / normal', ratio(slowed, normal, 'command_rate_hz'), 0.95, 1.05),
    ]


def pipeline_ms(trace: EpisodeTrace, pictures_sent: Mapping[int, int]) -> NDArray[np.float64]:
    """Time [ms] from the last picture leaving its camera to the first set-point it influences, less the model's."""
    sequences, way_ns = metrics.image_to_command_ns(trace)
    chunks = {s: row for row, s in enumerate(trace.chunks.sequence.tolist())}
    times = []
    for sequence, way in zip(sequences.tolist(), way_ns.tolist(), strict=True):
        row = chunks.get(sequence)
        if row is not None and sequence in pictures_sent:
            set_point_ns = int(trace.chunks.observation_ns[row]) + way
            times.append((set_point_ns - pictures_sent[sequence] - int(trace.chunks.inference_ns[row])) / 1e6)
    return np.array(times, dtype=np.float64)


def ratio(slowed: Figures, normal: Figures, key: str) -> float | None:
    """A figure of the slowed run as a share of the normal one's; None when either is unknown."""
    if slowed[key] is None or not normal[key]:
        return None
    return float(slowed[key] / normal[key])


def _median(rate: Callable[[EpisodeTrace], float | None], traces: Sequence[EpisodeTrace]) -> float | None:
    known = [value for trace in traces if (value := rate(trace)) is not None]
    return float(np.median(known)) if known else None


def _pooled(times: Callable[[EpisodeTrace], NDArray[np.float64]], traces: Sequence[EpisodeTrace]) -> metrics.Spread:
    return metrics.spread(np.concatenate([np.empty(0), *(times(trace) for trace in traces)]))
