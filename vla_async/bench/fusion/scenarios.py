"""What the fusers are put through: a stub policy whose chunks follow a known motion with known faults."""
from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from vla_async.fusion import FuserConfig, JointLimits
from vla_async.timebase import NS_PER_S, nanoseconds
from vla_async.types import ActionChunk, FloatArray

STEP_NS = 33_333_333  # 30 Hz
HORIZON = 50
START_NS = 1_000_000 * STEP_NS  # a whole tick, and far from zero
AMPLITUDE = 0.5  # of the sine, and radius of the circle [rad]
JUMP = 0.3  # [rad]
STROKE_S = 2.0  # a gripper opens or closes that often
GRIPPER_LIMITS = (4.0, 40.0, 800.0)  # velocity, acceleration, jerk [strokes, s]
Each = float | tuple[float, ...]  # the same for every joint of the arm, or one for each


@dataclass(frozen=True)
class Scenario:
    """Motion, faults of the chunks, and how they arrive."""

    key: str
    title: str
    arm: int = 6  # joints but the gripper
    hz: float = 0.2  # of the sine that the chunks follow
    bias: float = 0.0  # standard deviation of a constant per chunk and joint, to the amplitude
    white: float = 0.0  # the same of every sample
    gripper: float | None = None  # the same of a gripper's samples, to its stroke; None: there is no gripper
    delay_s: tuple[float, float] = (0.2, 0.2)  # from observation to arrival, uniform between the two
    every: int = 25  # steps between observations
    jitter_s: float = 0.0  # standard deviation by which stamps are wrong
    lost: float = 0.0  # share of the chunks that never arrive
    overtaken: float = 0.0  # share that arrives after its successor
    jump_s: float | None = None  # instead of the sine: still, and from then on still elsewhere
    circle: float | None = None  # instead of the sine: at this speed round a circle, on from where the robot is [rad/s]
    limits: tuple[Each, Each, Each] = (2.0, 8.0, 120.0)  # of the arm: velocity, acceleration, jerk [rad, s]
    unit: float = 1.0  # what one radian is called
    seconds: float = 15.0

    @property
    def dof(self) -> int:
        return self.arm + (self.gripper is not None)

    @property
    def amplitude(self) -> float:
        """What everything is measured in."""
        return self.unit * (AMPLITUDE if self.jump_s is None else JUMP)

    @property
    def most(self) -> FloatArray:
        """Largest velocity, acceleration and jerk of each joint, (3, D)."""
        arm = self.unit * np.array([np.broadcast_to(limit, self.arm) for limit in self.limits])
        return np.column_stack([arm, GRIPPER_LIMITS]) if self.gripper is not None else arm

    def config(self) -> FuserConfig:
        """The robot; all settings but its joints and limits are the defaults."""
        reach = np.full(self.arm, 3.0 * self.unit)
        others = self.dof - self.arm
        limits = JointLimits(np.append(-reach, [0.0] * others), np.append(reach, [1.0] * others), *self.most)
        return FuserConfig(tuple(f'joint_{d}' for d in range(self.dof)), limits,
                           ('revolute',) * self.arm + ('gripper',) * others)

    def wanted(self, seen_s: float, times_s: FloatArray, position: FloatArray) -> FloatArray:
        """Motion (N, D) at `times_s` (N,) as one wants it who sees the robot at `position` (D,) at `seen_s`.

        A jump is not foreseen, an opening of the gripper is. Only the circle asks where the robot is.
        """
        arm = self.unit * self._wanted_arm(seen_s, times_s, position)
        return arm if self.gripper is None else np.column_stack([arm, gripper_wanted(times_s)])

    def _wanted_arm(self, seen_s: float, times_s: FloatArray, position: FloatArray) -> FloatArray:
        if self.jump_s is not None:
            return np.full((len(times_s), self.arm), JUMP * (seen_s >= self.jump_s))
        phase = 2 * np.pi * self.hz * times_s[:, None] + np.arange(self.arm)
        if self.circle is not None:
            phase = np.arctan2(position[1], position[0]) + self.circle / AMPLITUDE * (times_s[:, None] - seen_s)
            phase = phase + np.array([np.pi / 2, 0.0])  # cosine and sine
        wave: FloatArray = AMPLITUDE * np.sin(phase)
        return wave


def gripper_wanted(times_s: FloatArray) -> FloatArray:
    """Open (0) and closed (1) by turns, STROKE_S each."""
    return np.floor(times_s / STROKE_S) % 2


