"""VLA-RAIL [2512.24673]: a polynomial through the chunk, joined to the motion under way by quintics."""
from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from vla_async.fusion.baselines.base import Baseline
from vla_async.timebase import NS_PER_S
from vla_async.types import ActionChunk, FloatArray

# h0..h5: coefficients of 1, u, .., u^5 for q0, v0 T, a0 T^2, q1, v1 T, a1 T^2
HERMITE = np.array([[1, 0, 0, -10, 15, -6], [0, 1, 0, -6, 8, -3], [0, 0, .5, -1.5, 1.5, -.5],
                    [0, 0, 0, 10, -15, 6], [0, 0, 0, -4, 7, -3], [0, 0, 0, .5, -1, .5]])


@lru_cache(maxsize=16)
def fit_matrix(count: int, degree: int) -> FloatArray:
    """Least squares: matrix (degree + 1, count) from samples to coefficients in normalised time 0..1."""
    return np.asarray(np.linalg.pinv(np.vander(np.linspace(0.0, 1.0, count), degree + 1, increasing=True)), np.float64)


@dataclass(frozen=True)
class Polynomial:
    """sum_k c_k u^k, u = (t - start) / length, standing still before 0 and after 1; coefficients (K, D)."""

    start_ns: int
    length_s: float
    coefficients: FloatArray

    def state(self, t_ns: int) -> FloatArray:
        """Position, velocity and acceleration (3, D)."""
        u = (t_ns - self.start_ns) / NS_PER_S / self.length_s
        inside = min(max(u, 0.0), 1.0)
        powers: FloatArray = np.power(inside, np.arange(len(self.coefficients)), dtype=np.float64)
        rows = np.stack([_derived(self.coefficients, order, powers) / self.length_s ** order for order in range(3)])
        rows[1:] *= inside == u
        return rows

    @property
    def end_ns(self) -> int:
        return self.start_ns + round(self.length_s * NS_PER_S)


def _derived(coefficients: FloatArray, order: int, powers: FloatArray) -> FloatArray:
    count = len(coefficients)
    factors = np.ones(count)
    for k in range(order):
        factors *= np.maximum(np.arange(count) - k, 0)
    value: FloatArray = (factors[order:] * powers[:count - order]) @ coefficients[order:]
    return value


def quintic(start_ns: int, length_s: float, begin: FloatArray, end: FloatArray) -> Polynomial:
    """From state `begin` (3, D) to `end` (3, D), with equal position, velocity and acceleration at both ends."""
    scale = np.array([1.0, length_s, length_s ** 2])[:, None]
    coefficients = HERMITE.T @ np.concatenate([begin * scale, end * scale])
    return Polynomial(start_ns, length_s, coefficients)


def fitted(chunk: ActionChunk, degree: int) -> Polynomial:
    """The chunk as one polynomial a joint."""
    count = len(chunk.positions)
    length_s = max(count - 1, 1) * chunk.step_ns / NS_PER_S  # a single row stands for a step
    return Polynomial(chunk.stamp_ns, length_s, fit_matrix(count, degree) @ chunk.positions)


class VlaRailPaper(Baseline):
    """As in the paper: two quintics that meet half way.

    The chunk is fitted per joint, read from the present on (alignment by time; the paper's search by direction of
    motion loses the phase of a periodic motion), and joined over T by a quintic to the middle
    q = (q0 + q1) / 2, v = (v0 + v1) / 2, a = 0, and another one from there to the chunk.
    """

    DEGREE = 5  # the paper's third degree flattens motion of 0.5 Hz
    TRANSITION_S = 0.4
    HISTORY = 8  # pieces of the past that are kept: a reader may be a little behind

    def _clear(self, stamp_ns: int, position: FloatArray) -> None:
        still = np.concatenate([position[None], np.zeros((5, len(position)))])
        self._pieces = [(stamp_ns, Polynomial(stamp_ns, 1.0, still))]  # each from its time on

    def _take(self, chunk: ActionChunk, now_ns: int) -> str:
        new = fitted(chunk, self.DEGREE)
        if new.end_ns <= now_ns:
            return 'entirely in the past'
        half_s = min(self.TRANSITION_S, (new.end_ns - now_ns) / NS_PER_S) / 2
        middle_ns, join_ns = (now_ns + round(k * half_s * NS_PER_S) for k in (1, 2))
        begin, end = self._state(now_ns), new.state(join_ns)
        middle = (begin + end) / 2 * np.array([1.0, 1.0, 0.0])[:, None]
        gone = [(from_ns, piece) for from_ns, piece in self._pieces if from_ns < now_ns][-self.HISTORY:]
        self._pieces = [*gone, (now_ns, quintic(now_ns, half_s, begin, middle)),
                        (middle_ns, quintic(middle_ns, half_s, middle, end)), (join_ns, new)]
        return ''

    def _state(self, t_ns: int) -> FloatArray:
        begun = [piece for from_ns, piece in self._pieces if from_ns <= t_ns] or [self._pieces[0][1]]
        return begun[-1].state(t_ns)

    def _position(self, t_ns: int) -> FloatArray:
        position: FloatArray = self._state(t_ns)[0]
        return position


