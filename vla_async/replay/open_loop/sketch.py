"""What a page draws of a replay: thinned out as it grows, so that two hours weigh as much as two minutes."""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from vla_async.replay.open_loop.stretch import Stretch
from vla_async.types import FloatArray

POINTS, CHUNKS = 1500, 100  # of a bag; twice as many before they are thinned


class Thinned:
    """Rows that come in order; when there are too many, every other one is dropped from then on and before."""

    def __init__(self, most: int) -> None:
        self._most, self._stride, self._seen = most, 1, 0
        self.rows: list[Any] = []

    def add(self, row: Any) -> None:
        """The next row."""
        if self._seen % self._stride == 0:
            self.rows.append(row)
            if len(self.rows) > 2 * self._most:
                self.rows, self._stride = self.rows[::2], 2 * self._stride
        self._seen += 1


@dataclass
class Sketch:
    """Times are in seconds since `begin_ns`; None in between is a gap."""

    begin_ns: int = 0
    motion: Thinned = field(default_factory=lambda: Thinned(POINTS))  # (s, following, position (D,) or None)
    robot: Thinned = field(default_factory=lambda: Thinned(POINTS))  # (s, position (D,))
    chunks: Thinned = field(default_factory=lambda: Thinned(CHUNKS))  # (s, step [s], positions (H, columns))
    ages: Thinned = field(default_factory=lambda: Thinned(POINTS))  # (s, latent age or None, picture age [ms])
    asked: list[tuple[float, float, str]] = field(default_factory=list)  # from, to [s], instruction

    def add(self, stretch: Stretch) -> None:
        """Draw a stretch."""
        trace = stretch.trace
        self.begin_ns = self.begin_ns or int(trace.start_ns)
        self._ask(self.at(trace.start_ns), self.at(trace.end_ns), stretch.instruction)
        for i in range(len(trace.set_points)):
            points = trace.set_points
            self.motion.add((self.at(points.stamp_ns[i]), bool(points.following[i]), points.position[i]))
        for i in range(len(stretch.measured.stamp_ns)):
            self._add_robot(self.at(stretch.measured.stamp_ns[i]), stretch.measured.position[i])
        fusions, chunks = trace.fusions, trace.chunks
        for k in np.flatnonzero(fusions.accepted):
            seen_ns, latent_ns = int(fusions.observation_ns[k]), int(fusions.latent_ns[k])
            latent = (fusions.judged_ns[k] - latent_ns) / 1e6 if latent_ns else None
            self.ages.add((self.at(fusions.judged_ns[k]), latent, (fusions.judged_ns[k] - seen_ns) / 1e6))
            self.chunks.add((self.at(chunks.stamp_ns[k]), chunks.step_ns[k] / 1e9, chunks.positions[k]))

    def at(self, stamp_ns: int | np.int64) -> float:
        """Seconds since the begin."""
        return float(stamp_ns - self.begin_ns) / 1e9

    def _ask(self, start_s: float, end_s: float, instruction: str) -> None:
        last = self.asked[-1] if self.asked else None
        if last is not None and last[2] == instruction and start_s - last[1] < 1e-6:
            self.asked[-1] = (last[0], end_s, instruction)
        else:
            self.asked.append((start_s, end_s, instruction))

    def _add_robot(self, at_s: float, position: FloatArray) -> None:
        """Joint states of two stretches overlap."""
        if not self.robot.rows or at_s > self.robot.rows[-1][0]:
            self.robot.add((at_s, position))
