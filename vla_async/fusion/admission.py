"""Which chunks are taken. A chunk's content is never trusted and never raises: what is wrong is named."""
from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from vla_async.fusion.config import FuserConfig
from vla_async.fusion.joint_kinds import of_kind
from vla_async.timebase import NS_PER_MS, NS_PER_S, nanoseconds
from vla_async.types import ActionChunk, FloatArray

STEP_RANGE_NS = (NS_PER_MS, NS_PER_S)
MAX_STEPS = 512
LARGEST = np.finfo(float).max
OVERSHOOT = 1.0  # [rad or m] that a policy may be beyond any limit, however small the range


@dataclass(frozen=True)
class Columns:
    """The C columns of a chunk, and between which limits (C,) their values lie as a rule; some have none: infinite.

    A policy that asks for a little more is kept within the limits. One that is beyond them by more than the whole range
    speaks of something else, degrees or another joint, say, and to take it at its word would be a slam into the limits.
    """

    names: tuple[str, ...]
    lower: FloatArray
    upper: FloatArray

    @classmethod
    def of_joints(cls, config: FuserConfig) -> Columns:
        """One a joint: positions, or the velocities of a driven base."""
        limits = config.limits
        lower, upper, driven = (limits.position_min.copy(), limits.position_max.copy(),
                                of_kind(config.joint_kinds, 'velocity'))
        lower[driven], upper[driven] = -limits.velocity[driven], limits.velocity[driven]
        return cls(config.joint_names, lower, upper)


class Admission:
    """Judges chunks in the order of their arrival; remembers the last one taken."""

    def __init__(self, columns: Columns, future_s: float) -> None:
        self._columns = columns
        reach = np.maximum(columns.upper - columns.lower, OVERSHOOT)
        self._lowest = np.maximum(columns.lower - reach, -LARGEST)  # finite: infinity is never between them
        self._highest = np.minimum(columns.upper + reach, LARGEST)
        self._future_ns = nanoseconds(future_s)
        self.last: ActionChunk | None = None

    def refusal(self, chunk: ActionChunk, now_ns: int) -> str:
        """Why the chunk cannot be used, empty if it can."""
        return self._wrong_content(chunk) or self._wrong_time(chunk, now_ns)

    def _wrong_content(self, chunk: ActionChunk) -> str:
        for name in ('stamp_ns', 'step_ns', 'sequence'):
            if not isinstance(getattr(chunk, name), (int, np.integer)):
                return f'{name} is not an integer'
        low, high = STEP_RANGE_NS
        if chunk.step_ns <= 0:
            return f'step_ns is not positive: {chunk.step_ns}'
        if not low <= chunk.step_ns <= high:
            return f'step_ns is not between {low} and {high}: {chunk.step_ns}'
        positions = chunk.positions
        if not (isinstance(positions, np.ndarray) and positions.dtype.kind in 'fiu'):
            return 'positions are not an array of real numbers'
        if positions.size == 0:
            return 'empty: no steps'
        if positions.ndim != 2 or positions.shape[1] != len(self._columns.names):
            return f'wrong shape: {positions.shape}, expected (steps, {len(self._columns.names)})'
        if len(positions) > MAX_STEPS:
            return f'too long: {len(positions)} steps, at most {MAX_STEPS}'
        within = (positions >= self._lowest) & (positions <= self._highest)
        return '' if within.all() else self._outside(positions)  # where NaN is, too

    def _outside(self, positions: FloatArray) -> str:
        if not np.isfinite(positions).all():
            return 'not finite: positions contain NaN or infinity'
        beyond = (positions < self._lowest) | (positions > self._highest)
        step, column = np.unravel_index(int(beyond.argmax()), beyond.shape)
        known = self._columns
        return (f'huge: {positions[step, column]:.4g} for {known.names[column]}, which goes from '
                f'{known.lower[column]:.4g} to {known.upper[column]:.4g}')

    def _wrong_time(self, chunk: ActionChunk, now_ns: int) -> str:
        if chunk.stamp_ns + (len(chunk.positions) - 1) * chunk.step_ns < now_ns:
            return 'entirely in the past'
        if chunk.stamp_ns > now_ns + self._future_ns:
            return f'stamped {(chunk.stamp_ns - now_ns) / NS_PER_S:.3f} s in the future'
        if self.last is None or chunk.stamp_ns > self.last.stamp_ns:
            return ''  # a lower sequence with a newer stamp is a generator that was started anew
        if chunk.stamp_ns < self.last.stamp_ns:
            return 'out of order: older than the chunk under way'
        if chunk.sequence == self.last.sequence:
            return 'duplicate of the chunk under way'
        return '' if chunk.sequence > self.last.sequence else 'out of order: older than the chunk under way'


def cleaned(chunk: ActionChunk) -> ActionChunk:
    """The admitted chunk with plain integers and float64 positions."""
    if type(chunk.stamp_ns) is type(chunk.step_ns) is int and chunk.positions.dtype == np.float64:
        return chunk
    return replace(chunk, stamp_ns=int(chunk.stamp_ns), step_ns=int(chunk.step_ns),
                   positions=chunk.positions.astype(np.float64))
