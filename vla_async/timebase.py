"""Integer-nanosecond time: the only clock arithmetic of the package. No clock is read here.

A stamp is ROS time in integer nanoseconds since the epoch of whatever clock drives the graph
(system, simulation, bag). Durations are integer nanoseconds as well; floats appear at the edges only.
"""
from __future__ import annotations

NS_PER_S = 1_000_000_000
NS_PER_MS = 1_000_000


def seconds(duration_ns: int) -> float:
    """Duration [ns] as seconds."""
    return duration_ns / NS_PER_S


def nanoseconds(duration_s: float) -> int:
    """Duration [s] as the nearest integer nanosecond."""
    return round(duration_s * NS_PER_S)


def step_ns(rate_hz: float) -> int:
    """Period [ns] of a rate [Hz]; raises ValueError unless the rate is positive."""
    if not rate_hz > 0:
        raise ValueError(f'a rate must be positive, got {rate_hz} Hz')
    return round(NS_PER_S / rate_hz)
