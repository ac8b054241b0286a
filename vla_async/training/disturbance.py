"""What goes wrong in a demonstration on purpose, so that a policy sees how to get back on course."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vla_async.embodiment import Embodiment
from vla_async.types import FloatArray

START_SHARE = 0.5  # of the episodes start off home with the acting side
OTHER_SHARE = 0.25  # with the other arm
PUSH_SHARE = 0.5  # are pushed under way
BUSY_SHARE = 0.4  # begin where another task has brought the robot, half-way or done
BUSY_TIME = (0.5, 6.0)  # for so long it worked at that [s]
# Spread by group at the start [rad or m], and of the pushes' velocity [rad/s or m/s].
START_SPREAD = {'arm': 0.16, 'torso': 0.04, 'chassis': 0.03}
PUSH_SPREAD = {'arm': 0.40, 'torso': 0.08, 'chassis': 0.05}


@dataclass(frozen=True)
class Push:
    """A velocity added to the set-points for a while; it swells and fades as half a sine."""

    start_s: float
    duration_s: float
    velocity: FloatArray  # (D,) peak [rad/s or m/s]

    def at(self, time_s: float) -> FloatArray:
        """Velocity (D,) at a time [s]."""
        phase = (time_s - self.start_s) / self.duration_s
        return self.velocity * (np.sin(np.pi * phase) if 0.0 < phase < 1.0 else 0.0)


@dataclass(frozen=True)
class Disturbance:
    """Where the robot starts, whether it did something else before, and how it is pushed in one episode."""

    start: FloatArray  # (D,) joint positions [rad or m]
    pushes: tuple[Push, ...]
    busy_s: float  # from there it first works at another task for so long, or until that is done [s]

    def velocity(self, time_s: float) -> FloatArray:
        """Velocity added to the set-points at a time [s], (D,)."""
        return sum((push.at(time_s) for push in self.pushes), np.zeros_like(self.start))


def draw(rng: np.random.Generator, robot: Embodiment, hand: str) -> Disturbance:
    """A disturbance; about one episode in seven has none."""
    offset = np.zeros(robot.dof)
    if rng.random() < START_SHARE:
        offset += _noise(rng, robot, START_SPREAD, hand)
    if rng.random() < OTHER_SHARE:
        for other in set(robot.hands) - {hand}:
            offset += _noise(rng, robot, {'arm': START_SPREAD['arm']}, other)
    pushes = []
    if rng.random() < PUSH_SHARE:
        for _ in range(int(rng.integers(1, 4))):
            velocity = _noise(rng, robot, PUSH_SPREAD, hand)
            pushes.append(Push(float(rng.uniform(0.2, 2.4)), float(rng.uniform(0.4, 0.7)), velocity))
    start = np.clip(robot.array('home') + offset, robot.array('lower'), robot.array('upper'))
    busy_s = float(rng.uniform(*BUSY_TIME)) if rng.random() < BUSY_SHARE else 0.0
    return Disturbance(start, tuple(pushes), busy_s)


def _noise(rng: np.random.Generator, robot: Embodiment, spread: dict[str, float], hand: str) -> FloatArray:
    """Normal noise, cut at two spreads, on the arm of `hand` and the other groups named, (D,)."""
    noise = np.zeros(robot.dof)
    for kind, scale in spread.items():
        name = f'{kind}_{hand}' if f'{kind}_{hand}' in robot.groups else kind
        if name in robot.groups:
            chosen = robot.indices(robot.groups[name])
            noise[chosen] = scale * np.clip(rng.normal(size=len(chosen)), -2.0, 2.0)
    return noise