class Policy:
    """Makes the chunks of one run; everything follows from the seed, and where it looks from where the robot is."""

    def __init__(self, scenario: Scenario, seed: int) -> None:
        self.scenario, self._rng = scenario, np.random.default_rng(seed)
        self._sequence = 0

    def chunk(self, seen_ns: int, position: FloatArray) -> ActionChunk:
        """Chunk whose row 0 holds at the observation, with the robot at `position` (D,)."""
        return self.candidates(seen_ns, position, 1)[0]

    def candidates(self, seen_ns: int, position: FloatArray, count: int) -> list[ActionChunk]:
        """So many samples for one observation, with one sequence number."""
        self._sequence += 1
        seen_s = (seen_ns - START_NS) / NS_PER_S
        clean = self.scenario.wanted(seen_s, seen_s + np.arange(HORIZON) * STEP_NS / NS_PER_S, position)
        stamp_ns = seen_ns
        if self.scenario.jitter_s:
            stamp_ns += nanoseconds(self._rng.normal(0.0, self.scenario.jitter_s))
        return [ActionChunk(stamp_ns, STEP_NS, clean + self._fault(), sequence=self._sequence, observation_ns=seen_ns)
                for _ in range(count)]

    def delay_ns(self) -> int:
        """Time until the chunk that is being made arrives."""
        return nanoseconds(self._rng.uniform(*self.scenario.delay_s))

    def observed(self, seen_ns: int, position: FloatArray, samples: int) -> tuple[int, list[ActionChunk]] | None:
        """What comes of an observation and when it arrives; None if it is lost."""
        scenario = self.scenario
        made, late_ns = self.candidates(seen_ns, position, samples), self.delay_ns()
        luck = self._rng.uniform()
        behind = scenario.lost <= luck < scenario.lost + scenario.overtaken
        arrives_ns = seen_ns + late_ns + behind * (scenario.every + 1) * STEP_NS
        return (arrives_ns, made) if luck >= scenario.lost else None

    def _fault(self) -> FloatArray:
        scenario = self.scenario
        bias = self._rng.normal(0.0, 1.0, scenario.arm) * scenario.bias
        white = self._rng.normal(0.0, 1.0, (HORIZON, scenario.arm)) * scenario.white
        fault: FloatArray = (bias + white) * scenario.unit * AMPLITUDE
        if scenario.gripper is None:
            return fault
        return np.column_stack([fault, self._rng.normal(0.0, scenario.gripper, HORIZON)])


BIASED = Scenario('a', 'every chunk is off by a constant, sigma 5 %', bias=0.05)
CIRCLE = Scenario('k', 'a circle, 1.5 times too fast for one of two joints; the policy sees where the robot is', arm=2,
                  every=10, circle=0.6, limits=((0.4, 0.8), 2.0, 30.0))
SCENARIOS = (
    BIASED,
    *(replace(BIASED, key=f'g{every}', title=f'the same, replanned every {every} steps', every=every)
      for every in (1, 3, 5, 10)),
    replace(BIASED, key='a25', title='the same as (a) with 25 joints', arm=25),
    Scenario('b', 'white noise on every sample, sigma 5 %', white=0.05),
    Scenario('c', 'constant and white noise', bias=0.05, white=0.05),
    Scenario('d1', 'motion of 1 Hz', hz=1.0, every=5, limits=(6.0, 40.0, 1000.0)),
    Scenario('d2', 'motion of 2 Hz', hz=2.0, every=5, limits=(12.0, 120.0, 3000.0)),
    Scenario('e', 'the target jumps', every=5, jump_s=5.0, limits=(4.0, 60.0, 1200.0), seconds=8.0),
    Scenario('f', 'delays of 0.05 to 1 s, 10 % lost, 5 % out of order', bias=0.05, every=10, delay_s=(0.05, 1.0),
             lost=0.1, overtaken=0.05),
    replace(BIASED, key='h', title='(a) with a gripper that opens and closes, its samples noisy, sigma 3 %',
            gripper=0.03, every=5, seconds=16.0),
    replace(BIASED, key='i', title='(a) in degrees', unit=float(np.degrees(1.0))),
    replace(BIASED, key='j', title='(a) with limits tighter than the chunks', limits=(0.4, 2.0, 30.0)),
    CIRCLE,
    replace(BIASED, key='l', title='(a) with stamps that jitter, sigma 40 ms', jitter_s=0.04),
)
