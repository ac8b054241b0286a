"""What a page draws of a replay: thinned out as it grows, so that two hours weigh as much as two minutes."""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from vla_async.replay.open_loop.stretch import Stretch

POINTS, CHUNKS = 1500, 100  # of a bag; twice as many before they are thinned


class Thinned:
    """Rows that come in order; when there are too many, every other one is dropped from then on and before."""

    def __init__(self, most: int) -> None:
        self._most, self._stride, self._seen = most, 1, 0
        self.rows: list[Any] = []

    def due(self, count: int) -> range:
        """Which of the next `count` rows are to be added."""
        first = -self._seen % self._stride
        self._seen += count
        return range(first, count, self._stride)

    def add(self, row: Any) -> None:
        """A row that is due. It must not be a view: it would keep alive all that it is a part of."""
        self.rows.append(row)
        if len(self.rows) > 2 * self._most:
            self.rows, self._stride = self.rows[::2], 2 * self._stride


@dataclass
class Sketch:
    """Times are in seconds since `begin_ns`."""

    begin_ns: int = 0
    motion: Thinned = field(default_factory=lambda: Thinned(POINTS))  # (s, position (D,))
    robot: Thinned = field(default_factory=lambda: Thinned(POINTS))  # (s, position (D,))
    chunks: Thinned = field(default_factory=lambda: Thinned(CHUNKS))  # (s, step [s], positions (H, columns))
    ages: Thinned = field(default_factory=lambda: Thinned(POINTS))  # (s, latent age or None, picture age [ms])
    asked: list[tuple[float, float, str]] = field(default_factory=list)  # from, to [s], instruction
    _robot_ns: int = 0  # newest joint state that was drawn

    def add(self, stretch: Stretch) -> None:
        """Draw a stretch."""
        trace = stretch.trace
        self.begin_ns = self.begin_ns or int(trace.start_ns)
        self._ask(self.at(trace.start_ns), self.at(trace.end_ns), stretch.instruction)
        points, measured, fusions, chunks = trace.set_points, stretch.measured, trace.fusions, trace.chunks
        for i in self.motion.due(len(points)):
            self.motion.add((self.at(points.stamp_ns[i]), points.position[i].copy()))
        new = np.searchsorted(measured.stamp_ns, self._robot_ns, 'right')  # joint states of two stretches overlap
        for i in self.robot.due(len(measured.stamp_ns) - int(new)):
            self.robot.add((self.at(measured.stamp_ns[new + i]), measured.position[new + i].copy()))
        self._robot_ns = max(self._robot_ns, int(measured.stamp_ns[-1])) if len(measured.stamp_ns) else self._robot_ns
        taken = np.flatnonzero(fusions.accepted)
        for k in taken[self.ages.due(len(taken))]:
            latent_ns = int(fusions.latent_ns[k])
            latent = (fusions.judged_ns[k] - latent_ns) / 1e6 if latent_ns else None
            self.ages.add((self.at(fusions.judged_ns[k]), latent,
                           (fusions.judged_ns[k] - fusions.observation_ns[k]) / 1e6))
        for k in taken[self.chunks.due(len(taken))]:
            self.chunks.add((self.at(chunks.stamp_ns[k]), chunks.step_ns[k] / 1e9, chunks.positions[k].copy()))

    def at(self, stamp_ns: int | np.int64) -> float:
        """Seconds since the begin."""
        return float(stamp_ns - self.begin_ns) / 1e9

    def _ask(self, start_s: float, end_s: float, instruction: str) -> None:
        last = self.asked[-1] if self.asked else None
        if last is not None and last[2] == instruction and start_s - last[1] < 1e-6:
            self.asked[-1] = (last[0], end_s, instruction)
        else:
            self.asked.append((start_s, end_s, instruction))
