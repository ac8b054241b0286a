"""The figures of a report as pure functions over an EpisodeTrace. Unknown is None, never zero."""
from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vla_async.embodiment import Embodiment
from vla_async.replay.trace import EpisodeTrace
from vla_async.types import FloatArray, StampArray

Spread = dict[str, float | None]


def spread(values: NDArray[np.float64]) -> Spread:
    """Median, 99th percentile and maximum of a sample; None each when it is empty."""
    if len(values) == 0:
        return {'p50': None, 'p99': None, 'max': None}
    p50, p99 = np.quantile(values, (0.5, 0.99))
    return {'p50': float(p50), 'p99': float(p99), 'max': float(values.max())}


def rate_hz(stamps_ns: StampArray) -> float | None:
    """Mean rate [Hz] of a stream: intervals over the time that they span; None below two stamps."""
    stamps = np.unique(stamps_ns)
    if len(stamps) < 2:
        return None
    return float((len(stamps) - 1) * 1e9 / (stamps[-1] - stamps[0]))


def within(stamps_ns: StampArray, trace: EpisodeTrace) -> NDArray[np.bool_]:
    """Which stamps lie in the episode, both ends included, shape (N,)."""
    return (stamps_ns >= trace.start_ns) & (stamps_ns <= trace.end_ns)


def slow_rate_hz(trace: EpisodeTrace) -> float | None:
    """Passes of the reasoner per second; a pass counts once, when it is complete."""
    latents = trace.latents
    return rate_hz(latents.ready_ns[latents.complete & within(latents.ready_ns, trace)])


def chunk_rate_hz(trace: EpisodeTrace) -> float | None:
    """Chunks that reached the fuser per second."""
    judged = trace.fusions.judged_ns
    return rate_hz(judged[within(judged, trace)])


def command_rate_hz(trace: EpisodeTrace) -> float | None:
    """Set-points sent per second."""
    sent = trace.set_points.sent_ns
    return rate_hz(sent[within(sent, trace)])


def latent_age_ms(trace: EpisodeTrace) -> NDArray[np.float64]:
    """Age [ms] of the pictures behind the latent when a chunk made from it enters the motion, shape (accepted,)."""
    used = trace.fusions.where(trace.fusions.accepted & within(trace.fusions.judged_ns, trace))
    used = used.where(used.latent_ns > 0)  # without a fused latent there is no age
    return (used.judged_ns - used.latent_ns) / 1e6


def chunk_age_ms(trace: EpisodeTrace) -> NDArray[np.float64]:
    """Age [ms] of the pictures behind the newest chunk in the motion at each set-point that follows it, shape (N,)."""
    points = trace.set_points.where(trace.set_points.following & within(trace.set_points.sent_ns, trace))
    accepted = trace.fusions.where(trace.fusions.accepted)
    newest = np.searchsorted(accepted.trajectory_ns, points.trajectory_ns, side='right') - 1
    known = newest >= 0
    return (points.sent_ns[known] - accepted.observation_ns[newest[known]]) / 1e6


def image_to_command_ns(trace: EpisodeTrace) -> tuple[StampArray, StampArray]:
    """Sequences of the accepted chunks and the time [ns] from each one's pictures to the first set-point it had a
    part in, both shape (N,); a chunk is replaced before it is sampled now and then, and is left out then."""
    accepted = trace.fusions.where(trace.fusions.accepted & within(trace.fusions.judged_ns, trace))
    points = trace.set_points.where(trace.set_points.following)
    first = np.searchsorted(points.trajectory_ns, accepted.trajectory_ns)
    next_one = np.append(accepted.trajectory_ns[1:], np.iinfo(np.int64).max)
    reached = first < len(points)
    reached[reached] &= points.trajectory_ns[first[reached]] < next_one[reached]
    sent = points.sent_ns[first[reached]]
    return accepted.sequence[reached], sent - accepted.observation_ns[reached]


