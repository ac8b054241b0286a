"""What the fusers are put through: a stub policy whose chunks follow a known motion with known faults."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from vla_async.fusion import FuserConfig, JointLimits
from vla_async.timebase import NS_PER_S, nanoseconds
from vla_async.types import ActionChunk, FloatArray

STEP_NS = 33_333_333  # 30 Hz
HORIZON = 50
START_NS = 1_000_000 * STEP_NS  # a whole tick, and far from zero
AMPLITUDE = 0.5  # [rad]
JUMP = 0.3  # [rad]


@dataclass(frozen=True)
class Scenario:
    """Motion, faults of the chunks, and how they arrive."""

    key: str
    title: str
    dof: int = 6
    hz: float = 0.2  # of the sine that the chunks follow
    bias: float = 0.0  # standard deviation of a constant per chunk and joint, to the amplitude
    white: float = 0.0  # the same of every sample
    delay_s: tuple[float, float] = (0.2, 0.2)  # from observation to arrival, uniform between the two
    every: int = 25  # steps between observations
    lost: float = 0.0  # share of the chunks that never arrive
    overtaken: float = 0.0  # share that arrives after its successor
    jump_s: float | None = None  # instead of the sine: still, and from then on still elsewhere
    limits: tuple[float, float, float] = (2.0, 8.0, 120.0)  # velocity, acceleration, jerk [rad, s]
    unit: float = 1.0  # what one radian is called
    seconds: float = 15.0

    @property
    def amplitude(self) -> float:
        """What everything is measured in."""
        return self.unit * (AMPLITUDE if self.jump_s is None else JUMP)

    def config(self) -> FuserConfig:
        """The robot; all settings but its joints and limits are the defaults."""
        one = np.full(self.dof, self.unit)
        velocity, acceleration, jerk = (limit * one for limit in self.limits)
        return FuserConfig(tuple(f'joint_{d}' for d in range(self.dof)),
                           JointLimits(-3.0 * one, 3.0 * one, velocity, acceleration, jerk))

    def wanted(self, seen_s: float, times_s: FloatArray) -> FloatArray:
        """Motion (N, D) at `times_s` (N,) as it is known at `seen_s`; a jump is not foreseen."""
        if self.jump_s is not None:
            return np.full((len(times_s), self.dof), self.unit * JUMP * (seen_s >= self.jump_s))
        phase = 2 * np.pi * self.hz * times_s[:, None] + np.arange(self.dof)
        wave: FloatArray = self.unit * AMPLITUDE * np.sin(phase)
        return wave


class Policy:
    """Makes the chunks of one run; everything follows from the seed."""

    def __init__(self, scenario: Scenario, seed: int) -> None:
        self._scenario, self._rng = scenario, np.random.default_rng(seed)
        self._sequence = 0

    def chunk(self, seen_ns: int) -> ActionChunk:
        """Chunk whose row 0 holds at the observation."""
        return self.candidates(seen_ns, 1)[0]

    def candidates(self, seen_ns: int, count: int) -> list[ActionChunk]:
        """So many samples for one observation, with one sequence number."""
        self._sequence += 1
        seen_s = (seen_ns - START_NS) / NS_PER_S
        clean = self._scenario.wanted(seen_s, seen_s + np.arange(HORIZON) * STEP_NS / NS_PER_S)
        return [ActionChunk(seen_ns, STEP_NS, clean + self._fault(), sequence=self._sequence, observation_ns=seen_ns)
                for _ in range(count)]

    def delay_ns(self) -> int:
        """Time until the chunk that is being made arrives."""
        return nanoseconds(self._rng.uniform(*self._scenario.delay_s))

    def arrivals(self, samples: int) -> Iterator[tuple[int, list[ActionChunk]]]:
        """When which chunks arrive, observed on a fixed schedule; not in order where they overtake each other."""
        scenario = self._scenario
        for tick in range(0, round(scenario.seconds * NS_PER_S / STEP_NS), scenario.every):
            seen_ns = START_NS + tick * STEP_NS
            made, late_ns = self.candidates(seen_ns, samples), self.delay_ns()
            luck = self._rng.uniform()
            if luck >= scenario.lost:
                behind = luck < scenario.lost + scenario.overtaken
                yield seen_ns + late_ns + behind * (scenario.every + 1) * STEP_NS, made

    def _fault(self) -> FloatArray:
        scenario = self._scenario
        bias = self._rng.normal(0.0, 1.0, scenario.dof) * scenario.bias
        white = self._rng.normal(0.0, 1.0, (HORIZON, scenario.dof)) * scenario.white
        fault: FloatArray = (bias + white) * scenario.unit * AMPLITUDE
        return fault


BIASED = Scenario('a', 'every chunk is off by a constant, sigma 5 %', bias=0.05)
SCENARIOS = (
    BIASED,
    *(replace(BIASED, key=f'g{every}', title=f'the same, replanned every {every} steps', every=every)
      for every in (1, 3, 5, 10)),
    replace(BIASED, key='a25', title='the same as (a) with 25 joints', dof=25),
    Scenario('b', 'white noise on every sample, sigma 5 %', white=0.05),
    Scenario('c', 'constant and white noise', bias=0.05, white=0.05),
    Scenario('d1', 'motion of 1 Hz', hz=1.0, every=5, limits=(6.0, 40.0, 1000.0)),
    Scenario('d2', 'motion of 2 Hz', hz=2.0, every=5, limits=(12.0, 120.0, 3000.0)),
    Scenario('e', 'the target jumps', every=5, jump_s=5.0, limits=(4.0, 60.0, 1200.0), seconds=8.0),
    Scenario('f', 'delays of 0.05 to 1 s, 10 % lost, 5 % out of order', bias=0.05, every=10, delay_s=(0.05, 1.0),
             lost=0.1, overtaken=0.05),
    replace(BIASED, key='i', title='(a) in degrees', unit=float(np.degrees(1.0))),
    replace(BIASED, key='j', title='(a) with limits tighter than the chunks', limits=(0.4, 2.0, 30.0)),
)