class VlaRailCode(Baseline):
    """As in the published code: everything on a grid of 3.75 ms, the quintic's tail faded linearly into the chunk.

    alpha = min(1, 1/4 + |dq| + 3/4 |dv| + 0.15 |da|), n = min(alpha N, N - index) samples, u = 0..1 over n samples,
    the quintic lasts T = n dt; from u = 0.7 on a linear cross-fade to the chunk. Velocity and acceleration are finite
    differences of what was sent. The norms mix radians, their rates and metres: alpha is 1 for most robots.
    """

    DEGREE = 4
    DT_NS = 3_750_000
    TAIL = 0.7
    HISTORY = 32  # samples of the past that are kept: a reader may be a little behind

    def _clear(self, stamp_ns: int, position: FloatArray) -> None:
        self._start_ns, self._samples = stamp_ns, position[None]

    def _take(self, chunk: ActionChunk, now_ns: int) -> str:
        curve = fitted(chunk, self.DEGREE)
        times = chunk.stamp_ns + self.DT_NS * np.arange((curve.end_ns - chunk.stamp_ns) // self.DT_NS + 1)
        index = int(np.searchsorted(times, now_ns, 'right'))
        if index >= len(times) - 2:
            return 'entirely in the past'
        u = (times - chunk.stamp_ns) / NS_PER_S / curve.length_s
        samples = np.vander(u, self.DEGREE + 1, increasing=True) @ curve.coefficients
        sent = np.array([self._position(now_ns - k * self.DT_NS) for k in range(self.HISTORY)])
        self._samples = np.concatenate([sent[::-1], self._joined(sent, samples, index)])
        self._start_ns = int(times[index]) - self.HISTORY * self.DT_NS
        return ''

    def _joined(self, sent: FloatArray, samples: FloatArray, index: int) -> FloatArray:
        """The chunk's samples from `index` on, with a transition from what was `sent` (newest first) in front."""
        dt_s = self.DT_NS / NS_PER_S
        begin = np.stack([sent[0], (sent[0] - sent[1]) / dt_s, (sent[0] - 2 * sent[1] + sent[2]) / dt_s ** 2])
        velocity = np.gradient(samples, dt_s, axis=0)
        acceleration = np.gradient(velocity, dt_s, axis=0)
        apart = [np.linalg.norm(part) for part in
                 (samples[index] - begin[0], velocity[index] - begin[1], acceleration[index] - begin[2])]
        alpha = min(1.0, 0.25 + apart[0] + 0.75 * apart[1] + 0.15 * apart[2])
        count = max(min(int(len(samples) * alpha), len(samples) - index), 2)
        last = index + count - 1
        way = quintic(0, count * dt_s, begin, np.stack([samples[last], velocity[last], acceleration[last]]))
        u = np.linspace(0.0, 1.0, count)
        fused = samples[index:].copy()
        fade = np.clip((u - self.TAIL) / (1.0 - self.TAIL), 0.0, 1.0)[:, None]
        fused[:count] = (1.0 - fade) * (np.vander(u, 6, increasing=True) @ way.coefficients) + fade * fused[:count]
        return fused

    def _position(self, t_ns: int) -> FloatArray:
        sample = min(max((t_ns - self._start_ns) // self.DT_NS, 0), len(self._samples) - 1)
        position: FloatArray = self._samples[sample]
        return position