def image_to_command_ms(trace: EpisodeTrace) -> NDArray[np.float64]:
    """Time [ms] from a picture to the first set-point that it influences, shape (N,)."""
    return image_to_command_ns(trace)[1] / 1e6


def overhead_ms(trace: EpisodeTrace) -> NDArray[np.float64]:
    """What the way from picture to set-point costs beyond the model's own time [ms], shape (N,)."""
    sequences, way_ns = image_to_command_ns(trace)
    inference = dict(zip(trace.chunks.sequence.tolist(), trace.chunks.inference_ns.tolist(), strict=True))
    known = [(way - inference[s]) / 1e6 for s, way in zip(sequences.tolist(), way_ns.tolist(), strict=True)
             if s in inference]
    return np.array(known, dtype=np.float64)


def model_ms(trace: EpisodeTrace) -> NDArray[np.float64]:
    """Time that the action model took for each chunk [ms], shape (C,)."""
    return trace.chunks.inference_ns[within(trace.chunks.stamp_ns, trace)] / 1e6


def seam(trace: EpisodeTrace) -> dict[str, float | None]:
    """Largest jumps of the motion where one chunk takes over from another [rad or m, per s, per s^2]."""
    accepted = trace.fusions.where(trace.fusions.accepted & within(trace.fusions.judged_ns, trace))
    columns = {'position_max': accepted.seam_position, 'velocity_max': accepted.seam_velocity,
               'acceleration_max': accepted.seam_acceleration}
    return {key: float(column.max()) if len(column) else None for key, column in columns.items()}


def command_ratios(trace: EpisodeTrace, robot: Embodiment) -> dict[str, float | None]:
    """Largest velocity and acceleration of the set-points as a share of the limits.

    Differences of the positions sent, not what the bridge says of itself: over any grid, the mean velocity
    of an interval and the difference quotient of two such means stay below the limits if the motion does.
    """
    points = trace.set_points.where(within(trace.set_points.sent_ns, trace))
    stamps, rows = np.unique(points.stamp_ns, return_index=True)
    if len(stamps) < 3:
        return {'velocity_ratio_max': None, 'acceleration_ratio_max': None}
    velocity, acceleration = difference_quotients(stamps, points.position[rows])
    return {'velocity_ratio_max': float((np.abs(velocity) / robot.array('velocity')).max()),
            'acceleration_ratio_max': float((np.abs(acceleration) / robot.array('acceleration')).max())}


def difference_quotients(stamps_ns: StampArray, position: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Mean velocities (N-1, D) of the intervals and accelerations (N-2, D) between their middles."""
    steps_s = np.diff(stamps_ns)[:, None] / 1e9  # (N-1, 1)
    velocity = np.diff(position, axis=0) / steps_s
    return velocity, np.diff(velocity, axis=0) / ((steps_s[1:] + steps_s[:-1]) / 2)


def late_ticks(trace: EpisodeTrace) -> int:
    """Set-points sent more than one period after they were due."""
    return int(np.count_nonzero(trace.set_points.late & within(trace.set_points.sent_ns, trace)))


def idle_ticks(trace: EpisodeTrace) -> int:
    """Set-points of the episode in which the robot followed no motion, though a task was given."""
    return int(np.count_nonzero(~trace.set_points.following & within(trace.set_points.sent_ns, trace)))


def wilson(successes: int, count: int, z: float = 1.959964) -> tuple[float, float] | None:
    """Wilson score interval of a success rate (95 % by default); None without episodes.

    centre = (p + z^2/2n) / (1 + z^2/n), half = z / (1 + z^2/n) * sqrt(p(1-p)/n + z^2/4n^2)
    """
    if count == 0:
        return None
    rate, spread_ = successes / count, z * z / count
    centre = (rate + spread_ / 2) / (1 + spread_)
    half = z / (1 + spread_) * np.sqrt(rate * (1 - rate) / count + spread_ / (4 * count))
    return max(0.0, float(centre - half)), min(1.0, float(centre + half))
