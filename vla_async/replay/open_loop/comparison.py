"""Configurations side by side: means over bags with bootstrapped intervals, and what changes against the first one."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from vla_async.types import FloatArray

RESAMPLES = 2000
LEVEL = 0.95
FIGURES = (
    'error.chunk.mae', 'error.chunk.rmse', 'error.chunk.dtw', 'error.motion.mae', 'error.motion.rmse',
    'error.motion.dtw', 'consistency_rms', 'jerk_rms.motion', 'spectral_arc_length.motion', 'seam.position_max',
    'seam.velocity_max', 'seam.acceleration_max', 'limits.velocity_ratio_max', 'limits.acceleration_ratio_max',
    'limits.samples_beyond', 'idle_s', 'idle_longest_s', 'chunk_rate_hz', 'latent_age_ms.p50', 'latent_age_ms.p99',
    'chunk_age_ms.p50', 'chunk_age_ms.p99')


def figure(report: Mapping[str, Any], name: str) -> float | None:
    """The figure `a.b.c` of a report; raises KeyError when there is none of that name."""
    value: Any = report
    for key in name.split('.'):
        value = value[key]
    return value if value is None else float(value)


def compare(reports: Sequence[Sequence[Mapping[str, Any]]], seed: int) -> list[dict[str, Any]]:
    """For each configuration, whose reports of the same bags are `reports[i]`, by figure its mean over the bags, the
    interval of that, and the mean change against the first configuration with its interval."""
    table = [{name: np.array([np.nan if (value := figure(report, name)) is None else value for report in own])
              for name in FIGURES} for own in reports]
    return [{name: {**_mean(own[name], seed, ''), **(_mean(own[name] - table[0][name], seed, 'change_') if i else {})}
             for name in FIGURES} for i, own in enumerate(table)]


def _mean(values: FloatArray, seed: int, prefix: str) -> dict[str, Any]:
    known = values[np.isfinite(values)]
    mean = float(known.mean()) if len(known) else None
    return {f'{prefix}mean': mean, f'{prefix}interval_95': interval(known, seed)}


def interval(values: FloatArray, seed: int) -> list[float] | None:
    """Percentile bootstrap of the mean of values (N,), N bags; None of fewer than two, which tell of no spread."""
    if len(values) < 2:
        return None
    drawn = np.random.default_rng(seed).integers(0, len(values), (RESAMPLES, len(values)))
    low, high = np.quantile(values[drawn].mean(axis=1), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return [float(low), float(high)]
