"""How far from what the robot did: sums that can be added up over stretches and bags."""
from __future__ import annotations

import numpy as np

from vla_async.replay.open_loop.measures import warped_distance
from vla_async.types import FloatArray


class JointErrors:
    """Mean absolute and root-mean-square error, and distance after time warping, joint by joint."""

    def __init__(self, dof: int) -> None:
        self._absolute, self._squared, self._warped = np.zeros((3, dof))
        self._samples = self._pieces = 0

    def add(self, made: FloatArray, done: FloatArray) -> None:
        """Pieces (C, H, D) [rad or m] of what was made and of what the robot did at the same times."""
        if made.size == 0:
            return
        error = made - done
        self._absolute += np.abs(error).sum(axis=(0, 1))
        self._squared += (error * error).sum(axis=(0, 1))
        self._warped += warped_distance(made, done).sum(axis=0)
        self._samples += made.shape[0] * made.shape[1]
        self._pieces += len(made)

    def merge(self, other: JointErrors) -> None:
        """Add what `other` has added."""
        self._absolute += other._absolute
        self._squared += other._squared
        self._warped += other._warped
        self._samples += other._samples
        self._pieces += other._pieces

    def report(self) -> dict[str, float | None]:
        """Over all joints, rad and m alike; None where nothing was compared."""
        if not self._samples:
            return {'mae': None, 'rmse': None, 'dtw': None}
        mae, squared, dtw = self._means()
        return {'mae': float(mae.mean()), 'rmse': float(np.sqrt(squared.mean())), 'dtw': float(dtw.mean())}

    def by_joint(self, names: tuple[str, ...]) -> dict[str, dict[str, float]]:
        """The same of each of the D joints; empty where nothing was compared."""
        if not self._samples:
            return {}
        mae, squared, dtw = self._means()
        return {name: {'mae': float(mae[j]), 'rmse': float(np.sqrt(squared[j])), 'dtw': float(dtw[j])}
                for j, name in enumerate(names)}

    def _means(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Absolute, squared and warped, (D,) each."""
        return self._absolute / self._samples, self._squared / self._samples, self._warped / self._pieces


class MeanSquare:
    """Root mean square of columns (N, D), joint by joint."""

    def __init__(self, dof: int) -> None:
        self._squared, self._count = np.zeros(dof), 0

    def add(self, values: FloatArray) -> None:
        """Values (N, D)."""
        self._squared += (values * values).sum(axis=0)
        self._count += len(values)

    def merge(self, other: MeanSquare) -> None:
        """Add what `other` has added."""
        self._squared += other._squared
        self._count += other._count

    def rms(self) -> float | None:
        """Over all columns; None when there was nothing."""
        return float(np.sqrt((self._squared / self._count).mean())) if self._count else None


class WeightedMean:
    """Mean of numbers, each with a weight."""

    def __init__(self) -> None:
        self._sum = self._weight = 0.0

    def add(self, value: float | None, weight: float) -> None:
        """A number; None counts for nothing."""
        if value is not None:
            self._sum += weight * value
            self._weight += weight

    def merge(self, other: WeightedMean) -> None:
        """Add what `other` has added."""
        self._sum += other._sum
        self._weight += other._weight

    def mean(self) -> float | None:
        """None when there was nothing."""
        return self._sum / self._weight if self._weight else None
